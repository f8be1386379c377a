-- What planning costs: a workflow of 10,000 steps with templates and conditions, from its text
-- to a sealed plan; how memory grows with the steps; and 1,000 conditions within each other.
-- Seconds are those of the processor: nothing here waits.
local idle = require "idle"
local measure = dofile("bench/measure.lua")
local plan = require "idle.engine.plan"
local psd1 = require "idle.engine.psd1"
local workflow = require "idle.engine.workflow"

local STEP = [[
    @{
      Name      = 'Step %d'
      Type      = 'IdLE.Step.EnsureAttributes'
      Condition = @{ Equals = @{ Path = 'Request.Intent.Department'; Value = '%s' } }
      With      = @{ IdentityKey = '{{Request.IdentityKeys.Account}}'; Attributes = @{ Department = 'D%d' } }
    }
]]

local function workflow_text(count)
  local steps = {}
  for index = 1, count do steps[index] = STEP:format(index, index % 10 == 0 and "HR" or "IT", index) end
  return ("@{ Name = 'Bench'; LifecycleEvent = 'Joiner'; Steps = @(\n%s) }"):format(table.concat(steps))
end

local function nested_workflow(depth)
  local condition = { Equals = { Path = "Request.Intent.Department", Value = "IT" } }
  for _ = 1, depth do condition = { All = { condition } } end
  return { Name = "Nested", LifecycleEvent = "Joiner",
    Steps = { { Name = "Only", Type = "IdLE.Step.EmitEvent", Condition = condition } } }
end

local request = { LifecycleEvent = "Joiner", CorrelationId = "bench", IdentityKeys = { Account = "ada.byron" },
  Intent = { Department = "IT" } }
local providers = { Identity = idle.providers.mock() }

local function make_plan(definition)
  return plan.build({ workflow = definition, request = request, providers = providers })
end

local function seconds_of(f, ...)
  collectgarbage()
  local started = os.clock()
  f(...)
  return os.clock() - started
end

local function median_of(rounds, f, ...)
  local samples = {}
  for index = 1, rounds do samples[index] = seconds_of(f, ...) end
  return measure.median(samples)
end

-- Kilobytes that a plan holds beyond what was there before it was made.
local function kilobytes_of(count)
  local definition = workflow.read(workflow_text(count))
  collectgarbage()
  local before = collectgarbage("count")
  local made = make_plan(definition)
  collectgarbage()
  return collectgarbage("count") - before, made
end

local text = workflow_text(10000)
local reading = median_of(5, psd1.parse, text)
local checking = median_of(5, workflow.read, text)
local definition = workflow.read(text)
local planning = median_of(5, make_plan, definition)
local exporting = median_of(3, idle.export_plan, make_plan(definition))
local nested = median_of(5, function() return make_plan(workflow.load(nested_workflow(1000))) end)

measure.report("10,000 steps: planned, seconds", planning, 0.5, "at most")
measure.report("10,000 steps: read from text, seconds", reading, 0.5, "at most")
measure.report("10,000 steps: read and checked, seconds", checking, 1, "at most")
measure.report("10,000 steps: exported with a seal, seconds", exporting, 2, "at most")
measure.report("1,000 conditions within each other: checked and planned, seconds", nested, 0.05, "at most")
measure.report("memory of 10,000 steps against 1,000", kilobytes_of(10000) / kilobytes_of(1000), 12, "at most")
