local progress = require("idle.host.progress")

describe("idle.host.progress", function()
  local said, shown, now, sink

  before_each(function()
    said, shown, now = {}, {}, 100
    local screen = {
      say = function(_, text) said[#said + 1] = text end,
      show = function(_, text) shown[#shown + 1] = text end,
      clear = function() end,
      paint = function(_, _, text) return text end,
    }
    sink = progress.new(screen, function() return now end)
  end)

  local function write(type_name, message, data)
    sink:WriteEvent({ Type = type_name, Message = message or "", CorrelationId = "c", StepName = "Sync", Data = data })
  end

  it("says one line a step, and how long it took", function()
    write("StepStarted")
    now = 112.34
    write("StepCompleted")
    assert.same({ "done    Sync (12.3 s)" }, said)
  end)

  it("says why a step failed, foreign text escaped", function()
    write("StepStarted")
    write("StepFailed", "", { Error = "no \27 way" })
    assert.same({ "failed  Sync (0.0 s): no \\x1B way" }, said)
  end)

  it("shows live what a waiting sync sees", function()
    write("DirectorySyncPoll", "look 3: in progress")
    assert.same({ "Sync: look 3: in progress" }, shown)
    assert.same({}, said)
  end)

  it("says the end of a sync outside of a run", function()
    write("DirectorySyncCompleted", "exported", {})
    write("DirectorySyncCompleted", "exported with errors", { Severity = "Warning" })
    write("DirectorySyncFailed", "no", { Error = "no" })
    assert.same({ "done    Sync: exported", "warning Sync: exported with errors", "failed  Sync" }, said)
  end)

  it("leaves the end of a sync in a run to the step, but for warnings", function()
    write("StepStarted")
    write("DirectorySyncCompleted", "exported", {})
    assert.same({}, said)
    write("DirectorySyncCompleted", "exported with errors", { Severity = "Warning" })
    assert.same({ "warning Sync: exported with errors" }, said)
    write("StepCompleted")
    assert.equal("done    Sync (0.0 s)", said[2])
  end)

  it("says what blocks a run, and the steps for a failure as any others", function()
    write("StepBlocked", "step 'Sync' is blocked by its precondition")
    write("OnFailureStepStarted")
    now = 101
    write("OnFailureStepCompleted")
    write("OnFailureStepStarted")
    write("OnFailureStepFailed", "", { Error = "no" })
    assert.same({ "blocked Sync: step 'Sync' is blocked by its precondition", "done    Sync (1.0 s)",
      "failed  Sync (0.0 s): no" }, said)
  end)

  it("does not mind events it does not know", function()
    write("Custom", "hello")
    assert.same({}, said)
    assert.same({}, shown)
  end)
end)
