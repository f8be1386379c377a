local idle = require("idle")

describe("idle.test.recording_sink", function()
  local sink

  before_each(function() sink = idle.test.recording_sink() end)

  it("keeps what a run tells, in order", function()
    local run <close> = idle.run({ name = "joiner", event_sink = sink })
    run:step("Order", function() return 1 end)
    run:result()
    assert.same({ "RunStarted", "StepStarted", "StepCompleted", "RunCompleted" }, sink:types())
    assert.equal("Order", sink:of_type("StepStarted")[1].StepName)
    assert.equal(4, #sink.Events)
    assert.same({}, sink:of_type("StepFailed"))
  end)

  it("keeps no secret, even from a caller of its own", function()
    sink:WriteEvent({ Type = "Own", Message = "m", Data = { Password = "hunter2", Rest = 1 } })
    assert.same({ Password = "[REDACTED]", Rest = 1 }, sink.Events[1].Data)
  end)

  it("keeps copies", function()
    local event = { Type = "Own", Data = { n = 1 } }
    sink:WriteEvent(event)
    event.Data.n = 2
    assert.equal(1, sink.Events[1].Data.n)
  end)
end)
