--- Executes plans as the engine does, with steps that end as a spec says, and keeps what is seen of it.
local errors = require("idle.engine.errors")
local execute = require("idle.engine.execute")
local execute_precondition = require("idle.engine.execute_precondition")
local seen_events = require("spec.support.seen_events")

local plan_run = {}

---@class spec.PlanRun  of the plan that was executed last
---@field seen  table[]  events
---@field taken table[]  steps that ran: name, index, section

---@return spec.PlanRun
function plan_run.new()
  local stage = {}

  --- Executes a plan; `outcomes` says by name how steps end, else they complete.
  function stage.run(plan, outcomes)
    stage.seen, stage.taken = {}, {}
    local port = { preconditions = {} }
    execute_precondition.prepare(plan.Steps, port.preconditions)
    execute_precondition.prepare(plan.OnFailureSteps, port.preconditions)
    function port.write(type_name, message, step_name, data)
      stage.seen[#stage.seen + 1] = { Type = type_name, Message = message, StepName = step_name, Data = data }
    end
    function port.run_step(step, record, index, section)
      stage.taken[#stage.taken + 1] = { name = step.Name, index = index, section = section }
      local outcome = outcomes and outcomes[step.Name] or {}
      if outcome.raise then error(outcome.raise, 0) end
      record.Attempts = 1
      record.Status = outcome.status or (outcome.error and "Failed" or "Completed")
      record.Changed = outcome.changed
      return { error = outcome.error, raised = outcome.raised }
    end
    return execute.run(plan, port)
  end

  --- The types of the events, in their order.
  function stage.types_seen()
    return table.concat(seen_events.types(stage.seen), " ")
  end

  --- The first event of a type.
  function stage.event_of(type_name)
    return seen_events.first_of(stage.seen, type_name)
  end

  return stage
end

--- Names and statuses of steps, in their order.
---@param records table[]
---@return string
function plan_run.statuses(records)
  local list = {}
  for index, record in ipairs(records) do list[index] = record.Name .. " " .. record.Status end
  return table.concat(list, ", ")
end

--- An outcome: a step that fails.
---@param effect? idle.Effect  default: none
---@param fields? table        more of the error
function plan_run.failure(effect, fields)
  local all = { effect = effect or "none" }
  for key, field in pairs(fields or {}) do all[key] = field end
  local err = errors.new("step.failed", "boom", all)
  err.step = "x"
  return { error = err }
end

return plan_run
