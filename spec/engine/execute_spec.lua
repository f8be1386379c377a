local errors = require("idle.engine.errors")
local execute = require("idle.engine.execute")
local execute_precondition = require("idle.engine.execute_precondition")
local plans = require("spec.support.plans")
local value = require("idle.engine.value")

local step = plans.step

describe("idle.engine.execute", function()
  local seen, taken

  -- Executes a plan; `outcomes` says by name how steps end, else they complete.
  local function run(plan, outcomes)
    seen, taken = {}, {}
    local port = { preconditions = {} }
    execute_precondition.prepare(plan.Steps, port.preconditions)
    execute_precondition.prepare(plan.OnFailureSteps, port.preconditions)
    function port.write(type_name, message, step_name, data)
      seen[#seen + 1] = { Type = type_name, Message = message, StepName = step_name, Data = data }
    end
    function port.run_step(taken_step, record, index, section)
      taken[#taken + 1] = { name = taken_step.Name, index = index, section = section }
      local outcome = outcomes and outcomes[taken_step.Name] or {}
      if outcome.raise then error(outcome.raise, 0) end
      record.Attempts = 1
      record.Status = outcome.status or (outcome.error and "Failed" or "Completed")
      record.Changed = outcome.changed
      return { error = outcome.error, raised = outcome.raised }
    end
    return execute.run(plan, port)
  end

  local function statuses(records)
    local list = {}
    for index, record in ipairs(records) do list[index] = record.Name .. " " .. record.Status end
    return table.concat(list, ", ")
  end

  local function types_seen()
    local types = {}
    for index, event in ipairs(seen) do types[index] = event.Type end
    return table.concat(types, " ")
  end

  local function event_of(type_name)
    for _, event in ipairs(seen) do
      if event.Type == type_name then return event end
    end
  end

  local function failure(effect, fields)
    local all = { effect = effect or "none" }
    for key, field in pairs(fields or {}) do all[key] = field end
    local err = errors.new("step.failed", "boom", all)
    err.step = "x"
    return { error = err }
  end

  local TRUE = { Equals = { Path = "Request.Intent.Department", Value = "IT" } }
  local FALSE = { Equals = { Path = "Request.Intent.Department", Value = "HR" } }

  describe("steps", function()
    it("run in the order of the plan, with their index from 0", function()
      local ended = run(plans.new({ step("a"), step("b") }))
      assert.equal("Completed", ended.Status)
      assert.equal("a Completed, b Completed", statuses(ended.Steps))
      assert.same({ { name = "a", index = 0, section = "" }, { name = "b", index = 1, section = "" } }, taken)
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
      assert.equal(2, #taken)
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
      assert.equal("RunCompleted", seen[#seen].Type)
    end)
  end)

  describe("a precondition", function()
    it("that holds lets its step run", function()
      local ended = run(plans.new({ step("a", { Precondition = TRUE }) }))
      assert.equal("a Completed", statuses(ended.Steps))
      assert.equal("RunStarted RunCompleted", types_seen())
    end)

    it("that is false blocks the run, unless the step says otherwise", function()
      for _, policy in ipairs({ false, "Blocked" }) do
        local blocked = step("a", { Precondition = FALSE, OnPreconditionFalse = policy or nil })
        local ended = run(plans.new({ blocked, step("b") }, { OnFailureSteps = value.list({ step("mail") }) }))
        assert.equal("Blocked", ended.Status)
        assert.equal("a Blocked", statuses(ended.Steps))
        assert.equal("NotRun", ended.OnFailure.Status)
        assert.equal("RunStarted StepPreconditionFailed StepBlocked RunCompleted", types_seen())
        assert.same({ StepType = "Test", Index = 0, OnPreconditionFalse = "Blocked" },
          event_of("StepPreconditionFailed").Data)
        assert.same({ StepType = "Test", Index = 0 }, event_of("StepBlocked").Data)
        assert.equal(4, ended.exit_status)
        assert.equal(0, ended.Steps[1].Attempts)
        assert.is_nil(ended.Steps[1].Error)
      end
    end)

    it("that is false fails its step with Fail, and the steps for the failure run", function()
      local ended = run(plans.new({ step("a", { Precondition = FALSE, OnPreconditionFalse = "Fail" }), step("b") },
        { OnFailureSteps = value.list({ step("mail") }) }))
      assert.equal("Failed", ended.Status)
      assert.equal("a Failed", statuses(ended.Steps))
      assert.equal("Precondition check failed.", ended.Steps[1].Error)
      assert.equal(0, ended.Steps[1].Attempts)
      assert.equal("Completed", ended.OnFailure.Status)
      assert.equal("Precondition check failed.", event_of("StepFailed").Data.Error)
      assert.equal(2, ended.exit_status)
    end)

    it("that is false skips its step with Continue, and the next one runs", function()
      local ended = run(plans.new({ step("a", { Precondition = FALSE, OnPreconditionFalse = "Continue" }), step("b") }))
      assert.equal("Completed", ended.Status)
      assert.equal("a PreconditionSkipped, b Completed", statuses(ended.Steps))
      assert.equal("RunStarted StepPreconditionFailed RunCompleted", types_seen())
      assert.equal("Continue", event_of("StepPreconditionFailed").Data.OnPreconditionFalse)
      assert.same({ { name = "b", index = 1, section = "" } }, taken)
    end)

    it("announces itself with an event of the workflow's own, whatever the policy", function()
      for _, policy in ipairs({ "Blocked", "Fail", "Continue" }) do
        run(plans.new({ step("a", { Precondition = FALSE, OnPreconditionFalse = policy,
          PreconditionEvent = { Type = "ManualReview", Message = "look at it", Data = { Queue = "hr" } } }) }))
        assert.equal("StepPreconditionFailed", seen[2].Type)
        assert.same({ Type = "ManualReview", Message = "look at it", StepName = "a", Data = { Queue = "hr" } }, seen[3])
      end
    end)

    it("that holds announces nothing", function()
      run(plans.new({ step("a", { Precondition = TRUE, PreconditionEvent = { Type = "X", Message = "y" } }) }))
      assert.is_nil(event_of("X"))
    end)

    it("may have an event without data", function()
      run(plans.new({ step("a", { Precondition = FALSE, PreconditionEvent = { Type = "X", Message = "y" } }) }))
      assert.is_nil(event_of("X").Data)
    end)

    it("tells what it compared", function()
      local ended = run(plans.new({ step("a", { Precondition = FALSE }) }))
      local message = event_of("StepPreconditionFailed").Message
      assert.matches("Department Equals 'HR' is false %(the value is 'IT'%)", message)
      assert.matches("the value is 'IT'", ended.Steps[1].Reason)
    end)

    it("tells only the last of many comparisons", function()
      local any = {}
      for index = 1, 30 do any[index] = { Equals = { Path = "Request.Intent.Department", Value = "D" .. index } } end
      local reason = run(plans.new({ step("a", { Precondition = { Any = any } }) })).Steps[1].Reason
      assert.matches("^after 20 others: .*'D21'.*'D30'", reason)
    end)

    it("is asked again for each step, right before it would run", function()
      local plan = plans.new({ step("a"), step("b", { Precondition = FALSE }) })
      local ended = run(plan)
      assert.equal("a Completed, b Blocked", statuses(ended.Steps))
      assert.equal("a", taken[1].name)
    end)

    it("counts as false if it is no condition at all", function()
      local ended = run(plans.new({ step("a", { Precondition = "yes" }) }))
      assert.equal("Blocked", ended.Status)
      assert.is_nil(ended.Steps[1].Reason)
    end)

    it("fails its step, and the step only, if a path leads nowhere", function()
      local missing = { Equals = { Path = "Request.Intent.Departmnt", Value = "IT" } }
      local broken = step("a", { Precondition = missing, OnPreconditionFalse = "Continue" })
      local ended = run(plans.new({ broken, step("b") }, { OnFailureSteps = value.list({ step("mail") }) }))
      assert.equal("Failed", ended.Status)
      assert.matches("^Precondition check failed%.: .*unresolved condition path.*Departmnt", ended.Steps[1].Error)
      assert.equal("none", ended.Steps[1].Effect)
      assert.equal("RunStarted StepFailed OnFailureStarted OnFailureCompleted RunCompleted", types_seen())
      assert.equal(2, ended.exit_status)
    end)

    it("fails its step if an operator can't look into the value", function()
      local wrong = { Contains = { Path = "Request.Intent.Department", Value = "IT" } }
      local ended = run(plans.new({ step("a", { Precondition = wrong }) }))
      assert.equal("Failed", ended.Status)
      assert.matches("requires Path to resolve to a list", ended.Steps[1].Error)
    end)

    it("sees the plan and the request, not the workflow", function()
      local of_plan = { Equals = { Path = "Plan.WorkflowName", Value = "Joiner" } }
      assert.equal("Completed", run(plans.new({ step("a", { Precondition = of_plan }) })).Status)
      local of_workflow = { Equals = { Path = "Workflow.Name", Value = "Joiner" } }
      assert.equal("Failed", run(plans.new({ step("a", { Precondition = of_workflow }) })).Status)
    end)

    it("may ask with Exists for what is not there", function()
      local ended = run(plans.new({ step("a", { Precondition = { Exists = "Request.Context.Nothing" } }) }))
      assert.equal("Blocked", ended.Status)
    end)

    describe("of Request.Context.Current", function()
      local function entitled(context)
        return { Context = context, Intent = {} }
      end

      local context = { Providers = {
        Identity = { Default = { Profile = { Enabled = true } }, Admin = { Profile = { Enabled = false } } },
      } }
      local ENABLED = { Equals = { Path = "Request.Context.Current.Profile.Enabled", Value = true } }

      local function status_of(fields, in_section)
        local record = step("a", fields)
        record.Precondition = record.Precondition or ENABLED
        if not in_section then return run(plans.new({ record }, { Request = entitled(context) })).Steps[1].Status end
        local plan = plans.new({ step("x") }, { Request = entitled(context), OnFailureSteps = value.list({ record }) })
        local ended = run(plan, { x = failure() })
        return ended.OnFailure.Steps[1].Status
      end

      it("is what the step's own provider and session found", function()
        assert.equal("Completed", status_of({ With = { Provider = "Identity" } }))
        assert.equal("Blocked", status_of({ With = { Provider = "identity", AuthSessionName = "admin" } }))
      end)

      it("is that of the step type's provider where the step names none", function()
        assert.equal("Completed", status_of({ Provider = "Identity" }))
      end)

      it("is null where nothing was found", function()
        local exists = { Exists = "Request.Context.Current" }
        assert.equal("Blocked", status_of({ Precondition = exists, With = { Provider = "Other" } }))
        assert.equal("Blocked", status_of({ Precondition = exists }))
      end)

      it("is there for the steps of a failure, too", function()
        assert.equal("Completed", status_of({ With = { Provider = "Identity" } }, true))
      end)

      it("is in the plan's request as well", function()
        assert.equal("Completed", status_of({ With = { Provider = "Identity" },
          Precondition = { Exists = "Plan.Request.Context.Current.Profile" } }))
      end)

      it("leaves the plan as it was, whatever comes of it", function()
        local wrong = { Contains = { Path = "Request.Context.Current", Value = 1 } }
        for _, precondition in ipairs({ ENABLED, FALSE, wrong }) do
          local plan = plans.new({ step("a", { Precondition = precondition, With = { Provider = "Identity" } }) },
            { Request = entitled(context) })
          run(plan)
          assert.is_nil(plan.Request.Context.Current)
        end
      end)

      it("gives way to a Current of the caller's own", function()
        local plan = plans.new({ step("a", { Precondition = ENABLED, With = { Provider = "Identity", AuthSessionName =
          "Admin" } }) }, { Request = entitled({ Current = { Profile = { Enabled = true } } }) })
        assert.equal("Completed", run(plan).Status)
      end)
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
      assert.same({ name = "b", index = 1, section = "OnFailure" }, taken[3])
      assert.equal("RunStarted OnFailureStarted OnFailureCompleted RunCompleted", types_seen())
      assert.same({ OnFailureStepCount = 2 }, event_of("OnFailureStarted").Data)
      assert.same({ Status = "Completed", StepCount = 2 }, event_of("OnFailureCompleted").Data)
    end)

    it("do not run after a success", function()
      local ended = run(plans.new({ step("main") }, { OnFailureSteps = value.list({ step("a") }) }))
      assert.same({ Status = "NotRun", Steps = value.list() }, ended.OnFailure)
      assert.equal(1, #taken)
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
