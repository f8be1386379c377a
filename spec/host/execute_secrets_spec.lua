local errors = require("idle.engine.errors")
local execute_stage = require("spec.support.execute_stage")
local json = require("idle.json")
local plans = require("spec.support.plans")
local stages = require("spec.support.stage")
local value = require("idle.engine.value")

local step = plans.step

describe("idle.execute: what leaves the run", function()
  local stage = execute_stage.new()
  local run = stage.run

  local SECRET = "hunter2"

  local function holds_secret(v) return json.encode(v):find(SECRET, 1, true) ~= nil end

  it("has no secret in an event, neither for the sink nor in the result", function()
    local result = run(plans.new({ step("a") }), function(context, _, its_step)
      context.EventSink:WriteEvent("X", "y", its_step.Name, { password = SECRET, Nested = { token = SECRET } })
    end)
    assert.is_false(holds_secret(stage.seen))
    assert.is_false(holds_secret(result.Events))
    assert.equal("[REDACTED]", stages.first_of(result.Events, "X").Data.Nested.token)
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
