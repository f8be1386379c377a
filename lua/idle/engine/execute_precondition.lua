--- Whether a step may run, asked right before it would (contracts §10.3, §3.7).
local condition = require("idle.engine.condition")
local condition_paths = require("idle.engine.condition_paths")
local context_resolvers = require("idle.engine.context_resolvers")
local data = require("idle.engine.data")

local execute_precondition = {}

-- The last ones decide; a text of thousands would tell nobody anything.
local MAX_COMPARISONS = 10

local function with_field(map, key, field)
  local wider = {}
  for name, other in next, map do wider[name] = other end
  wider[key] = field
  return wider
end

-- What the paths of a precondition begin with. `Current` exists in this view
-- only: the plan itself is never changed, so nothing has to be taken back.
local function roots_of(plan, step)
  local request = plan.Request or {}
  local context = data.get(request, "Context")
  if not data.is_map(context) or select(2, data.get(context, "Current")) then
    return { Plan = plan, Request = request }
  end
  local current = context_resolvers.current({ Context = context }, step.With or {}, step.Provider)
  if current == nil then current = data.NULL end
  request = with_field(request, "Context", with_field(context, "Current", current))
  return { Plan = with_field(plan, "Request", request), Request = request }
end

--- Prepares the preconditions of steps. Raises for one that could not be evaluated.
---@param steps idle.PlanStep[]
---@param into  table<idle.PlanStep, idle.Condition>
function execute_precondition.prepare(steps, into)
  for _, step in ipairs(steps) do
    if step.Status ~= "NotApplicable" and data.is_map(step.Precondition) then
      into[step] = condition.parse(step.Precondition, { step = step.Name, source = "Precondition" })
    end
  end
end

--- Whether the precondition of a step holds. Raises if a path leads nowhere, or
--- to a value of a kind that the operator cannot look into.
---@param compiled idle.Condition?  nil = what stands there is no condition, so it does not hold
---@param plan     idle.Plan
---@param step     idle.PlanStep
---@return boolean              holds
---@return idle.ConditionNote[] notes  the comparisons that decided it, if it does not hold
function execute_precondition.holds(compiled, plan, step)
  if not compiled then return false, {} end
  local roots, where = roots_of(plan, step), { step = step.Name, source = "Precondition", at_run_time = true }
  condition_paths.check(compiled, roots, where)
  if condition.evaluate(compiled, roots, where) then return true, {} end
  return condition.explain(compiled, roots, where)
end

local function text_of(note)
  return ("%s (the value is %s)"):format(condition.describe(note), note.Actual and data.quote(note.Actual) or "null")
end

--- What a condition compared, in words.
---@param notes idle.ConditionNote[]
---@return string?  nil = nothing
function execute_precondition.reason(notes)
  if #notes == 0 then return nil end
  local texts, omitted = {}, math.max(0, #notes - MAX_COMPARISONS)
  for index = omitted + 1, #notes do texts[#texts + 1] = text_of(notes[index]) end
  return (omitted > 0 and ("after %d others: "):format(omitted) or "") .. table.concat(texts, "; ")
end

return execute_precondition
