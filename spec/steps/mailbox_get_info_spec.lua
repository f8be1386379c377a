local idle = require("idle")
local mailbox_get_info = require("idle.steps.mailbox_get_info")
local step_world = require("spec.support.step_world")

describe("idle.steps.mailbox_get_info", function()
  local STEP = { Name = "Look", Type = "IdLE.Step.Mailbox.GetInfo" }
  local MAILBOX = { PrimarySmtpAddress = "ann@corp", Type = "User", Changed = true }
  local world

  before_each(function() world = step_world.new("ExchangeOnline", { GetMailbox = MAILBOX }) end)

  it("returns the mailbox in State, and has changed nothing", function()
    assert.same({ Name = "Look", Type = STEP.Type, Status = "Completed", Changed = false,
      State = { Mailbox = MAILBOX } }, mailbox_get_info(world.context, { IdentityKey = "ann@corp" }, STEP))
    assert.same({ { "GetMailbox", "ann@corp", n = 3 } }, world.calls)
  end)

  it("asks for the session that is called like the provider, if With names none", function()
    world:has_sessions({ "ExchangeOnline" })
    mailbox_get_info(world.context, { IdentityKey = "ann@corp" }, STEP)
    assert.same({ "ExchangeOnline" }, world:asked_names())
    assert.equal(world.session, world.calls[1][3])
    world.context.Providers.Corp = world.provider
    world:has_sessions({ "Corp", "Other" })
    mailbox_get_info(world.context, { IdentityKey = "ann@corp", Provider = "Corp" }, STEP)
    mailbox_get_info(world.context, { IdentityKey = "ann@corp", AuthSessionName = "Other" }, STEP)
    assert.same({ "ExchangeOnline", "Corp", "Other" }, world:asked_names())
  end)

  it("fails when the provider is missing, or cannot look", function()
    world.provider.GetMailbox = nil
    assert.equal("Mailbox.GetInfo: provider 'ExchangeOnline' must implement the method 'GetMailbox'",
      world:failure(mailbox_get_info, { IdentityKey = "ann@corp" }).message)
    world.context.Providers = { Identity = {} }
    assert.matches("provider 'ExchangeOnline' was not supplied",
      world:failure(mailbox_get_info, { IdentityKey = "ann@corp" }).message)
  end)

  it("requires With.IdentityKey", function()
    assert.equal("Mailbox.GetInfo requires With.IdentityKey", world:failure(mailbox_get_info, {}).message)
    assert.equal("Mailbox.GetInfo requires With.IdentityKey",
      world:failure(mailbox_get_info, { IdentityKey = idle.null }).message)
  end)
end)
