--- Executes a plan: joins the walk over it with sessions, sinks, the clock and
--- the step types (contracts §10).
local context = require("idle.host.context")
local events = require("idle.host.events")
local execute_preflight = require("idle.engine.execute_preflight")
local fields = require("idle.engine.fields")
local redact = require("idle.engine.redact")
local step_runner = require("idle.host.step_runner")
local step_types = require("idle.host.step_types")
local value = require("idle.engine.value")
local walk = require("idle.engine.execute")

local execute = {}

local OPTION_NAMES = { "Providers", "EventSink", "ExecutionOptions", "WhatIf" }

---@class idle.ExecutionResult  redacted
---@field Status        string
---@field CorrelationId string
---@field Actor?        string
---@field Steps         idle.List
---@field OnFailure     { Status: string, Steps: idle.List }
---@field Events        idle.List

-- Handlers are found once for each type, when a step of it begins.
local function new_finder(registry)
  local found = {}
  return function(type_name)
    if not found[type_name] then found[type_name] = step_types.find(type_name, registry) end
    return found[type_name]
  end
end

local function new_port(checked, run_context)
  local find = new_finder(checked.registry)
  return {
    preconditions = checked.preconditions,
    write = function(...) run_context.EventSink:WriteEvent(...) end,
    run_step = function(step, record, index, section)
      local to_run = {
        find_handler = function() return find(step.Type) end,
        with = step.With, profile = checked.profiles[step], context = run_context, record = record, index = index,
        section = section,
      }
      local _, outcome = step_runner.run(to_run)
      return { error = to_run.error, raised = to_run.is_interrupted and outcome or nil }
    end,
  }
end

-- `events` were redacted when they were recorded.
local function new_result(plan, status, steps, on_failure, recorded)
  local result = redact.copy({
    Status = status, CorrelationId = plan.CorrelationId, Actor = plan.Actor, Steps = steps, OnFailure = on_failure,
  })
  result.Events = recorded
  return result
end

local function preview(plan)
  return new_result(plan, "WhatIf", plan.Steps, { Status = "NotRun", Steps = value.list() }, value.list())
end

---@class idle.Executed
---@field result        idle.ExecutionResult
---@field exit_status   integer
---@field interruption? any  what ended the run from outside, to be raised again

--- Executes a plan, and hands back a result even if the run is ended from outside.
---@param plan     idle.Plan
---@param options? idle.ExecuteOptions
---@return idle.Executed
function execute.perform(plan, options)
  options = options or {}
  fields.check(options, OPTION_NAMES, "execute")
  local checked = execute_preflight.check(plan, options, events.check_sink)
  if options.WhatIf then return { result = preview(plan), exit_status = 0 } end
  local run_context = context.new({
    plan = plan, providers = checked.providers, event_sink = options.EventSink, correlation_id = plan.CorrelationId,
    actor = plan.Actor,
  })
  local ended = walk.run(plan, new_port(checked, run_context))
  return {
    result = new_result(plan, ended.Status, ended.Steps, ended.OnFailure, run_context.EventSink.Events),
    exit_status = ended.exit_status,
    interruption = ended.interruption,
  }
end

--- Executes a plan, for scripts. Raises what is wrong before the first step, and
--- what ends the run from outside; a step that fails is told by the result.
---@param plan     idle.Plan
---@param options? idle.ExecuteOptions
---@return idle.ExecutionResult
function execute.execute(plan, options)
  local executed = execute.perform(plan, options)
  if executed.interruption then error(executed.interruption, 0) end
  return executed.result
end

return execute
