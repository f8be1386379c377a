local plan_stage = require("spec.support.plan_stage")
local plans = require("spec.support.plans")
local value = require("idle.engine.value")

local step = plans.step

describe("idle.engine.execute: a precondition", function()
  local stage = plan_stage.new()
  local run, types_seen, event_of = stage.run, stage.types_seen, stage.event_of
  local statuses, failure = plan_stage.statuses, plan_stage.failure
  local TRUE, FALSE = plan_stage.TRUE, plan_stage.FALSE

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
    assert.same({ { name = "b", index = 1, section = "" } }, stage.taken)
  end)

  it("announces itself with an event of the workflow's own, whatever the policy", function()
    for _, policy in ipairs({ "Blocked", "Fail", "Continue" }) do
      run(plans.new({ step("a", { Precondition = FALSE, OnPreconditionFalse = policy,
        PreconditionEvent = { Type = "ManualReview", Message = "look at it", Data = { Queue = "hr" } } }) }))
      assert.equal("StepPreconditionFailed", stage.seen[2].Type)
      assert.same({ Type = "ManualReview", Message = "look at it", StepName = "a", Data = { Queue = "hr" } },
        stage.seen[3])
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
    assert.equal("a", stage.taken[1].name)
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
