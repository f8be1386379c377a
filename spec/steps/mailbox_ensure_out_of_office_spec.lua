local ensure_out_of_office = require("idle.steps.mailbox_ensure_out_of_office")
local idle = require("idle")
local mock_mailbox = require("idle.providers.mock_mailbox")
local step_world = require("spec.support.step_world")

describe("idle.steps.mailbox_ensure_out_of_office", function()
  local STEP = { Name = "Away", Type = "IdLE.Step.Mailbox.EnsureOutOfOffice" }
  local world

  before_each(function() world = step_world.new("ExchangeOnline", { EnsureOutOfOffice = { Changed = true } }) end)

  local function run(config)
    return ensure_out_of_office(world.context, { IdentityKey = "ann@corp", Config = config }, STEP)
  end

  local function failure(config)
    local err = world:failure(ensure_out_of_office, { IdentityKey = "ann@corp", Config = config })
    assert.equal("input.with", err.kind)
    assert.same({}, world.calls)
    return err.message
  end

  it("switches the answer on", function()
    assert.same({ Name = "Away", Type = STEP.Type, Status = "Completed", Changed = true },
      run({ Mode = "Enabled", InternalMessage = "away" }))
    assert.same({ { "EnsureOutOfOffice", "ann@corp", { Mode = "Enabled", InternalMessage = "away" }, n = 4 } },
      world.calls)
  end)

  it("changes nothing the second time", function()
    world.context.Providers.ExchangeOnline = mock_mailbox()
    local config = { Mode = "Enabled", InternalMessage = "away", ExternalAudience = "Known" }
    assert.is_true(run(config).Changed)
    assert.is_false(run(config).Changed)
  end)

  it("switches it off", function()
    run({ Mode = "disabled" })
    assert.same({ Mode = "Disabled" }, world.calls[1][3])
  end)

  it("schedules it", function()
    run({ Mode = "Scheduled", Start = "2025-02-01T00:00:00Z", End = "2025-02-15T00:00:00Z" })
    assert.same({ Mode = "Scheduled", Start = "2025-02-01T00:00:00Z", End = "2025-02-15T00:00:00Z" }, world.calls[1][3])
  end)

  it("passes messages on as they are, keys and words as they are spelled", function()
    run({ mode = "ENABLED", internalmessage = "<p>\r\nAway</p> ", ExternalMessage = "", externalAUDIENCE = "all" })
    assert.same({ Mode = "Enabled", InternalMessage = "<p>\r\nAway</p> ", ExternalMessage = "",
      ExternalAudience = "All" }, world.calls[1][3])
  end)

  it("requires With.Config to be a map", function()
    assert.equal("Mailbox.EnsureOutOfOffice requires With.Config", failure(nil))
    assert.matches("requires With.Config to be a hashtable", failure("Enabled"))
    assert.matches("requires With.Config to be a hashtable", failure({ "Enabled" }))
  end)

  it("requires a mode", function()
    assert.equal("Mailbox.EnsureOutOfOffice requires With.Config.Mode", failure({ InternalMessage = "away" }))
    assert.equal("Mailbox.EnsureOutOfOffice requires With.Config.Mode", failure({ Mode = idle.null }))
  end)

  it("refuses another mode", function()
    assert.equal("Mailbox.EnsureOutOfOffice requires With.Config.Mode to be 'Disabled', 'Enabled' or 'Scheduled', "
      .. "got 'On'", failure({ Mode = "On" }))
  end)

  it("requires a start for a schedule", function()
    assert.equal("Mailbox.EnsureOutOfOffice: Mode 'Scheduled' requires With.Config.Start",
      failure({ Mode = "scheduled", End = "2025-02-15T00:00:00Z" }))
  end)

  it("requires an end for a schedule", function()
    assert.equal("Mailbox.EnsureOutOfOffice: Mode 'Scheduled' requires With.Config.End",
      failure({ Mode = "Scheduled", Start = "2025-02-01T00:00:00Z" }))
  end)

  it("refuses code in Config", function()
    assert.matches("^Mailbox.EnsureOutOfOffice: With.Config.InternalMessage: ScriptBlocks are not allowed",
      failure({ Mode = "Enabled", InternalMessage = function() end }))
  end)

  it("takes messages as text or HTML", function()
    run({ Mode = "Enabled", MessageFormat = "text" })
    run({ Mode = "Enabled", MessageFormat = "HTML" })
    assert.equal("Text", world.calls[1][3].MessageFormat)
    assert.equal("Html", world.calls[2][3].MessageFormat)
  end)

  it("refuses another format, and another audience", function()
    assert.equal("Mailbox.EnsureOutOfOffice requires With.Config.MessageFormat to be 'Text' or 'Html', got 'Rtf'",
      failure({ Mode = "Enabled", MessageFormat = "Rtf" }))
    assert.equal("Mailbox.EnsureOutOfOffice requires With.Config.ExternalAudience to be 'None', 'Known' or 'All', "
      .. "got 'Everyone'", failure({ Mode = "Enabled", ExternalAudience = "Everyone" }))
  end)

  it("names the nearest key of Config", function()
    assert.equal("Mailbox.EnsureOutOfOffice: unknown key 'With.Config.InternalMesage'; did you mean "
      .. "'InternalMessage'?", failure({ Mode = "Enabled", InternalMesage = "away" }))
  end)

  it("requires With.IdentityKey", function()
    assert.equal("Mailbox.EnsureOutOfOffice requires With.IdentityKey",
      world:failure(ensure_out_of_office, { Config = { Mode = "Disabled" } }).message)
  end)

  it("fails when the provider is missing", function()
    world.context.Providers = {}
    assert.matches("provider 'ExchangeOnline' was not supplied",
      world:failure(ensure_out_of_office, { IdentityKey = "ann", Config = { Mode = "Disabled" } }).message)
  end)
end)
