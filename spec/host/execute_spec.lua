local errors = require("idle.engine.errors")
local execute = require("idle.host.execute")
local execute_stage = require("spec.support.execute_stage")
local idle = require("idle")
local json = require("idle.json")
local loop = require("idle.loop")
local plans = require("spec.support.plans")
local stages = require("spec.support.stage")
local terminal = require("idle.host.terminal")
local value = require("idle.engine.value")
local virtually = require("idle.test.in_virtual_time")

local step = plans.step

describe("idle.execute", function()
  local stage = execute_stage.new()
  local run = stage.run

  describe("the result", function()
    it("has what contracts and design say, and can be written as JSON", function()
      local result = run(plans.new({ step("a") }), function() return { Status = "Completed", Changed = true } end)
      assert.equal("Completed", result.Status)
      assert.equal("c-1", result.CorrelationId)
      assert.equal("hr", result.Actor)
      assert.equal("NotRun", result.OnFailure.Status)
      assert.equal(0, #result.OnFailure.Steps)
      local record = result.Steps[1]
      assert.equal("a Test Completed", ("%s %s %s"):format(record.Name, record.Type, record.Status))
      assert.equal(1, record.Attempts)
      assert.is_true(record.Changed)
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT.*Z$", record.StartedUtc)
      assert.equal("integer", math.type(record.DurationMs))
      assert.is_true(value.is_list(result.Steps))
      assert.truthy(json.encode(result))
    end)

    it("has what the handler returned", function()
      local result = run(plans.new({ step("a") }), function()
        return { Status = "Parked", State = "waiting", Skipped = { "x" }, Data = { Ticket = 7 } }
      end)
      assert.equal("Completed", result.Status)
      local record = result.Steps[1]
      assert.equal("Parked", record.Status)
      assert.equal("waiting", record.State)
      assert.same({ "x" }, { record.Skipped[1] })
      assert.equal(7, record.Data.Ticket)
    end)

    it("calls a step Completed whose handler returns nothing, or no Status", function()
      assert.equal("Completed", run(plans.new({ step("a") }), function() end).Steps[1].Status)
      local record = run(plans.new({ step("a") }), function() return { Changed = true } end).Steps[1]
      assert.equal("Completed", record.Status)
      assert.is_true(record.Changed)
    end)

    it("records a handler's Failed once, and does not repeat it", function()
      local calls = 0
      local result = run(plans.new({ step("a") }), function()
        calls = calls + 1
        return { Status = "failed", Error = "no licence left" }
      end)
      assert.equal("Failed", result.Status)
      assert.equal(1, calls)
      assert.equal(1, #result.Steps)
      assert.equal("no licence left", result.Steps[1].Error)
      assert.equal("RunStarted StepStarted StepFailed RunCompleted", stages.types_of(result.Events))
    end)

    it("says that a step failed which says no more than that", function()
      local result = run(plans.new({ step("a") }), function() return { Status = "Failed" } end)
      assert.equal("the step says that it failed", result.Steps[1].Error)
    end)

    it("has the steps of IdLE's own types", function()
      local provider = idle.providers.mock()
      local result = execute.execute(plans.new({
        step("Ensure", { Type = "IdLE.Step.EnsureAttributes",
          With = { IdentityKey = "ann", Attributes = { A = "1" } } }),
        step("Say", { Type = "idle.step.emitevent", With = { Message = "done" } }),
      }), { Providers = { Identity = provider } })
      assert.equal("Completed", result.Status)
      assert.is_true(result.Steps[1].Changed)
      assert.equal("1", provider:Snapshot().ann.Attributes.A)
      assert.equal("done", stages.first_of(result.Events, "Custom").Message)
    end)
  end)

  describe("a handler", function()
    it("is called with the context, its With, and its step", function()
      local given
      local plan = plans.new({ step("a", { With = { Key = "v" } }) })
      run(plan, function(context, with, its_step) given = { context, with, its_step } end)
      local context = given[1]
      assert.equal(plan, context.Plan)
      assert.equal("c-1", context.CorrelationId)
      assert.equal("hr", context.Actor)
      assert.is_function(context.AcquireAuthSession)
      assert.equal("function", type(context.Providers.StepRegistry.Test))
      assert.equal("v", given[2].Key)
      assert.same({ Name = "a", Type = "Test" }, given[3])
    end)

    it("of the host's own takes the place of a built-in one", function()
      local called = false
      run(plans.new({ step("a", { Type = "IdLE.Step.EmitEvent" }) }), nil, { Providers = { StepRegistry = {
        ["idle.step.emitevent"] = function() called = true end } } })
      assert.is_true(called)
    end)

    it("that is not there fails the step, not the run before it", function()
      local result = run(plans.new({ step("a"), step("b", { Type = "Tset" }) }), function() end)
      assert.equal("Failed", result.Status)
      assert.equal("Completed", result.Steps[1].Status)
      assert.matches("unknown step type 'Tset'; did you mean 'Test'", result.Steps[2].Error)
      assert.equal(0, result.Steps[2].Attempts)
      assert.equal("RunStarted StepStarted StepCompleted StepStarted StepFailed RunCompleted", stage.types_seen())
    end)

    it("may write events of its own", function()
      local result = run(plans.new({ step("a") }), function(context, _, its_step)
        context.EventSink:WriteEvent("Ordered", "ordered a laptop", its_step.Name, { Model = "T" })
      end)
      assert.equal("RunStarted StepStarted Ordered StepCompleted RunCompleted", stages.types_of(result.Events))
      assert.equal("T", stages.first_of(result.Events, "Ordered").Data.Model)
    end)

    it("that writes an event without a text fails its step", function()
      local result = run(plans.new({ step("a") }), function(context) context.EventSink:WriteEvent("X", "") end)
      assert.matches("Message must be a text", result.Steps[1].Error)
    end)
  end)

  describe("events", function()
    it("have the shape of the contract", function()
      run(plans.new({ step("a") }), function() end)
      assert.equal("RunStarted StepStarted StepCompleted RunCompleted", stage.types_seen())
      local event = stage.seen[2]
      assert.same({ StepType = "Test", Index = 0 }, event.Data)
      assert.equal("a", event.StepName)
      assert.equal("", stage.seen[1].StepName)
      assert.equal("c-1", event.CorrelationId)
      assert.equal("hr", event.Actor)
      assert.matches("Z$", event.TimestampUtc)
    end)

    it("have an empty actor if nobody is known", function()
      local plan = plans.new({})
      plan.Actor = nil
      local result = run(plan, function() end)
      assert.equal("", result.Events[1].Actor)
      assert.is_nil(result.Actor)
    end)

    it("of a failed step say why", function()
      run(plans.new({ step("a") }), function() errors.raise("step.failed", "no", { effect = "none" }) end)
      assert.equal("no", stage.event_of("StepFailed").Data.Error)
      assert.equal("Test", stage.event_of("StepFailed").Data.StepType)
    end)

    it("of the steps for a failure have types of their own", function()
      local plan = plans.new({ step("a") }, { OnFailureSteps = value.list({ step("b"), step("c") }) })
      local result = run(plan, function(_, _, its_step)
        if its_step.Name ~= "b" then errors.raise("step.failed", "no", { effect = "none" }) end
      end)
      assert.equal("RunStarted StepStarted StepFailed OnFailureStarted OnFailureStepStarted OnFailureStepCompleted "
        .. "OnFailureStepStarted OnFailureStepFailed OnFailureCompleted RunCompleted", stage.types_seen())
      assert.equal(1, stage.event_of("OnFailureStepFailed").Data.Index)
      assert.equal("no", stage.event_of("OnFailureStepFailed").Data.Error)
      assert.equal("PartiallyFailed", result.OnFailure.Status)
      assert.equal("Failed", result.Status)
    end)

    it("are all in the result, also if a sink fails at every one", function()
      local warnings = {}
      local warn = terminal.warn
      terminal.warn = function(text) warnings[#warnings + 1] = text end
      local ok, result = pcall(run, plans.new({ step("a") }), function() end,
        { EventSink = { WriteEvent = function() error("disk full") end } })
      terminal.warn = warn
      assert.is_true(ok)
      assert.equal("Completed", result.Status)
      assert.equal(1, #result.Steps)
      assert.equal("Completed", result.Steps[1].Status)
      assert.equal("RunStarted StepStarted StepCompleted RunCompleted", stages.types_of(result.Events))
      assert.equal(1, #warnings)
      assert.matches("disk full", warnings[1])
    end)

    it("go to an object; anything else is refused before the run", function()
      for _, wrong in ipairs({ function() end, {}, "stdout" }) do
        local ok, err = pcall(run, plans.new({}), nil, { EventSink = wrong })
        assert.is_false(ok)
        assert.matches("EventSink must be an object with a method WriteEvent", err.message)
      end
    end)
  end)

  describe("WhatIf", function()
    it("runs nothing, tells nobody, and returns the steps of the plan", function()
      local called = false
      local plan = plans.new({ step("a"), step("b", { Status = "NotApplicable" }) })
      local result = run(plan, function() called = true end, { WhatIf = true })
      assert.equal("WhatIf", result.Status)
      assert.equal("Planned", result.Steps[1].Status)
      assert.equal("NotApplicable", result.Steps[2].Status)
      assert.equal("NotRun", result.OnFailure.Status)
      assert.same({}, { table.unpack(result.Events) })
      assert.is_false(called)
      assert.same({}, stage.seen)
    end)

    it("still checks everything", function()
      assert.is_false(pcall(run, plans.new({ step("a", { RetryProfile = "gone" }) }), nil, { WhatIf = true }))
    end)
  end)

  describe("providers", function()
    it("are those of the plan if the call names none", function()
      local called = false
      local plan = plans.new({ step("a") }, { Providers = { StepRegistry = { Test = function() called = true end } } })
      assert.equal("Completed", execute.execute(plan).Status)
      assert.is_true(called)
    end)

    it("of the call come first, and those of the plan are not asked", function()
      local asked = {}
      local function registry(name) return { StepRegistry = { Test = function() asked[#asked + 1] = name end } } end
      execute.execute(plans.new({ step("a") }, { Providers = registry("plan") }), { Providers = registry("call") })
      assert.same({ "call" }, asked)
    end)

    it("are required", function()
      local ok, err = pcall(execute.execute, plans.new({ step("a") }))
      assert.is_false(ok)
      assert.matches("Providers are required", err.message)
    end)
  end)

  describe("a run that is ended from outside", function()
    it("is Cancelled, has its events, and passes on what ended it", virtually(function()
      local waits = loop.condition()
      local plan = plans.new({ step("a"), step("b") }, { OnFailureSteps = value.list({ step("c") }) })
      local task = loop.spawn(run, plan, function()
        waits:notify()
        loop.sleep(60000)
      end)
      waits:wait(5000)
      task:cancel()
      local ok, err = pcall(task.join, task)
      assert.is_false(ok)
      assert.equal("cancelled", err.kind)
      assert.equal("RunStarted StepStarted StepFailed RunCompleted", stage.types_seen())
      assert.equal("Cancelled", stage.seen[4].Data.Status)
    end))

    it("has a result for who asks with perform", function()
      local executed = execute.perform(plans.new({ step("a"), step("b") }), { EventSink = stage.sink, Providers = {
        StepRegistry = { Test = function() error("x.lua:1: interrupted!", 0) end } } })
      assert.equal("Cancelled", executed.result.Status)
      assert.equal(1, #executed.result.Steps)
      assert.equal("x.lua:1: interrupted!", executed.interruption)
    end)

  end)

  it("knows its options", function()
    local ok, err = pcall(execute.execute, plans.new({}), { Provider = {} })
    assert.is_false(ok)
    assert.matches("unknown field 'Provider'; did you mean 'Providers'", err.message)
    ok, err = pcall(execute.execute)
    assert.is_false(ok)
    assert.equal("input.plan", err.kind)
  end)

  it("leaves the plan as it was: it runs again with the same result", function()
    local plan = plans.new({ step("a"), step("b", { Precondition = "no", OnPreconditionFalse = "Continue" }) })
    local before = json.encode(plan)
    local first = run(plan, function() end)
    local second = run(plan, function() end)
    assert.equal(before, json.encode(plan))
    assert.equal(#first.Events, #second.Events)
    assert.equal(first.Status, second.Status)
  end)
end)
