local errors = require("idle.engine.errors")
local execute = require("idle.host.execute")
local idle = require("idle")
local json = require("idle.json")
local loop = require("idle.loop")
local plans = require("spec.support.plans")
local seen_events = require("spec.support.seen_events")
local terminal = require("idle.host.terminal")
local value = require("idle.engine.value")

local step = plans.step
local QUICK = { RetryProfiles = { quick = { InitialDelayMilliseconds = 1, MaxDelayMilliseconds = 2 } },
  DefaultRetryProfile = "quick" }
local virtually = require("idle.test.in_virtual_time")

describe("idle.execute", function()
  local seen

  before_each(function() seen = {} end)

  local sink = { WriteEvent = function(_, event) seen[#seen + 1] = event end }

  -- Executes with a handler of the type "Test", unless the plan is given its own providers.
  local function run(plan, handler, options)
    options = options or {}
    options.Providers = options.Providers or {}
    options.Providers.StepRegistry = options.Providers.StepRegistry or { Test = handler }
    options.EventSink = options.EventSink or sink
    options.ExecutionOptions = options.ExecutionOptions or QUICK
    return execute.execute(plan, options)
  end

  local function types_of(events)
    return table.concat(seen_events.types(events), " ")
  end

  local function fails_at_first(times)
    local calls = 0
    return function()
      calls = calls + 1
      if calls <= times then error(errors.new("ssh.connect", "refused"), 0) end
      return { Status = "Completed", Changed = true }
    end
  end

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
      assert.equal("RunStarted StepStarted StepFailed RunCompleted", types_of(result.Events))
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
      assert.equal("done", seen_events.first_of(result.Events, "Custom").Message)
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
      assert.equal("RunStarted StepStarted StepCompleted StepStarted StepFailed RunCompleted", types_of(result.Events))
    end)

    it("may write events of its own", function()
      local result = run(plans.new({ step("a") }), function(context, _, its_step)
        context.EventSink:WriteEvent("Ordered", "ordered a laptop", its_step.Name, { Model = "T" })
      end)
      assert.equal("RunStarted StepStarted Ordered StepCompleted RunCompleted", types_of(result.Events))
      assert.equal("T", seen_events.first_of(result.Events, "Ordered").Data.Model)
    end)

    it("that writes an event without a text fails its step", function()
      local result = run(plans.new({ step("a") }), function(context) context.EventSink:WriteEvent("X", "") end)
      assert.matches("Message must be a text", result.Steps[1].Error)
    end)
  end)

  describe("events", function()
    it("have the shape of the contract", function()
      run(plans.new({ step("a") }), function() end)
      assert.equal("RunStarted StepStarted StepCompleted RunCompleted", types_of(seen))
      local event = seen[2]
      assert.same({ StepType = "Test", Index = 0 }, event.Data)
      assert.equal("a", event.StepName)
      assert.equal("", seen[1].StepName)
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
      assert.equal("no", seen_events.first_of(seen, "StepFailed").Data.Error)
      assert.equal("Test", seen_events.first_of(seen, "StepFailed").Data.StepType)
    end)

    it("of the steps for a failure have types of their own", function()
      local plan = plans.new({ step("a") }, { OnFailureSteps = value.list({ step("b"), step("c") }) })
      local result = run(plan, function(_, _, its_step)
        if its_step.Name ~= "b" then errors.raise("step.failed", "no", { effect = "none" }) end
      end)
      assert.equal("RunStarted StepStarted StepFailed OnFailureStarted OnFailureStepStarted OnFailureStepCompleted "
        .. "OnFailureStepStarted OnFailureStepFailed OnFailureCompleted RunCompleted", types_of(seen))
      assert.equal(1, seen_events.first_of(seen, "OnFailureStepFailed").Data.Index)
      assert.equal("no", seen_events.first_of(seen, "OnFailureStepFailed").Data.Error)
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
      assert.equal("RunStarted StepStarted StepCompleted RunCompleted", types_of(result.Events))
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

  describe("retries", function()
    it("repeat what says that it is transient, and tell of it", function()
      local result = run(plans.new({ step("a") }), fails_at_first(2))
      assert.equal("Completed", result.Status)
      assert.equal(3, result.Steps[1].Attempts)
      local event = seen_events.first_of(seen, "StepRetrying")
      assert.equal(1, event.Data.attempt)
      assert.equal(3, event.Data.maxAttempts)
      assert.equal("ssh.connect", event.Data.errorType)
      assert.equal("refused", event.Data.message)
      assert.equal("integer", math.type(event.Data.delayMs))
      assert.matches("^StepExecution", event.Message)
      assert.equal("RunStarted StepStarted StepRetrying StepRetrying StepCompleted RunCompleted", types_of(seen))
    end)

    it("know IdLE's mark on an error of somebody else's", function()
      local calls = 0
      local result = run(plans.new({ step("a") }), function()
        calls = calls + 1
        if calls == 1 then error({ message = "throttled", data = { ["Idle.IsTransient"] = true } }) end
      end)
      assert.equal("Completed", result.Status)
      assert.equal(2, result.Steps[1].Attempts)
    end)

    it("count every attempt of a step that fails in the end", function()
      local result = run(plans.new({ step("a") }), fails_at_first(9))
      assert.equal("Failed", result.Status)
      assert.equal(3, result.Steps[1].Attempts)
    end)

    it("do not come after any other error", function()
      local result = run(plans.new({ step("a") }), function() error("boom") end)
      assert.equal(1, result.Steps[1].Attempts)
      assert.is_nil(seen_events.first_of(seen, "StepRetrying"))
      assert.equal("InDoubt", result.Status)
    end)

    it("are as many as the step's profile allows", function()
      local options = { RetryProfiles = {
        once = { MaxAttempts = 1 }, none = { MaxAttempts = 0 },
        five = { MaxAttempts = 5, InitialDelayMilliseconds = 0 },
      }, DefaultRetryProfile = "five" }
      local function attempts(profile)
        return run(plans.new({ step("a", { RetryProfile = profile }) }), fails_at_first(4),
          { ExecutionOptions = options }).Steps[1].Attempts
      end
      assert.equal(1, attempts("once"))
      assert.equal(1, attempts("none"))
      assert.equal(5, attempts("FIVE"))
      assert.equal(5, attempts(nil))
    end)

    it("wait as long as the test vectors say, also in the section for failures", virtually(function()
      local id = "11111111-1111-1111-1111-111111111111"
      local type_name = "IdLE.Step.EnsureAttributes"
      local plan = plans.new({ step("Ensure attributes", { Type = type_name }) }, { CorrelationId = id })
      local ok = pcall(run, plan, nil, { ExecutionOptions = {}, Providers = { StepRegistry = {
        [type_name] = fails_at_first(2) } } })
      local other = plans.new({ step("x") }, { CorrelationId = "corr-1", OnFailureSteps = value.list({ step("first"),
        step("Notify", { Type = "IdLE.Step.EmitEvent", RetryProfile = "p" }) }) })
      local flaky = fails_at_first(3)
      local also_ok, err = pcall(run, other, nil, {
        ExecutionOptions = { RetryProfiles = { p = { MaxAttempts = 4, InitialDelayMilliseconds = 100,
          BackoffFactor = 1.5, MaxDelayMilliseconds = 1000, JitterRatio = 0.1 } } },
        Providers = { StepRegistry = {
          Test = function(_, _, its_step)
            if its_step.Name == "x" then errors.raise("step.failed", "no", { effect = "none" }) end
          end,
          ["IdLE.Step.EmitEvent"] = flaky,
        } },
      })
      assert(ok and also_ok, err)
      local delays = {}
      for _, event in ipairs(seen) do
        if event.Type == "StepRetrying" then delays[#delays + 1] = event.Data.delayMs end
      end
      assert.same({ 262, 590, 105, 154, 215 }, delays)
      assert.equal(1326, math.floor(loop.monotonic() * 1000 + 0.5))
      assert.matches("^OnFailureStepExecution", seen_events.first_of({ table.unpack(seen, 8) }, "StepRetrying").Message)
    end))

    it("need a profile that exists before the first step runs", function()
      local called = false
      local ok, err = pcall(run, plans.new({ step("a"), step("b", { RetryProfile = "gone" }) }), function()
        called = true
      end)
      assert.is_false(ok)
      assert.matches("unknown RetryProfile 'gone'; available: quick", err.message)
      assert.is_false(called)
      assert.same({}, seen)
    end)
  end)

  describe("what leaves the run", function()
    local SECRET = "hunter2"

    local function holds_secret(v) return json.encode(v):find(SECRET, 1, true) ~= nil end

    it("has no secret in an event, neither for the sink nor in the result", function()
      local result = run(plans.new({ step("a") }), function(context, _, its_step)
        context.EventSink:WriteEvent("X", "y", its_step.Name, { password = SECRET, Nested = { token = SECRET } })
      end)
      assert.is_false(holds_secret(seen))
      assert.is_false(holds_secret(result.Events))
      assert.equal("[REDACTED]", seen_events.first_of(result.Events, "X").Data.Nested.token)
    end)

    it("has none in the results of steps", function()
      local handler = function()
        return { Status = "Completed", Data = { clientSecret = SECRET, Method = print } }
      end
      local plan = plans.new({ step("a") })
      local result = run(plan, handler)
      assert.is_false(holds_secret(result))
      assert.equal("[REDACTED]", result.Steps[1].Data.clientSecret)
    end)

    it("has none in the steps for a failure, nor in an error's data", function()
      local plan = plans.new({ step("a") }, { OnFailureSteps = value.list({ step("b") }) })
      local result = run(plan, function(_, _, its_step)
        if its_step.Name == "b" then return { Data = { apiKey = SECRET } } end
        errors.raise("step.failed", "no", { effect = "none", data = { password = SECRET } })
      end)
      assert.is_false(holds_secret(result))
      assert.equal("[REDACTED]", result.OnFailure.Steps[1].Data.apiKey)
    end)

    it("has none in a preview", function()
      local result = run(plans.new({ step("a", { With = { Attributes = { password = SECRET } } }) }), nil,
        { WhatIf = true })
      assert.is_false(holds_secret(result))
    end)

    it("has none in the event of a precondition", function()
      local held = step("a", { Precondition = "no", PreconditionEvent = { Type = "X", Message = "y",
        Data = { token = SECRET } } })
      assert.is_false(holds_secret(run(plans.new({ held }), nil)))
    end)

    it("leaves handlers and plans their secrets", function()
      local got
      local plan = plans.new({ step("a", { With = { password = SECRET } }) })
      run(plan, function(_, with) got = with.password end)
      assert.equal(SECRET, got)
      assert.equal(SECRET, plan.Steps[1].With.password)
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
      assert.same({}, seen)
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
      assert.equal("RunStarted StepStarted StepFailed RunCompleted", types_of(seen))
      assert.equal("Cancelled", seen[4].Data.Status)
    end))

    it("has a result for who asks with perform", function()
      local executed = execute.perform(plans.new({ step("a"), step("b") }), { EventSink = sink, Providers = {
        StepRegistry = { Test = function() error("x.lua:1: interrupted!", 0) end } } })
      assert.equal("Cancelled", executed.result.Status)
      assert.equal(1, #executed.result.Steps)
      assert.equal("x.lua:1: interrupted!", executed.interruption)
    end)

    it("is ended also in the pause between two attempts", virtually(function()
      local waits = loop.condition()
      local slow = { RetryProfiles = { slow = { InitialDelayMilliseconds = 5000 } }, DefaultRetryProfile = "slow" }
      local task = loop.spawn(run, plans.new({ step("a") }), function()
        waits:notify()
        errors.raise("ssh.connect", "refused")
      end, { ExecutionOptions = slow })
      waits:wait(5000)
      loop.sleep(1)
      task:cancel()
      assert.is_false(pcall(task.join, task))
      assert.equal("Cancelled", seen[#seen].Data.Status)
    end))
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
