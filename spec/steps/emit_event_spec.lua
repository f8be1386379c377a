local emit_event = require("idle.steps.emit_event")
local step_world = require("spec.support.step_world")

describe("idle.steps.emit_event", function()
  local STEP = { Name = "Note", Type = "IdLE.Step.EmitEvent" }
  local world

  before_each(function() world = step_world.new("Identity", {}) end)

  it("writes one event with the message of With", function()
    assert.same({ Name = "Note", Type = STEP.Type, Status = "Completed" },
      emit_event(world.context, { message = "hello" }, STEP))
    assert.same({ { Type = "Custom", Message = "hello", StepName = "Note", Data = { StepType = STEP.Type } } },
      world.events)
  end)

  it("has a text of its own that names the step", function()
    emit_event(world.context, {}, STEP)
    assert.equal("event of step 'Note'", world.events[1].Message)
  end)

  it("takes the keys that workflow files give to every step", function()
    emit_event(world.context, { Provider = "None", AuthSessionName = "x", AuthSessionOptions = {} }, STEP)
    assert.equal(1, #world.events)
  end)

  it("refuses what is no message, and keys it does not know", function()
    assert.equal("EmitEvent requires With.Message to be a text, got 5",
      world:failure(emit_event, { Message = 5 }).message)
    assert.equal("EmitEvent: unknown key 'With.Mesage'; did you mean 'Message'?",
      world:failure(emit_event, { Mesage = "x" }).message)
    assert.same({}, world.events)
  end)
end)
