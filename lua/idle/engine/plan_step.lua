--- One step of a plan: whether it applies, with what it will run, and what it needs (contracts §8.1).
local condition = require("idle.engine.condition")
local condition_paths = require("idle.engine.condition_paths")
local copy = require("idle.engine.copy")
local step_catalogue = require("idle.engine.step_catalogue")
local template = require("idle.engine.template")
local value = require("idle.engine.value")

local plan_step = {}

---@class idle.PlanStep
---@field Name                 string
---@field Type                 string    as the workflow spells it
---@field Description          string
---@field Status               "Planned"|"NotApplicable"
---@field Comparisons          idle.ConditionNote[]  what its condition compared, in order
---@field Condition?           table
---@field Precondition?        table
---@field OnPreconditionFalse? "Blocked"|"Fail"|"Continue"
---@field PreconditionEvent?   { Type: string, Message: string, Data?: table }
---@field Warnings             idle.PathWarning[]
---@field With                 table     templates filled, unless the step is not applicable
---@field Provider?            string    alias of the provider that it uses, by its With or by its type
---@field RequiresCapabilities string[]  sorted
---@field RetryProfile?        string

---@class idle.PlanScope
---@field plan           idle.Plan
---@field catalogue      idle.StepCatalogue
---@field roots          table  what a Condition may look into
---@field run_time_roots table  what a Precondition may look into

local function evaluate(definition, scope)
  local node = definition.ConditionNode
  if not node then return true, {} end
  local where = { step = definition.Name, source = "Condition" }
  condition_paths.check(node, scope.roots, where)
  return condition.explain(node, scope.roots, where)
end

local function fill_with(definition, entry, scope, applies)
  if not applies then return copy.deep(definition.With, "With") end
  local with = template.expand(definition.With, scope.plan.Request, { step = definition.Name })
  step_catalogue.check_with(entry, with, definition.Name)
  return with
end

local function check_precondition(definition, scope)
  local node = definition.PreconditionNode
  if not node then return value.list() end
  local where = { step = definition.Name, source = "Precondition" }
  return value.list({ condition_paths.check(node, scope.run_time_roots, where) })
end

--- Plans a step; what does not change is shared with the definition. Raises for the first
--- thing that is wrong with the step, naming it.
---@param definition idle.StepDefinition
---@param scope      idle.PlanScope
---@return idle.PlanStep
function plan_step.build(definition, scope)
  local applies, comparisons = evaluate(definition, scope)
  local entry = scope.catalogue:require(definition.Type, definition.Name)
  local with = fill_with(definition, entry, scope, applies)
  return {
    Name = definition.Name,
    Type = definition.Type,
    Description = definition.Description,
    Status = applies and "Planned" or "NotApplicable",
    Comparisons = value.list(comparisons),
    Condition = definition.Condition,
    Precondition = definition.Precondition,
    OnPreconditionFalse = definition.OnPreconditionFalse,
    PreconditionEvent = definition.PreconditionEvent,
    Warnings = check_precondition(definition, scope),
    With = with,
    Provider = step_catalogue.provider_alias(entry, with),
    RequiresCapabilities = entry.RequiredCapabilities,
    RetryProfile = definition.RetryProfile,
  }
end

return plan_step
