local capabilities = require("idle.engine.capabilities")
local idle = require("idle")
local step_catalogue = require("idle.engine.step_catalogue")
local step_types = require("idle.host.step_types")

describe("idle.test.fake_provider", function()
  local fake_provider = idle.test.fake_provider

  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  it("announces what it is told, and has the methods for that", function()
    local provider = fake_provider({ "IdLE.Identity.Create", "IdLE.Entitlement.List" })
    assert.same({ "IdLE.Entitlement.List", "IdLE.Identity.Create" }, capabilities.of_provider(provider, "P"))
    assert.is_function(provider.CreateIdentity)
    assert.is_function(provider.ListEntitlements)
    assert.is_nil(provider.DeleteIdentity)
    assert.same({ "Acme.Badge.Print" }, capabilities.of_provider(fake_provider("Acme.Badge.Print"), "P"))
  end)

  it("announces all that a built-in step requires unless it is told", function()
    local announced = fake_provider():GetCapabilities()
    local catalogue = step_catalogue.build()
    for _, type_name in ipairs(catalogue:types()) do
      for _, id in ipairs(catalogue:find(type_name).RequiredCapabilities) do
        assert.is_true(capabilities.has(announced, id), id)
      end
    end
  end)

  it("answers as a provider that changed something", function()
    assert.same({ Operation = "DisableIdentity", IdentityKey = "ada", Changed = true },
      fake_provider("IdLE.Identity.Disable"):DisableIdentity("ada"))
  end)

  it("answers from a script, completed where only a change is told", function()
    local provider = fake_provider(nil, {
      CreateIdentity = { Changed = false },
      GetIdentity = { Enabled = false },
      DeleteIdentity = idle.test.fails("provider.refused", "protected"),
      MoveIdentity = function(self, key, container) return { Changed = #self.calls == 1, Was = key .. container } end,
      DisableIdentity = idle.null,
      EnableIdentity = idle.test.in_turn({ { Changed = true }, { Changed = false } }),
      ResolveEntitlement = { Kind = "Group", Id = "g-1" },
    })
    assert.same({ Operation = "MoveIdentity", IdentityKey = "ada", Changed = true, Was = "adaOU" },
      provider:MoveIdentity("ada", "OU"))
    assert.same({ Operation = "CreateIdentity", IdentityKey = "ada", Changed = false }, provider:CreateIdentity("ada"))
    assert.same({ Enabled = false }, provider:GetIdentity("ada"))
    assert.equal("provider.refused", failure(provider.DeleteIdentity, provider, "ada").kind)
    assert.is_nil(provider:DisableIdentity("ada"))
    assert.is_true(provider:EnableIdentity("ada").Changed)
    assert.is_false(provider:EnableIdentity("ada").Changed)
    assert.equal("g-1", provider:ResolveEntitlement("Group", {}).Id)
  end)

  it("announces everything for a script that says nothing, and nothing for an empty list", function()
    assert.same(fake_provider():GetCapabilities(), fake_provider({}):GetCapabilities())
    assert.same({}, fake_provider(idle.list()):GetCapabilities())
    assert.same({}, fake_provider({}, {}):GetCapabilities())
  end)

  it("takes a script alone, as a fake session does", function()
    local provider = fake_provider({ CreateIdentity = { Changed = false } })
    assert.is_false(provider:CreateIdentity("ada").Changed)
    assert.is_true(provider:DisableIdentity("ada").Changed)
    assert.matches("there is no method 'CreateIdentit'; did you mean 'CreateIdentity'%?",
      failure(fake_provider, { CreateIdentit = true }))
  end)

  it("is made with a dot, and used with a colon", function()
    assert.matches("^spec/test/fake_provider_spec.lua:%d+: fake_provider is called with a dot",
      failure(fake_provider, idle.test, { CreateIdentity = { Changed = false } }))
    local provider = fake_provider()
    assert.equal("CreateIdentity is called with a colon: provider:CreateIdentity(…)",
      failure(provider.CreateIdentity, "ada").message)
    assert.same({}, provider.calls)
  end)

  it("records every call, the session apart", function()
    local session = idle.test.fake_session({})
    local provider = fake_provider()
    local attributes = { GivenName = "Ada" }
    provider:CreateIdentity("ada", attributes, session)
    attributes.GivenName = "changed"
    provider:ListEntitlements("ada", session, "Group")
    provider:DeleteIdentity("ada", nil)
    assert.same({ "CreateIdentity", "ListEntitlements", "DeleteIdentity" },
      { provider.calls[1].method, provider.calls[2].method, provider.calls[3].method })
    assert.same({ "ada", { GivenName = "Ada" }, n = 2 }, provider.calls[1].arguments)
    assert.same({ "ada", "Group", n = 2 }, provider.calls[2].arguments)
    assert.same({ "ada", n = 1 }, provider.calls[3].arguments)
    assert.equal(session, provider.calls[1].session)
    assert.equal(session, provider.calls[2].session)
    assert.is_nil(provider.calls[3].session)
    assert.equal(1, provider.calls[1].number)
    assert.is_true(provider.calls[3].at >= 0)
  end)

  it("says what is misspelled, at the line that has it", function()
    local here = "^spec/test/fake_provider_spec.lua:%d+: fake_provider: "
    assert.matches(here .. "unknown capability 'IdLE.Identity.Craete'; did you mean 'IdLE.Identity.Create'%?",
      failure(fake_provider, "IdLE.Identity.Craete"))
    assert.matches(here .. "'Create' is no capability", failure(fake_provider, { "Create" }))
    assert.matches(here .. "there is no method 'CraeteIdentity'; did you mean 'CreateIdentity'%?",
      failure(fake_provider, nil, { CraeteIdentity = {} }))
    assert.matches(here .. "'GetCapabilities' cannot be scripted",
      failure(fake_provider, nil, { GetCapabilities = {} }))
    assert.matches("fake_provider takes a table", failure(fake_provider, nil, "x"))
  end)

  describe("lets the step", function()
    local KEY = { IdentityKey = "ada" }

    local function with(fields)
      for name, field in pairs(KEY) do fields[name] = fields[name] or field end
      return fields
    end

    -- What every step type needs to run.
    local WITH = {
      ["IdLE.Step.CreateIdentity"] = with({ Attributes = { GivenName = "Ada" } }),
      ["IdLE.Step.DeleteIdentity"] = KEY,
      ["IdLE.Step.DisableIdentity"] = KEY,
      ["IdLE.Step.EnableIdentity"] = KEY,
      ["IdLE.Step.RevokeIdentitySessions"] = KEY,
      ["IdLE.Step.MoveIdentity"] = with({ TargetContainer = "OU=Staff" }),
      ["IdLE.Step.EnsureAttributes"] = with({ Attributes = { Title = "Analyst" } }),
      ["IdLE.Step.EnsureEntitlement"] = with({ Entitlement = { Kind = "Group", Id = "staff" }, State = "Present" }),
      ["IdLE.Step.PruneEntitlements"] = with({ Kind = "Group" }),
      ["IdLE.Step.PruneEntitlementsEnsureKeep"] = with({ Kind = "Group", Keep = { { Id = "staff" } } }),
      ["IdLE.Step.EmitEvent"] = { Message = "hello" },
      ["IdLE.Step.TriggerDirectorySync"] = { AuthSessionName = "Entra", PolicyType = "Delta" },
      ["IdLE.Step.Mailbox.GetInfo"] = KEY,
      ["IdLE.Step.Mailbox.EnsureType"] = with({ MailboxType = "Shared" }),
      ["IdLE.Step.Mailbox.EnsureOutOfOffice"] = with({ Config = { Mode = "Disabled" } }),
      ["IdLE.Step.Mailbox.EnsurePermissions"] = with({
        Permissions = { { AssignedUser = "bob", Right = "SendAs", Ensure = "Present" } },
      }),
    }

    local provider = fake_provider()
    local broker = idle.auth_session_broker({ default = idle.test.fake_session({}), fallback = true })

    for _, type_name in ipairs(step_catalogue.build():types()) do
      it(type_name .. " run", function()
        local run <close> = idle.run({ name = "fakes", providers = {
          Identity = provider, ExchangeOnline = provider, DirectorySync = provider, AuthSessionBroker = broker,
        } })
        assert.is_function(step_types.find(type_name))
        assert.equal("Completed", run:step("Step", type_name, WITH[type_name]).Status)
        assert.equal("Completed", run:result().Status)
      end)
    end
  end)
end)
