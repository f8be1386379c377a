--- Conditions: whether a step applies (`Condition`, when planning), and whether it
--- may run (`Precondition`, right before it would) (contracts §3).
local condition_schema = require("idle.engine.condition_schema")
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local path = require("idle.engine.path")
local redact = require("idle.engine.redact")
local trail = require("idle.engine.trail")

local condition = {}

condition.compile = condition_schema.compile

---@class idle.ConditionWhere
---@field step?   string  name of the step, for errors
---@field source? string  "Condition" (default) or "Precondition"

--- Prepares a condition, or raises all its errors at once.
---@param node  any
---@param where? idle.ConditionWhere
---@return idle.Condition
function condition.parse(node, where)
  where = where or {}
  local source = where.source or "Condition"
  local compiled, problems = condition.compile(node, source)
  if compiled then return compiled end
  local texts = {}
  for index, problem in ipairs(problems) do texts[index] = problem.Path .. ": " .. problem.Message end
  errors.raise("input.workflow", ("invalid %s on step %s: %s"):format(source, data.quote(where.step or ""),
    table.concat(texts, "; ")), { data = { Errors = problems } })
end

local function matches_text(node, actual)
  return node.texts[fold.case(data.text(actual))] == true
end

local function has_element(node, list)
  for index = 1, #list do
    if matches_text(node, list[index]) then return true end
  end
  return false
end

local function matches_pattern(node, actual)
  if not data.is_list(actual) then return node.pattern:matches(data.text(actual)) end
  for index = 1, #actual do
    if node.pattern:matches(data.text(actual[index])) then return true end
  end
  return false
end

local function refuse_kind(node, actual, state, needs)
  state.trail:fail("%s; %s is %s", needs, data.quote(node.path), data.kind(actual))
end

local function contains(node, actual, state)
  if actual == nil then return false end
  if data.is_map(actual) then
    refuse_kind(node, actual, state, "requires Path to resolve to a list, not to a hashtable/dictionary")
  elseif not data.is_list(actual) then
    refuse_kind(node, actual, state, "requires Path to resolve to a list")
  end
  return has_element(node, actual)
end

local function like(node, actual, state)
  if actual == nil then return false end
  if data.is_map(actual) then
    refuse_kind(node, actual, state, "requires Path to resolve to a text or a list, not to a hashtable/dictionary")
  end
  return matches_pattern(node, actual)
end

local function exists(_, actual)
  return actual ~= nil and not (data.is_list(actual) and #actual == 0)
end

local TESTS = {
  Equals = matches_text,
  NotEquals = function(node, actual) return not matches_text(node, actual) end,
  In = matches_text,
  Exists = exists,
  Contains = contains,
  NotContains = function(node, actual, state) return not contains(node, actual, state) end,
  Like = like,
  NotLike = function(node, actual, state) return not like(node, actual, state) end,
}

local function note(node, actual, result, state)
  local is_secret = redact.is_secret_key(node.segments[#node.segments])
  state.trace[#state.trace + 1] = {
    Place = state.trail:text(),
    Operator = node.operator,
    Path = node.path,
    Expected = node.wanted ~= nil and data.text(node.wanted) or nil,
    Actual = actual ~= nil and (is_secret and redact.MARKER or data.text(actual)) or nil,
    Result = result,
  }
end

local evaluate_node

-- What a child must be for the group to be decided, and what the group is then.
local DECIDES = {
  All = { child = false, group = false },
  Any = { child = true, group = true },
  None = { child = true, group = false },
}

local function evaluate_group(node, state)
  local decides = DECIDES[node.group]
  for index, child in ipairs(node.children) do
    if node.is_list then state.trail:push(index) end
    local result = evaluate_node(child, state)
    if node.is_list then state.trail:pop() end
    if result == decides.child then return decides.group end
  end
  return not decides.group
end

local function evaluate_operator(node, state)
  local actual = path.resolve(state.roots, node.segments)
  local result = TESTS[node.operator](node, actual, state)
  if state.trace then note(node, actual, result, state) end
  return result
end

function evaluate_node(node, state)
  state.trail:push(node.group or node.operator)
  local result = (node.group and evaluate_group or evaluate_operator)(node, state)
  state.trail:pop()
  return result
end

local function new_state(roots, where, trace)
  where = where or {}
  local source = where.source or "Condition"
  local root = where.step and ("Step '%s': %s"):format(errors.escape(where.step), source) or "Step: " .. source
  return { roots = roots, trail = trail.new(root, "input.workflow"), trace = trace }
end

--- Whether a condition holds. Raises where a value is of a kind that the operator
--- cannot look into.
---@param compiled idle.Condition
---@param roots    { Request: table, Plan?: table, Workflow?: table }
---@param where?   idle.ConditionWhere
---@return boolean
function condition.evaluate(compiled, roots, where)
  return evaluate_node(compiled, new_state(roots, where))
end

---@class idle.ConditionNote  one comparison that was made
---@field Place    string   of the node
---@field Operator string
---@field Path     string
---@field Expected string?  what it was compared with
---@field Actual   string?  nil = missing or null; secrets by name are replaced
---@field Result   boolean

--- Whether a condition holds, and every comparison that decided it, in order.
---@param compiled idle.Condition
---@param roots    table
---@param where?   idle.ConditionWhere
---@return boolean              result
---@return idle.ConditionNote[] notes
function condition.explain(compiled, roots, where)
  local trace = {}
  local result = evaluate_node(compiled, new_state(roots, where, trace))
  return result, trace
end

--- A comparison in words: `Request.Intent.Department Equals 'HR' is false`.
---@param comparison idle.ConditionNote
---@return string
function condition.describe(comparison)
  local wanted = comparison.Expected and " " .. data.quote(comparison.Expected) or ""
  return ("%s %s%s is %s"):format(data.shown(comparison.Path), comparison.Operator, wanted,
    comparison.Result and "true" or "false")
end

return condition
