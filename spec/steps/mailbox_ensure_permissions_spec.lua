local ensure_permissions = require("idle.steps.mailbox_ensure_permissions")
local idle = require("idle")
local mock_mailbox = require("idle.providers.mock_mailbox")
local step_world = require("spec.support.step_world")

describe("idle.steps.mailbox_ensure_permissions", function()
  local STEP = { Name = "Rights", Type = "IdLE.Step.Mailbox.EnsurePermissions" }
  local world

  before_each(function()
    world = step_world.new("ExchangeOnline", { EnsureMailboxPermissions = { Changed = true } })
  end)

  local function entry(right, ensure)
    return { AssignedUser = "bob@corp", Right = right, Ensure = ensure or "Present" }
  end

  local function run(permissions)
    return ensure_permissions(world.context, { IdentityKey = "team@corp", Permissions = permissions }, STEP)
  end

  local function failure(permissions)
    local err = world:failure(ensure_permissions, { IdentityKey = "team@corp", Permissions = permissions })
    assert.equal("input.with", err.kind)
    assert.same({}, world.calls)
    return err.message
  end

  it("hands all entries to the provider in one call", function()
    local permissions = { entry("FullAccess"), entry("SendAs", "Absent") }
    assert.same({ Name = "Rights", Type = STEP.Type, Status = "Completed", Changed = true }, run(permissions))
    assert.same({ { "EnsureMailboxPermissions", "team@corp", permissions, n = 4 } }, world.calls)
    assert.is_true(idle.is_list(world.calls[1][3]))
  end)

  it("takes one entry for a list of one, keys and words in any case", function()
    run({ assigneduser = "bob@corp", RIGHT = "sendonbehalf", ensure = "absent" })
    assert.same({ entry("SendOnBehalf", "Absent") }, world.calls[1][3])
  end)

  it("takes an empty list: there is nothing to ensure", function()
    run(idle.list())
    assert.same({}, world.calls[1][3])
  end)

  describe("with a mailbox", function()
    local mailbox

    before_each(function()
      mailbox = mock_mailbox()
      world.context.Providers.ExchangeOnline = mailbox
    end)

    for _, right in ipairs({ "FullAccess", "SendAs", "SendOnBehalf" }) do
      it("grants " .. right .. " once, and revokes it once", function()
        assert.is_true(run({ entry(right) }).Changed)
        assert.is_false(run({ entry(right) }).Changed)
        assert.is_true(run({ entry(right, "Absent") }).Changed)
        assert.is_false(run({ entry(right, "Absent") }).Changed)
      end)
    end

    it("ensures several entries in one step", function()
      run({ entry("SendAs") })
      assert.is_true(run({ entry("FullAccess"), entry("SendAs", "Absent"), entry("SendOnBehalf") }).Changed)
      assert.same({ { AssignedUser = "bob@corp", Right = "FullAccess" },
        { AssignedUser = "bob@corp", Right = "SendOnBehalf" } }, mailbox:Snapshot()["team@corp"].Permissions)
    end)
  end)

  it("hands its record of events to a provider that reports there", function()
    local seen
    world = step_world.new("ExchangeOnline", { EventSink = false, EnsureMailboxPermissions = function()
      seen = world.provider.EventSink
      return { Changed = true }
    end })
    run({ entry("SendAs") })
    assert.equal(world.context.EventSink, seen)
  end)

  it("leaves a provider alone that reports nothing", function()
    run({ entry("SendAs") })
    assert.is_nil(world.provider.EventSink)
  end)

  it("requires With.Permissions to be a list of maps", function()
    assert.equal("Mailbox.EnsurePermissions requires With.Permissions", failure(nil))
    assert.equal("Mailbox.EnsurePermissions requires With.Permissions to be a list of hashtables, got 'bob'",
      failure("bob"))
    assert.equal("Mailbox.EnsurePermissions requires With.Permissions[1] to be a hashtable (a table with keys), "
      .. "got 'x'", failure({ entry("SendAs"), "x" }))
  end)

  it("requires With.IdentityKey", function()
    assert.equal("Mailbox.EnsurePermissions requires With.IdentityKey",
      world:failure(ensure_permissions, { Permissions = { entry("SendAs") } }).message)
  end)

  it("requires all keys of an entry", function()
    for _, key in ipairs({ "AssignedUser", "Right", "Ensure" }) do
      local incomplete = entry("SendAs")
      incomplete[key] = nil
      assert.equal("Mailbox.EnsurePermissions requires With.Permissions[0]." .. key, failure({ incomplete }))
    end
  end)

  it("refuses another right", function()
    assert.equal("Mailbox.EnsurePermissions requires With.Permissions[0].Right to be 'FullAccess', 'SendAs' or "
      .. "'SendOnBehalf', got 'Read'", failure({ entry("Read") }))
  end)

  it("refuses another word for Ensure", function()
    assert.equal("Mailbox.EnsurePermissions requires With.Permissions[0].Ensure to be 'Present' or 'Absent', "
      .. "got 'Gone'", failure({ entry("SendAs", "Gone") }))
  end)

  it("names the nearest key of an entry", function()
    local misspelled = entry("SendAs")
    misspelled.AssignedUsr = "bob"
    assert.equal("Mailbox.EnsurePermissions: unknown key 'With.Permissions[0].AssignedUsr'; did you mean "
      .. "'AssignedUser'?", failure(misspelled))
  end)

  it("refuses code in Permissions", function()
    local code = entry("SendAs")
    code.AssignedUser = print
    assert.matches("^Mailbox.EnsurePermissions: With.Permissions%[0%].AssignedUser: ScriptBlocks are not allowed",
      failure({ code }))
  end)

  it("fails when the provider is missing", function()
    world.context.Providers = {}
    assert.matches("provider 'ExchangeOnline' was not supplied",
      world:failure(ensure_permissions, { IdentityKey = "x", Permissions = { entry("SendAs") } }).message)
  end)
end)
