local step_types = require("idle.host.step_types")

describe("idle.host.step_types", function()
  local function failure(...)
    local ok, err = pcall(step_types.find, ...)
    assert.is_false(ok)
    return err
  end

  it("finds the built-in types, whatever the case", function()
    local handler, name = step_types.find("idle.step.EMITEVENT")
    assert.equal("function", type(handler))
    assert.equal("IdLE.Step.EmitEvent", name)
  end)

  it("finds types of the script's own first", function()
    local own = function() end
    assert.equal(own, (step_types.find("Acme.Badge", { ["acme.badge"] = own })))
    assert.equal(own, (step_types.find("IdLE.Step.EmitEvent", { ["IdLE.Step.EmitEvent"] = own })))
  end)

  it("names the nearest type", function()
    assert.equal("input.workflow", failure("IdLE.Step.EmitEvnt").kind)
    assert.matches("did you mean 'IdLE.Step.EmitEvent'", failure("IdLE.Step.EmitEvnt").message)
    assert.matches("did you mean 'IdLE.Step.TriggerDirectorySync'", failure("TriggerDirectorySync").message)
    assert.matches("did you mean 'Acme.Badge'", failure("Acme.Bagde", { ["Acme.Badge"] = print }).message)
    assert.not_matches("did you mean", failure("Nonsense").message)
  end)

  it("refuses a type of the script's own that is no function", function()
    assert.equal("input.setup", failure("Acme.Badge", { ["Acme.Badge"] = {} }).kind)
  end)
end)
