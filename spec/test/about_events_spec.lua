local asserting = require("spec.support.asserting")
local idle = require("idle")

require("idle.test.assertions")

describe("idle.test.about_events", function()
  local message, result = asserting.message, asserting.result

  local EVENTS = {
    { Type = "RunStarted", StepName = "", Data = { StepCount = 1 } },
    { Type = "StepStarted", StepName = "Sync" },
    { Type = "StepFailed", StepName = "Sync", Data = { ErrorKind = "sync.busy", Effect = "none" } },
    { Type = "RunCompleted", StepName = "" },
  }

  it("finds them in their order, others in between", function()
    assert.events(EVENTS, { "RunStarted", { Type = "StepFailed", Data = { ErrorKind = "sync.busy" } } })
    assert.events(result({}, EVENTS), { "StepStarted", "RunCompleted" })
    assert.has_no.events(EVENTS, { "StepFailed", "StepStarted" })
    assert.has_no.events(EVENTS, { "StepStarted", "StepStarted" })
    assert.has_no.events({}, { "RunStarted" })
  end)

  it("takes a sink", function()
    local sink = idle.test.recording_sink()
    for _, event in ipairs(EVENTS) do sink:WriteEvent(event) end
    assert.events(sink, { "RunStarted", { StepName = "Sync" } })
  end)

  it("shows which one was not found and what came instead", function()
    local text = message(function()
      assert.events(EVENTS, { "StepStarted", { Type = "StepFailed", Data = { ErrorKind = "ssh.lost" } } })
    end)
    assert.equal([[
Expected these events, in this order:
  1. StepStarted  (event 2)
* 2. { Data = { ErrorKind = 'ssh.lost' }, Type = 'StepFailed' }  (not found)
After event 2 came:
  3. StepFailed 'Sync'  (Data.ErrorKind: expected 'ssh.lost', got 'sync.busy')
  4. RunCompleted]], (text:gsub("^[^ ]+ ", "")))
  end)

  it("says so if it came too early", function()
    local text = message(function() assert.events(EVENTS, { "RunCompleted", "RunStarted" }) end)
    assert.matches("After event 4 came:\n  none\nIt came earlier, as event 1%.$", text)
  end)

  it("shows which were not to come", function()
    assert.matches("Did not expect these events, in this order:\n  1. StepFailed  %(event 3%)",
      message(function() assert.has_no.events(EVENTS, { "StepFailed" }) end))
  end)

  it("cuts a long record short", function()
    local many = {}
    for index = 1, 50 do many[index] = { Type = "Poll", StepName = "" } end
    assert.matches("  20. Poll\n  … and 30 more$", message(function() assert.events(many, { "End" }) end))
  end)

  it("wants events and a list of them", function()
    assert.matches("events: the first argument must be", message(function() assert.events({ A = 1 }, { "B" }) end))
    assert.matches("events: the second argument must be a list of expected events, got {}",
      message(function() assert.events(EVENTS, {}) end))
  end)
end)
