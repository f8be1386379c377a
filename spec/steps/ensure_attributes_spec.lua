local ensure_attributes = require("idle.steps.ensure_attributes")
local errors = require("idle.engine.errors")
local idle = require("idle")
local step_world = require("spec.support.step_world")

describe("idle.steps.ensure_attributes", function()
  local STEP = { Name = "Ensure attributes", Type = "IdLE.Step.EnsureAttributes" }

  local function with(attributes, more)
    local all = { IdentityKey = "user1", Attributes = attributes or { Department = "IT" } }
    for name, field in pairs(more or {}) do all[name] = field end
    return all
  end

  local function run(world, ...) return ensure_attributes(world.context, with(...), STEP) end

  describe("With", function()
    local function failure(raw)
      local world = step_world.new("Identity", { EnsureAttribute = {} })
      local err = world:failure(ensure_attributes, raw)
      assert.equal("input.with", err.kind)
      assert.same({}, world.calls)
      return err.message
    end

    it("must be a map", function()
      for _, raw in ipairs({ "invalid", 5, { "a" } }) do
        assert.matches("^EnsureAttributes requires With to be a hashtable", failure(raw))
      end
      assert.matches("^EnsureAttributes requires With to be a hashtable", failure(nil))
    end)

    it("requires an IdentityKey", function()
      assert.equal("EnsureAttributes requires With.IdentityKey", failure({ Attributes = { A = 1 } }))
    end)

    it("requires Attributes", function()
      assert.equal("EnsureAttributes requires With.Attributes", failure({ IdentityKey = "user1" }))
    end)

    it("requires Attributes to be a map", function()
      for _, wrong in ipairs({ "Department", { "Department" } }) do
        assert.matches("^EnsureAttributes requires With.Attributes to be a hashtable", failure(with(wrong)))
      end
    end)

    it("requires at least one attribute", function()
      assert.equal("EnsureAttributes requires With.Attributes to contain at least one attribute", failure(with({})))
    end)

    it("has no code in it", function()
      assert.matches("^EnsureAttributes: With.Attributes.Title: ScriptBlocks are not allowed",
        failure(with({ Title = print })))
    end)
  end)

  describe("the provider", function()
    it("must be there", function()
      local world = step_world.new("Other", {})
      assert.matches("provider 'Identity' was not supplied", world:failure(ensure_attributes, with()).message)
    end)

    it("must be able to ensure attributes, one by one at least", function()
      local world = step_world.new("Identity", { DisableIdentity = {} })
      assert.equal("EnsureAttributes: provider 'Identity' must implement the method 'EnsureAttribute'",
        world:failure(ensure_attributes, with()).message)
    end)

    it("is 'Identity' if With names none", function()
      assert.is_true(run(step_world.new("Identity", { EnsureAttribute = { Changed = true } })).Changed)
    end)

    it("has the alias that With names", function()
      local world = step_world.new("Corp", { EnsureAttribute = { Changed = true } })
      assert.is_true(run(world, nil, { Provider = "Corp" }).Changed)
    end)
  end)

  describe("with a provider that ensures all at once", function()
    it("calls it once", function()
      local world = step_world.new("Identity", { EnsureAttributes = {}, EnsureAttribute = {} })
      local attributes = { Department = "IT", Title = idle.null }
      run(world, attributes)
      assert.same({ { "EnsureAttributes", "user1", attributes, n = 4 } }, world.calls)
    end)

    it("passes on whether anything changed", function()
      assert.is_true(run(step_world.new("Identity", { EnsureAttributes = { Changed = true } })).Changed)
      assert.is_false(run(step_world.new("Identity", { EnsureAttributes = { Changed = false } })).Changed)
      assert.is_false(run(step_world.new("Identity", { EnsureAttributes = false })).Changed)
    end)

    it("passes on what the provider says of each attribute", function()
      local told = { { Name = "Department", Changed = true }, { Name = "Title", Changed = false } }
      local world = step_world.new("Identity", { EnsureAttributes = { Changed = true, Attributes = told } })
      assert.same(told, run(world).Data.Attributes)
    end)

    it("says of each attribute what it knows of all, if the provider says no more", function()
      local world = step_world.new("Identity", { EnsureAttributes = { Changed = true } })
      assert.same({ { Name = "A", Changed = true }, { Name = "B", Changed = true } },
        run(world, { B = 1, A = 2 }).Data.Attributes)
    end)

    it("hands over the session", function()
      local world = step_world.new("Identity", { EnsureAttributes = {} }):has_sessions({ "Directory" })
      run(world, nil, { AuthSessionName = "Directory" })
      assert.equal(world.session, world.calls[1][4])
    end)
  end)

  describe("with a provider that ensures one at a time", function()
    local function only_b(_, name) return { Changed = name == "B" } end

    it("calls it for each attribute, in the order of their names", function()
      local world = step_world.new("Identity", { EnsureAttribute = { Changed = true } })
      run(world, { Title = "Engineer", Department = "IT", Office = 3 })
      assert.same({
        { "EnsureAttribute", "user1", "Department", "IT", n = 5 },
        { "EnsureAttribute", "user1", "Office", 3, n = 5 },
        { "EnsureAttribute", "user1", "Title", "Engineer", n = 5 },
      }, world.calls)
    end)

    it("passes null on as nil, which clears the attribute", function()
      local world = step_world.new("Identity", { EnsureAttribute = { Changed = true } }):has_sessions({ "" })
      run(world, { Manager = idle.null })
      assert.same({ "EnsureAttribute", "user1", "Manager", nil, world.session, n = 5 }, world.calls[1])
    end)

    it("passes false and lists on as they are", function()
      local world = step_world.new("Identity", { EnsureAttribute = {} })
      local phones = idle.list({ "1" })
      run(world, { Hidden = false, Phones = phones })
      assert.is_false(world.calls[1][4])
      assert.equal(phones, world.calls[2][4])
    end)

    it("acquires the session once for all of them", function()
      local world = step_world.new("Identity", { EnsureAttribute = {} }):has_sessions({ "Directory" })
      run(world, { A = 1, B = 2, C = 3 }, { AuthSessionName = "Directory" })
      assert.equal(1, #world.asked)
      for _, call in ipairs(world.calls) do assert.equal(world.session, call[5]) end
    end)

    it("has changed something if one attribute has changed", function()
      local world = step_world.new("Identity", { EnsureAttribute = only_b })
      assert.is_true(run(world, { A = 1, B = 2, C = 3 }).Changed)
    end)

    it("has changed nothing if none has", function()
      local world = step_world.new("Identity", { EnsureAttribute = { Changed = false } })
      assert.is_false(run(world, { A = 1, B = 2 }).Changed)
    end)

    it("says of each whether it has changed", function()
      local world = step_world.new("Identity", { EnsureAttribute = only_b })
      world.context.null = idle.null
      assert.same({
        { Name = "A", Changed = false, Error = idle.null }, { Name = "B", Changed = true, Error = idle.null },
      }, run(world, { A = 1, B = 2 }).Data.Attributes)
    end)

    it("ends with the first failure, and says what was written before", function()
      local world = step_world.new("Identity", { EnsureAttribute = function(_, name)
        if name == "B" then error(errors.new("ssh.connect", "refused"), 0) end
        return { Changed = true }
      end })
      local err = world:failure(ensure_attributes, with({ A = 1, B = 2, C = 3 }))
      assert.equal("ssh.connect", err.kind)
      assert.equal("applied", err.effect)
      assert.is_true(err.transient)
      assert.is_true(err.data.Changed)
      assert.same({ { Name = "A", Changed = true } }, err.data.Attributes)
      assert.equal(2, #world.calls)
    end)

    it("fails as the provider does if nothing was written before", function()
      local refusal = errors.new("ssh.connect", "refused")
      local world = step_world.new("Identity", { EnsureAttribute = function(_, name)
        if name == "B" then error(refusal, 0) end
        return { Changed = false }
      end })
      assert.equal(refusal, world:failure(ensure_attributes, with({ A = 1, B = 2 })))
    end)

    it("lets Ctrl-C through as it is", function()
      local world = step_world.new("Identity", { EnsureAttribute = function(_, name)
        if name == "B" then error("x.lua:1: interrupted!", 0) end
        return { Changed = true }
      end })
      assert.equal("x.lua:1: interrupted!", world:failure(ensure_attributes, with({ A = 1, B = 2 })))
    end)
  end)

  it("returns a step's result", function()
    local result = run(step_world.new("Identity", { EnsureAttribute = { Changed = true } }))
    result.Data = nil
    assert.same({ Name = "Ensure attributes", Type = STEP.Type, Status = "Completed", Changed = true }, result)
  end)
end)
