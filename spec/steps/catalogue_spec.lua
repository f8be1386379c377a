local step_metadata = require("idle.engine.step_metadata")
local step_types = require("idle.host.step_types")
local step_world = require("spec.support.step_world")

-- What the catalogue says of a step type, and what its handler does, are written in two places.
describe("every built-in step type", function()
  local all = {}
  for _, pack in ipairs(step_metadata) do
    for name, step in pairs(pack.steps) do all[name] = step end
  end

  it("has a handler, and is in the catalogue", function()
    local count = 0
    for name in pairs(all) do
      local handler, spelled = step_types.find(name:upper())
      assert.equal("function", type(handler), name)
      assert.equal(name, spelled)
      count = count + 1
    end
    assert.equal(16, count)
  end)

  local VALUES = {
    IdentityKey = "ann", Attributes = { Title = "Dr" }, TargetContainer = "OU=Staff",
    Entitlement = { Kind = "Group", Id = "all" }, State = "Present", Kind = "Group",
    MailboxType = "User", Config = { Mode = "Disabled" }, Permissions = {},
    AuthSessionName = "EntraConnect", PolicyType = "Delta",
  }

  local function required_keys(step)
    local with = {}
    for _, key in ipairs(step.WithSchema.RequiredKeys) do with[key] = VALUES[key] end
    return with
  end

  local function failure(name, with)
    local world = step_world.new("Nobody", {})
    local ok, err = pcall(step_types.find(name), world.context, with, { Name = "Step", Type = name })
    return ok and "" or err.message
  end

  it("takes the keys that the catalogue allows, and no others", function()
    for name, step in pairs(all) do
      for _, list in ipairs({ step.WithSchema.RequiredKeys, step.WithSchema.OptionalKeys }) do
        for _, key in ipairs(list) do
          assert.not_matches("unknown key", failure(name, { [key] = "x" }), 1, true)
        end
      end
      assert.matches("unknown key 'With.Nonsense'", failure(name, { Nonsense = 1 }), 1, true)
    end
  end)

  it("requires the keys that the catalogue requires", function()
    for name, step in pairs(all) do
      for _, key in ipairs(step.WithSchema.RequiredKeys) do
        local given = required_keys(step)
        given[key] = nil
        assert.matches("requires With." .. key, failure(name, given), 1, true)
      end
    end
  end)

  it("asks for the provider that the catalogue names, if With names none", function()
    for name, step in pairs(all) do
      if step.DefaultProvider then
        assert.matches(("provider '%s' was not supplied"):format(step.DefaultProvider),
          failure(name, required_keys(step)), 1, true)
      end
    end
  end)
end)
