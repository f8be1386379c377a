local mailbox_ensure_type = require("idle.steps.mailbox_ensure_type")
local mock_mailbox = require("idle.providers.mock_mailbox")
local step_world = require("spec.support.step_world")

describe("idle.steps.mailbox_ensure_type", function()
  local STEP = { Name = "Ensure type", Type = "IdLE.Step.Mailbox.EnsureType" }
  local world

  before_each(function() world = step_world.new("ExchangeOnline", { EnsureMailboxType = { Changed = true } }) end)

  local function run(with) return mailbox_ensure_type(world.context, with, STEP) end

  local function failure(with) return world:failure(mailbox_ensure_type, with).message end

  it("converts a mailbox", function()
    assert.same({ Name = "Ensure type", Type = STEP.Type, Status = "Completed", Changed = true },
      run({ IdentityKey = "ann@corp", MailboxType = "Shared" }))
    assert.same({ { "EnsureMailboxType", "ann@corp", "Shared", n = 4 } }, world.calls)
  end)

  it("changes nothing the second time", function()
    world.context.Providers.ExchangeOnline = mock_mailbox()
    assert.is_true(run({ IdentityKey = "ann@corp", MailboxType = "Shared" }).Changed)
    assert.is_false(run({ IdentityKey = "ann@corp", MailboxType = "Shared" }).Changed)
  end)

  it("knows four types, in any case", function()
    for index, type_name in ipairs({ "User", "Shared", "Room", "Equipment" }) do
      run({ IdentityKey = "ann@corp", MailboxType = type_name:upper() })
      assert.equal(type_name, world.calls[index][3])
    end
  end)

  it("refuses another type", function()
    assert.equal("Mailbox.EnsureType requires With.MailboxType to be 'User', 'Shared', 'Room' or 'Equipment', "
      .. "got 'Usr'", failure({ IdentityKey = "ann@corp", MailboxType = "Usr" }))
    assert.same({}, world.calls)
  end)

  it("fails when the provider is missing", function()
    world.context.Providers = {}
    assert.matches("Mailbox.EnsureType: provider 'ExchangeOnline' was not supplied",
      failure({ IdentityKey = "ann@corp", MailboxType = "Shared" }))
  end)

  it("requires With.IdentityKey", function()
    assert.equal("Mailbox.EnsureType requires With.IdentityKey", failure({ MailboxType = "Shared" }))
  end)

  it("requires With.MailboxType", function()
    assert.equal("Mailbox.EnsureType requires With.MailboxType", failure({ IdentityKey = "ann@corp" }))
  end)
end)
