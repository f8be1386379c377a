-- What executing costs: 10,000 steps on the mock provider, with and without preconditions, and how
-- memory grows with the steps. Seconds are those of the processor: nothing here waits.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local measure = require "measure"
local idle = require "idle"

local PRECONDITION = { Equals = { Path = "Request.Intent.Department", Value = "IT" } }
local request = idle.request{ LifecycleEvent = "Joiner", Intent = { Department = "IT" } }

local function make_plan(count, precondition)
  local steps = {}
  for index = 1, count do
    steps[index] = { Name = "Step " .. index, Type = "IdLE.Step.EnsureAttributes", Precondition = precondition,
      With = { IdentityKey = "ada.byron", Attributes = { ["Attribute" .. index % 50] = "D" .. index } } }
  end
  local workflow = { Name = "Bench", LifecycleEvent = "Joiner", Steps = steps }
  return idle.plan(workflow, request, { Identity = idle.providers.mock() })
end

local function execute(plan)
  local result = idle.execute(plan)
  assert(result.Status == "Completed" and #result.Steps == #plan.Steps)
end

local function seconds_of(plan) return measure.median_processor_seconds(5, execute, plan) end

-- Kilobytes that a result holds beyond its plan.
local function kilobytes_of(count)
  local plan = make_plan(count)
  collectgarbage()
  local before = collectgarbage("count")
  local result = idle.execute(plan)
  collectgarbage()
  return collectgarbage("count") - before, result
end

measure.report("10,000 steps: executed, seconds", seconds_of(make_plan(10000)), 1, "at most")
measure.report("10,000 steps with preconditions: executed, seconds", seconds_of(make_plan(10000, PRECONDITION)), 1.5,
  "at most")
measure.report("memory of 10,000 results against 1,000", kilobytes_of(10000) / kilobytes_of(1000), 12, "at most")
