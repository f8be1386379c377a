local asserting = require("spec.support.asserting")
local idle = require("idle")

require("idle.test.assertions")

describe("idle.test.about_outcome", function()
  local message, result, step = asserting.message, asserting.result, asserting.step

  local SYNC = { Type = "IdLE.Step.TriggerDirectorySync" }

  local function sync(name, outcome, fields)
    local record = step(name, "Completed", fields)
    record.Type, record.Data = SYNC.Type, { Outcome = outcome, Observations = fields and fields.Observations }
    return record
  end

  it("takes the result of a sync, or the error that it raised", function()
    assert.outcome({ Status = "Completed", Data = { Outcome = "Success" } }, "Success")
    assert.is_not.outcome({ Data = { Outcome = "NoExport" } }, "Success")
    local ok, err = pcall(idle.error, "sync.timeout", "late", { data = { Outcome = "Timeout" } })
    assert.is_false(ok)
    assert.outcome(err, "Timeout")
  end)

  it("takes a run: all of its syncs, or the one that is named", function()
    local ran = result({ step("Create"), sync("First", "Success"), sync("Second", "NoExport") })
    assert.outcome(ran, "Second", "NoExport")
    assert.outcome(ran, "First", "Success")
    assert.is_not.outcome(ran, "Success")
    assert.outcome(result({ sync("First", "Success"), sync("Second", "Success") }), "Success")
    local not_run = { Name = "Second", Type = SYNC.Type, Status = "NotApplicable", Attempts = 0 }
    assert.outcome(result({ sync("First", "Success"), not_run }), "Success")
  end)

  it("explains another outcome by its error and the last looks", function()
    local record = sync("Sync", "Timeout", {
      Error = "timeout waiting", ErrorKind = "sync.timeout",
      Observations = { { AtSeconds = 0, State = "Idle" }, { AtSeconds = 2.5, State = "InProgress", Newest = "'X'" } },
    })
    assert.matches("Expected the outcome 'Success' of step 'Sync', got 'Timeout'%.\n"
      .. "timeout waiting %(sync.timeout%)\nThe last looks:\n  at 0 s: Idle\n  at 2.5 s: InProgress, 'X'$",
      message(function() assert.outcome(result({ record }), "Success") end))
    assert.matches("Expected the outcome 'Success', got none%.\nin staging mode %(sync.staging%)$",
      message(function() assert.outcome({ kind = "sync.staging", message = "in staging mode" }, "Success") end))
    assert.matches("Did not expect the outcome 'Success', but it is%.$",
      message(function() assert.is_not.outcome({ Data = { Outcome = "Success" } }, "Success") end))
  end)

  it("does not hold of nothing, whichever way it is asked", function()
    local no_sync = result({ step("Create") })
    assert.matches("outcome: no step of this run has an outcome; its steps: Create",
      message(function() assert.is_not.outcome(no_sync, "Success") end))
    assert.matches("outcome: the run has no step 'Craete'; did you mean 'Create'%?",
      message(function() assert.is_not.outcome(no_sync, "Craete", "Success") end))
    assert.matches("outcome: the first argument must be", message(function() assert.outcome(nil, "Success") end))
    assert.matches("outcome: the first argument must be the result of a step or a run, or an error; got {}",
      message(function() assert.is_not.outcome({}, "Success") end))
    assert.matches("got a run; its result is run:result%(%)",
      message(function() assert.is_not.outcome(idle.run({ name = "x" }), "Success") end))
    assert.matches("outcome: the expected outcome must be a text, got nil",
      message(function() assert.outcome({}) end))
  end)
end)
