local errors = require("idle.engine.errors")
local execute_stage = require("spec.support.execute_stage")
local loop = require("idle.loop")
local plans = require("spec.support.plans")
local stages = require("spec.support.stage")
local value = require("idle.engine.value")
local virtually = require("idle.test.in_virtual_time")

local step, fails_at_first = plans.step, stages.fails_at_first

describe("idle.execute: retries", function()
  local stage = execute_stage.new()
  local run = stage.run

  it("repeat what says that it is transient, and tell of it", function()
    local result = run(plans.new({ step("a") }), fails_at_first(2, {}))
    assert.equal("Completed", result.Status)
    assert.equal(3, result.Steps[1].Attempts)
    local event = stage.event_of("StepRetrying")
    assert.equal(1, event.Data.attempt)
    assert.equal(3, event.Data.maxAttempts)
    assert.equal("ssh.connect", event.Data.errorType)
    assert.equal("refused", event.Data.message)
    assert.equal("integer", math.type(event.Data.delayMs))
    assert.matches("^StepExecution", event.Message)
    assert.equal("RunStarted StepStarted StepRetrying StepRetrying StepCompleted RunCompleted", stage.types_seen())
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
    assert.is_nil(stage.event_of("StepRetrying"))
    assert.equal("InDoubt", result.Status)
  end)

  it("are as many as the step's profile allows", function()
    local options = { RetryProfiles = {
      once = { MaxAttempts = 1 }, none = { MaxAttempts = 0 },
      five = { MaxAttempts = 5, InitialDelayMilliseconds = 0 },
    }, DefaultRetryProfile = "five" }
    local function attempts(profile)
      return run(plans.new({ step("a", { RetryProfile = profile }) }), fails_at_first(4, {}),
        { ExecutionOptions = options }).Steps[1].Attempts
    end
    assert.equal(1, attempts("once"))
    assert.equal(1, attempts("none"))
    assert.equal(5, attempts("FIVE"))
    assert.equal(5, attempts(nil))
  end)

  describe("wait as long as the test vectors say", function()
    local function delays()
      local list = {}
      for _, event in ipairs(stage.seen) do
        if event.Type == "StepRetrying" then list[#list + 1] = event.Data.delayMs end
      end
      return list
    end

    local function passed_ms() return math.floor(loop.monotonic() * 1000 + 0.5) end

    it("before a step", virtually(function()
      local type_name = "IdLE.Step.EnsureAttributes"
      run(plans.new({ step("Ensure attributes", { Type = type_name }) },
        { CorrelationId = "11111111-1111-1111-1111-111111111111" }), nil,
        { ExecutionOptions = {}, Providers = { StepRegistry = { [type_name] = fails_at_first(2, {}) } } })
      assert.same({ 262, 590 }, delays())
      assert.equal(262 + 590, passed_ms())
    end))

    it("before a step of the section for failures", virtually(function()
      local notify = step("Notify", { Type = "IdLE.Step.EmitEvent", RetryProfile = "p" })
      local plan = plans.new({ step("x") },
        { CorrelationId = "corr-1", OnFailureSteps = value.list({ step("first", { Type = "Ok" }), notify }) })
      run(plan, nil, {
        ExecutionOptions = { RetryProfiles = { p = { MaxAttempts = 4, InitialDelayMilliseconds = 100,
          BackoffFactor = 1.5, MaxDelayMilliseconds = 1000, JitterRatio = 0.1 } } },
        Providers = { StepRegistry = {
          Test = function() errors.raise("step.failed", "no", { effect = "none" }) end,
          Ok = function() end,
          ["IdLE.Step.EmitEvent"] = fails_at_first(3, {}),
        } },
      })
      assert.same({ 105, 154, 215 }, delays())
      assert.equal(105 + 154 + 215, passed_ms())
      assert.matches("^OnFailureStepExecution", stage.event_of("StepRetrying").Message)
    end))
  end)

  it("need a profile that exists before the first step runs", function()
    local called = false
    local ok, err = pcall(run, plans.new({ step("a"), step("b", { RetryProfile = "gone" }) }), function()
      called = true
    end)
    assert.is_false(ok)
    assert.matches("unknown RetryProfile 'gone'; available: quick", err.message)
    assert.is_false(called)
    assert.same({}, stage.seen)
  end)

  it("are over when the run is ended in the pause between two attempts", virtually(function()
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
    assert.equal("Cancelled", stage.seen[#stage.seen].Data.Status)
  end))
end)
