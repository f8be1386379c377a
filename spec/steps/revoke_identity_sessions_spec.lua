local revoke_identity_sessions = require("idle.steps.revoke_identity_sessions")
local step_world = require("spec.support.step_world")

describe("idle.steps.revoke_identity_sessions", function()
  local STEP = { Name = "Revoke sessions", Type = "IdLE.Step.RevokeIdentitySessions" }
  local world

  before_each(function() world = step_world.new("Identity", { RevokeSessions = { Changed = true } }) end)

  local function with(more)
    local all = { IdentityKey = "user@contoso.com" }
    for name, field in pairs(more or {}) do all[name] = field end
    return all
  end

  local function run(more) return revoke_identity_sessions(world.context, with(more), STEP) end

  it("calls RevokeSessions with the identity", function()
    run()
    assert.same({ { "RevokeSessions", "user@contoso.com", n = 3 } }, world.calls)
  end)

  it("returns a step's result", function()
    assert.same({ Name = "Revoke sessions", Type = STEP.Type, Status = "Completed", Changed = true }, run())
  end)

  it("respects what the provider says of a change", function()
    world = step_world.new("Identity", { RevokeSessions = { Changed = false } })
    assert.is_false(run().Changed)
  end)

  it("hands over the session that With names", function()
    world:has_sessions({ "MicrosoftGraph" })
    run({ AuthSessionName = "MicrosoftGraph", AuthSessionOptions = { Role = "Admin" } })
    assert.same({ { "MicrosoftGraph", { Role = "Admin" } } }, world.asked)
    assert.equal(world.session, world.calls[1][3])
  end)

  it("requires With.IdentityKey", function()
    assert.equal("RevokeIdentitySessions requires With.IdentityKey",
      world:failure(revoke_identity_sessions, {}).message)
  end)

  it("names the nearest key for a misspelled one", function()
    assert.equal("RevokeIdentitySessions: unknown key 'With.IdentiyKey'; did you mean 'IdentityKey'?",
      world:failure(revoke_identity_sessions, { IdentiyKey = "ann" }).message)
  end)

  it("fails when the provider is missing", function()
    world.context.Providers = {}
    assert.matches("provider 'Identity' was not supplied",
      world:failure(revoke_identity_sessions, with()).message)
  end)

  it("fails when the provider cannot revoke sessions", function()
    world = step_world.new("Identity", { DisableIdentity = {} })
    assert.equal("RevokeIdentitySessions: provider 'Identity' must implement the method 'RevokeSessions'",
      world:failure(revoke_identity_sessions, with()).message)
  end)

  it("supports an alias of its own", function()
    world = step_world.new("CustomEntra", { RevokeSessions = { Changed = true } })
    assert.is_true(run({ Provider = "CustomEntra" }).Changed)
  end)
end)
