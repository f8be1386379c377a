local errors = require("idle.engine.errors")
local plan_stage = require("spec.support.plan_stage")
local plans = require("spec.support.plans")
local value = require("idle.engine.value")

local step = plans.step

describe("idle.engine.execute", function()
  local stage = plan_stage.new()
  local run, types_seen, event_of = stage.run, stage.types_seen, stage.event_of
  local statuses, failure = plan_stage.statuses, plan_stage.failure
  local TRUE, FALSE = plan_stage.TRUE, plan_stage.FALSE

  describe("steps", function()
    it("run in the order of the plan, with their index from 0", function()
      local ended = run(plans.new({ step("a"), step("b") }))
      assert.equal("Completed", ended.Status)
      assert.equal("a Completed, b Completed", statuses(ended.Steps))
      assert.same({ { name = "a", index = 0, section = "" }, { name = "b", index = 1, section = "" } }, stage.taken)
      assert.equal("RunStarted RunCompleted", types_seen())
      assert.equal(0, ended.exit_status)
    end)

    it("may be none", function()
      local ended = run(plans.new({}))
      assert.equal("Completed", ended.Status)
      assert.is_true(value.is_list(ended.Steps))
      assert.equal(0, event_of("RunStarted").Data.StepCount)
    end)

    it("that do not apply are in the result, and say what was compared", function()
      local note = { Path = "Request.Intent.Vpn", Operator = "Equals", Expected = "yes", Actual = "no", Result = false }
      local ended = run(plans.new({ step("a", { Status = "NotApplicable", Comparisons = { note } }), step("b") }))
      assert.equal("a NotApplicable, b Completed", statuses(ended.Steps))
      assert.equal(0, ended.Steps[1].Attempts)
      assert.equal("Request.Intent.Vpn Equals 'yes' is false (the value is 'no')", ended.Steps[1].Reason)
      assert.same({ StepType = "Test", Index = 0 }, event_of("StepNotApplicable").Data)
    end)

    it("that do not apply have no precondition any more", function()
      local ended = run(plans.new({ step("a", { Status = "NotApplicable", Precondition = FALSE }) }))
      assert.equal("Completed", ended.Status)
      assert.is_nil(event_of("StepPreconditionFailed"))
    end)

    it("end the run when they fail; those behind are not in the result", function()
      local ended = run(plans.new({ step("a"), step("b"), step("c") }), { b = failure() })
      assert.equal("Failed", ended.Status)
      assert.equal("a Completed, b Failed", statuses(ended.Steps))
      assert.equal(2, #stage.taken)
      assert.equal(2, ended.exit_status)
      assert.equal(3, event_of("RunCompleted").Data.StepCount)
    end)

    it("may end with any other word, which counts as success", function()
      local ended = run(plans.new({ step("a"), step("b") }), { a = { status = "Blocked" } })
      assert.equal("Completed", ended.Status)
      assert.equal("a Blocked, b Completed", statuses(ended.Steps))
    end)
  end)

  describe("the events of the run", function()
    it("say who and how many at the start, and how it ended", function()
      run(plans.new({ step("a") }))
      assert.same({ CorrelationId = "c-1", Actor = "hr", StepCount = 1 }, event_of("RunStarted").Data)
      assert.same({ Status = "Completed", StepCount = 1 }, event_of("RunCompleted").Data)
      assert.equal("RunCompleted", stage.seen[#stage.seen].Type)
    end)
  end)

  describe("the steps for a failure", function()
    local function fail_with(steps, outcomes)
      outcomes = outcomes or {}
      outcomes.main = outcomes.main or failure()
      return run(plans.new({ step("main") }, { OnFailureSteps = value.list(steps) }), outcomes)
    end

    it("run after it, in their order, with an index of their own", function()
      local ended = fail_with({ step("a"), step("b") })
      assert.equal("Failed", ended.Status)
      assert.equal("Completed", ended.OnFailure.Status)
      assert.equal("a Completed, b Completed", statuses(ended.OnFailure.Steps))
      assert.same({ name = "b", index = 1, section = "OnFailure" }, stage.taken[3])
      assert.equal("RunStarted OnFailureStarted OnFailureCompleted RunCompleted", types_seen())
      assert.same({ OnFailureStepCount = 2 }, event_of("OnFailureStarted").Data)
      assert.same({ Status = "Completed", StepCount = 2 }, event_of("OnFailureCompleted").Data)
    end)

    it("do not run after a success", function()
      local ended = run(plans.new({ step("main") }, { OnFailureSteps = value.list({ step("a") }) }))
      assert.same({ Status = "NotRun", Steps = value.list() }, ended.OnFailure)
      assert.equal(1, #stage.taken)
    end)

    it("are not announced if there are none", function()
      assert.equal("NotRun", fail_with({}).OnFailure.Status)
      assert.is_nil(event_of("OnFailureStarted"))
    end)

    it("all run, whichever of them fails", function()
      local ended = fail_with({ step("a"), step("b"), step("c") }, { a = failure(), c = failure() })
      assert.equal("a Failed, b Completed, c Failed", statuses(ended.OnFailure.Steps))
      assert.equal("PartiallyFailed", ended.OnFailure.Status)
      assert.equal("Failed", ended.Status)
      assert.equal(2, ended.exit_status)
    end)

    it("may not apply", function()
      local ended = fail_with({ step("a", { Status = "NotApplicable" }) })
      assert.equal("a NotApplicable", statuses(ended.OnFailure.Steps))
      assert.equal("Completed", ended.OnFailure.Status)
      assert.same({ StepType = "Test", Index = 0 }, event_of("OnFailureStepNotApplicable").Data)
    end)

    it("obey their preconditions, and go on behind one that is false", function()
      local ended = fail_with({
        step("a", { Precondition = FALSE }), step("b", { Precondition = FALSE, OnPreconditionFalse = "Continue" }),
        step("c", { Precondition = TRUE }),
      })
      assert.equal("a Blocked, b PreconditionSkipped, c Completed", statuses(ended.OnFailure.Steps))
      assert.equal("Completed", ended.OnFailure.Status)
      assert.equal("Failed", ended.Status)
      assert.equal("RunStarted OnFailureStarted StepPreconditionFailed StepBlocked StepPreconditionFailed "
        .. "OnFailureCompleted RunCompleted", types_seen())
    end)

    it("fail by a precondition with Fail, which counts", function()
      local ended = fail_with({
        step("a", { Precondition = FALSE, OnPreconditionFalse = "Fail",
          PreconditionEvent = { Type = "X", Message = "y" } }),
        step("b"),
      })
      assert.equal("a Failed, b Completed", statuses(ended.OnFailure.Steps))
      assert.equal("PartiallyFailed", ended.OnFailure.Status)
      assert.equal("RunStarted OnFailureStarted StepPreconditionFailed X StepFailed OnFailureCompleted RunCompleted",
        types_seen())
    end)
  end)

  describe("a run in doubt", function()
    it("is one with a step that may have changed something; its failure is handled", function()
      local ended = run(plans.new({ step("a") }, { OnFailureSteps = value.list({ step("mail") }) }),
        { a = failure("unknown") })
      assert.equal("InDoubt", ended.Status)
      assert.equal("Completed", ended.OnFailure.Status)
      assert.equal("InDoubt", event_of("RunCompleted").Data.Status)
      assert.equal(3, ended.exit_status)
    end)

    it("is also one with a step for the failure that may have", function()
      local ended = run(plans.new({ step("a") }, { OnFailureSteps = value.list({ step("b") }) }),
        { a = failure(), b = failure("unknown") })
      assert.equal("InDoubt", ended.Status)
    end)
  end)

  describe("the exit status", function()
    local function exit_of(kind, fields, steps, outcomes)
      local err = errors.new(kind, "x", fields)
      err.step = "z"
      outcomes = outcomes or {}
      outcomes.z = { error = err }
      steps = steps or {}
      steps[#steps + 1] = step("z")
      return run(plans.new(steps), outcomes).exit_status
    end

    it("is that of the step's error", function()
      assert.equal(2, exit_of("step.failed", { effect = "applied" }))
      assert.equal(65, exit_of("input.with"))
      assert.equal(124, exit_of("sync.timeout"))
    end)

    it("is temporary only if nothing was changed before", function()
      assert.equal(75, exit_of("ssh.connect", nil, { step("a") }, { a = { changed = false } }))
      assert.equal(2, exit_of("ssh.connect", nil, { step("a") }, { a = { changed = true } }))
      assert.equal(2, exit_of("ssh.connect", nil, { step("a") }))
      assert.equal(75, exit_of("ssh.connect", nil, { step("a", { Status = "NotApplicable" }) }))
    end)
  end)

  describe("what ends it from outside", function()
    it("in a step leaves a result, and the steps for a failure do not run", function()
      local outcome = failure("unknown")
      outcome.raised = "joiner.lua:1: interrupted!"
      local ended = run(plans.new({ step("a"), step("b") }, { OnFailureSteps = value.list({ step("c") }) }),
        { a = outcome })
      assert.equal("Cancelled", ended.Status)
      assert.equal("a Failed", statuses(ended.Steps))
      assert.equal("NotRun", ended.OnFailure.Status)
      assert.equal("joiner.lua:1: interrupted!", ended.interruption)
      assert.equal("Cancelled", event_of("RunCompleted").Data.Status)
    end)

    it("in a step for the failure ends those", function()
      local outcome = failure()
      outcome.raised = errors.new("cancelled", "x")
      local ended = run(plans.new({ step("a") }, { OnFailureSteps = value.list({ step("b"), step("c") }) }),
        { a = failure(), b = outcome })
      assert.equal("Cancelled", ended.Status)
      assert.equal("b Failed", statuses(ended.OnFailure.Steps))
      assert.equal("PartiallyFailed", ended.OnFailure.Status)
    end)

    it("leaves it in doubt if a command was out", function()
      local cancelled = errors.new("cancelled", "x", { effect = "unknown" })
      local ended = run(plans.new({ step("a") }), { a = { error = cancelled, raised = cancelled } })
      assert.equal("InDoubt", ended.Status)
      assert.equal(cancelled, ended.interruption)
    end)

    it("between the parts of a step still shows the step", function()
      local ended = run(plans.new({ step("a"), step("b") }), { b = { raise = "interrupted!" } })
      assert.equal("Cancelled", ended.Status)
      assert.equal("a Completed, b Failed", statuses(ended.Steps))
      assert.equal("cancelled", ended.Steps[2].ErrorKind)
      assert.equal("none", ended.Steps[2].Effect)
    end)
  end)

  it("passes on what is a mistake of ours", function()
    local ok, raised = pcall(run, plans.new({ step("a") }), { a = { raise = "bug" } })
    assert.is_false(ok)
    assert.equal("bug", raised)
  end)
end)
