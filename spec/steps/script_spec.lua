local errors = require("idle.engine.errors")
local idle = require("idle")

-- A script takes steps without any workflow file.
describe("steps of a script", function()
  local identities, mailboxes, run, seen

  before_each(function()
    seen = {}
    identities, mailboxes = idle.providers.mock(), idle.providers.mock_mailbox()
    run = idle.run{
      name = "leaver",
      providers = { Identity = identities, ExchangeOnline = mailboxes },
      event_sink = { WriteEvent = function(_, event) seen[#seen + 1] = event.Type end },
      execution_options = {
        RetryProfiles = { Quick = { InitialDelayMilliseconds = 1, MaxDelayMilliseconds = 2 } },
        DefaultRetryProfile = "Quick",
      },
    }
  end)

  -- A run that was looked at does not decide how this program ends.
  after_each(function() run:result() end)

  it("join and leave on the mock providers, with every step type there is", function()
    local function step(type_name, with)
      return run:step(("%s %d"):format(type_name, #seen), "IdLE.Step." .. type_name, with)
    end
    local ann = { IdentityKey = "ann@corp" }
    local function with(more)
      for name, field in pairs(ann) do more[name] = field end
      return more
    end
    step("EmitEvent", { Message = "begin" })
    assert.is_true(step("CreateIdentity", with({ Attributes = { Title = "Dr", Enabled = false } })).Changed)
    assert.is_true(step("EnsureAttributes", with({ Attributes = { Title = "Prof", Department = "IT" } })).Changed)
    assert.is_true(step("EnableIdentity", ann).Changed)
    assert.is_true(step("MoveIdentity", with({ TargetContainer = "OU=Staff" })).Changed)
    assert.is_true(step("EnsureEntitlement",
      with({ Entitlement = { Kind = "Group", Id = "staff" }, State = "Present" })).Changed)
    assert.is_false(step("Mailbox.GetInfo", ann).Changed)
    assert.is_true(step("Mailbox.EnsurePermissions",
      with({ Permissions = { AssignedUser = "bob@corp", Right = "SendAs", Ensure = "Present" } })).Changed)

    assert.is_true(step("DisableIdentity", ann).Changed)
    assert.is_true(step("RevokeIdentitySessions", ann).Changed)
    assert.is_true(step("PruneEntitlementsEnsureKeep", with({ Kind = "Group", Keep = { Id = "leavers" } })).Changed)
    assert.is_false(step("PruneEntitlements", with({ Kind = "Group", KeepPattern = "leav*" })).Changed)
    assert.is_true(step("Mailbox.EnsureType", with({ MailboxType = "Shared" })).Changed)
    assert.is_true(step("Mailbox.EnsureOutOfOffice", with({ Config = { Mode = "Enabled" } })).Changed)

    assert.same({ ["ann@corp"] = {
      IdentityKey = "ann@corp", Enabled = false, Container = "OU=Staff",
      Attributes = { Title = "Prof", Department = "IT" }, Entitlements = { { Kind = "Group", Id = "leavers" } },
    } }, identities:Snapshot())
    assert.equal("Shared", mailboxes:GetMailbox("ann@corp").Type)
    assert.is_true(step("DeleteIdentity", ann).Changed)
    assert.same({}, identities:Snapshot())
    assert.equal("Completed", run:result().Status)
  end)

  it("are repeated when the provider says that they may succeed later", function()
    local revoke, calls = identities.RevokeEntitlement, 0
    identities:GetIdentity("ann")
    for _, id in ipairs({ "a", "b" }) do identities:GrantEntitlement("ann", { Kind = "Group", Id = id }) end
    function identities.RevokeEntitlement(...)
      calls = calls + 1
      if calls == 2 then errors.raise("provider.busy", "throttled", { effect = "none", transient = true }) end
      return revoke(...)
    end
    local result = run:step("Prune", "IdLE.Step.PruneEntitlements", { IdentityKey = "ann", Kind = "Group" })
    assert.equal(2, result.Attempts)
    assert.same({}, result.Skipped)
    assert.same({}, identities:ListEntitlements("ann"))
  end)

  it("fail for certain when With is wrong", function()
    local ok, err = pcall(run.step, run, "Disable", "IdLE.Step.DisableIdentity", { IdentiyKey = "ann" })
    assert.is_false(ok)
    assert.equal("input.with", err.kind)
    assert.equal("none", err.effect)
    assert.equal("Disable", err.step)
    assert.equal(65, errors.exit_status(err))
    assert.equal("Failed", run:result().Status)
  end)

  it("hand on a generated password, which the result of the run does not show", function()
    function identities.CreateIdentity() return { Changed = true, GeneratedAccountPassword = "s3cr3t!" } end
    local created = run:step("Create", "IdLE.Step.CreateIdentity", { IdentityKey = "ann", Attributes = {} })
    assert.equal("userdata", type(created.Data.GeneratedAccountPassword))
    assert.equal("[REDACTED]", run:result().Steps[1].Data.GeneratedAccountPassword)
  end)
end)
