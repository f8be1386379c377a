-- What planning and running cost: a workflow of 10,000 steps with templates and conditions, from
-- its text to a sealed plan and to its end on the mock provider; how memory grows with the steps;
-- 1,000 conditions within each other; and a data file of 10 MB.
-- Seconds are those of the processor: nothing here waits.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local measure = require "measure"
local idle = require "idle"
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

-- A data file of this many bytes at least.
local function long_text(bytes)
  local line = "  @{ Name = 'Step'; Type = 'IdLE.Step.EmitEvent'; With = @{ Message = 'hello'; Count = 12345 } }\n"
  return ("@{ Steps = @(\n%s) }"):format(line:rep(bytes // #line + 1))
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

-- Kilobytes that a plan holds beyond what was there before it was made.
local function kilobytes_of(count)
  local definition = workflow.read(workflow_text(count))
  collectgarbage()
  local before = collectgarbage("count")
  local made = make_plan(definition)
  collectgarbage()
  return collectgarbage("count") - before, made
end

local median_of = measure.median_processor_seconds
local text = workflow_text(10000)
local reading = median_of(5, psd1.parse, text)
local checking = median_of(5, workflow.read, text)
local definition = workflow.read(text)
local planning = median_of(5, make_plan, definition)
local made = make_plan(definition)
local exporting = median_of(3, idle.export_plan, made)
local executing = median_of(3, function()
  return idle.execute(made, { Providers = { Identity = idle.providers.mock() } })
end)
local reading_much = median_of(3, psd1.parse, long_text(10 << 20))
local nested = median_of(5, function() return make_plan(workflow.load(nested_workflow(1000))) end)

measure.report("10,000 steps: planned, seconds", planning, 0.5, "at most")
measure.report("10,000 steps: read from text, seconds", reading, 0.5, "at most")
measure.report("10,000 steps: read and checked, seconds", checking, 1, "at most")
measure.report("10,000 steps: executed on the mock provider, seconds", executing, 1, "at most")
measure.report("10,000 steps: exported with a seal, seconds", exporting, 2, "at most")
measure.report("10 MB of data file: read, seconds", reading_much, 1, "at most")
measure.report("1,000 conditions within each other: checked and planned, seconds", nested, 0.05, "at most")
measure.report("memory of 10,000 steps against 1,000", kilobytes_of(10000) / kilobytes_of(1000), 12, "at most")
