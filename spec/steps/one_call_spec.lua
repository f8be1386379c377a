local errors = require("idle.engine.errors")
local step_types = require("idle.host.step_types")
local step_world = require("spec.support.step_world")

-- The steps on identities that are one call of the provider.
local STEPS = {
  { word = "DeleteIdentity", with = { IdentityKey = "ann" }, call = { "DeleteIdentity", "ann" } },
  { word = "DisableIdentity", with = { IdentityKey = "ann" }, call = { "DisableIdentity", "ann" } },
  { word = "EnableIdentity", with = { IdentityKey = "ann" }, call = { "EnableIdentity", "ann" } },
  { word = "MoveIdentity", with = { IdentityKey = "ann", TargetContainer = "OU=Leavers" },
    call = { "MoveIdentity", "ann", "OU=Leavers" } },
}

for _, case in ipairs(STEPS) do
  describe("IdLE.Step." .. case.word, function()
    local handler = step_types.find("IdLE.Step." .. case.word)
    local method = case.call[1]
    local STEP = { Name = "The step", Type = "IdLE.Step." .. case.word }

    local function with(more)
      local all = {}
      for name, field in pairs(case.with) do all[name] = field end
      for name, field in pairs(more or {}) do all[name] = field end
      return all
    end

    it("calls the provider once, and passes on what it says of a change", function()
      for _, changed in ipairs({ true, false }) do
        local world = step_world.new("Identity", { [method] = { Changed = changed } })
        assert.same({ Name = "The step", Type = STEP.Type, Status = "Completed", Changed = changed },
          handler(world.context, with(), STEP))
        local call = { n = #case.call + 1, table.unpack(case.call) }
        assert.same({ call }, world.calls)
      end
    end)

    it("passes the session last", function()
      local world = step_world.new("Identity", { [method] = {} }):has_sessions({ "Directory" })
      handler(world.context, with({ AuthSessionName = "Directory" }), STEP)
      assert.equal(world.session, world.calls[1][#case.call + 1])
    end)

    it("counts an answer that says nothing as no change", function()
      local world = step_world.new("Identity", { [method] = false })
      assert.is_false(handler(world.context, with(), STEP).Changed)
    end)

    it("requires its keys", function()
      for key in pairs(case.with) do
        local world, given = step_world.new("Identity", { [method] = {} }), with()
        given[key] = nil
        assert.equal(("%s requires With.%s"):format(case.word, key), world:failure(handler, given).message)
        assert.same({}, world.calls)
      end
    end)

    it("fails with what the provider raises", function()
      local refusal = errors.new("provider.refused", "not allowed", { effect = "none" })
      local world = step_world.new("Identity", { [method] = function() error(refusal, 0) end })
      assert.equal(refusal, world:failure(handler, with()))
    end)

    it("uses the provider that With names", function()
      local world = step_world.new("Corp", { [method] = { Changed = true } })
      assert.is_true(handler(world.context, with({ Provider = "Corp" }), STEP).Changed)
      assert.matches("provider 'Identity' was not supplied", world:failure(handler, with()).message)
    end)
  end)
end
