--- Executes plans as the engine does, with steps that end as a spec says, and keeps what is seen of it.
local errors = require("idle.engine.errors")
local execute = require("idle.engine.execute")
local execute_precondition = require("idle.engine.execute_precondition")
local stages = require("spec.support.stage")

local plan_stage = {}

--- Conditions about the request of spec/support/plans.lua, by what they come to.
plan_stage.TRUE = { Equals = { Path = "Request.Intent.Department", Value = "IT" } }
plan_stage.FALSE = { Equals = { Path = "Request.Intent.Department", Value = "HR" } }

---@class spec.PlanStage: spec.Stage
---@field taken table[]  steps that ran: name, index, section

---@return spec.PlanStage
function plan_stage.new()
  local stage = stages.new()

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

  return stage
end

--- Names and statuses of steps, in their order.
---@param records table[]
---@return string
function plan_stage.statuses(records)
  local list = {}
  for index, record in ipairs(records) do list[index] = record.Name .. " " .. record.Status end
  return table.concat(list, ", ")
end

--- An outcome: a step that fails.
---@param effect? idle.Effect  default: none
---@param fields? table        more of the error
function plan_stage.failure(effect, fields)
  local all = { effect = effect or "none" }
  for key, field in pairs(fields or {}) do all[key] = field end
  local err = errors.new("step.failed", "boom", all)
  err.step = "x"
  return { error = err }
end

return plan_stage
