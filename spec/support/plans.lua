--- Plans as the planner makes them, written by hand.
local value = require("idle.engine.value")

local plans = {}

--- A step that applies.
---@param name    string
---@param fields? table  more of the step
---@return idle.PlanStep
function plans.step(name, fields)
  local step = { Name = name, Type = "Test", Status = "Planned", With = {}, Comparisons = value.list(),
    RequiresCapabilities = value.list(), Warnings = value.list() }
  for key, field in pairs(fields or {}) do step[key] = field end
  return step
end

--- A plan.
---@param steps   idle.PlanStep[]
---@param fields? table  more of the plan
---@return idle.Plan
function plans.new(steps, fields)
  local plan = {
    WorkflowName = "Joiner", LifecycleEvent = "Joiner", CorrelationId = "c-1", Actor = "hr",
    Request = { LifecycleEvent = "Joiner", CorrelationId = "c-1", Actor = "hr", IdentityKeys = {},
      Intent = { Department = "IT" }, Context = {} },
    Steps = value.list(steps), OnFailureSteps = value.list(), Actions = value.list(), Warnings = value.list(),
  }
  for key, field in pairs(fields or {}) do plan[key] = field end
  return plan
end

return plans
