--- Checks that the paths of a condition lead somewhere before it is evaluated:
--- a misspelled path would otherwise read as null, and `NotContains` as true
--- (contracts §3.5, W-09).
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local path = require("idle.engine.path")
local value = require("idle.engine.value")

local condition_paths = {}

local CONTEXT = "request.context."

-- Operators in the order of the document.
local function collect(node, found)
  if node.operator then
    found[#found + 1] = node
    return found
  end
  for _, child in ipairs(node.children) do collect(child, found) end
  return found
end

local function missing(compiled, roots, with_exists)
  local nodes, seen = {}, {}
  for _, node in ipairs(collect(compiled, {})) do
    local is_checked = with_exists or node.operator ~= "Exists"
    if is_checked and not seen[node.path] and not path.exists(roots, node.segments) then
      seen[node.path] = true
      nodes[#nodes + 1] = node
    end
  end
  return nodes
end

local function explain(node, roots)
  return ("%s (%s)"):format(data.quote(node.path), path.explain(roots, node.segments))
end

local function raise_missing(nodes, roots, where)
  local texts, paths = {}, value.list()
  for index, node in ipairs(nodes) do
    texts[index], paths[index] = explain(node, roots), node.path
  end
  errors.raise("input.workflow", ("step %s: unresolved condition path in %s: %s"):format(data.quote(where.step or ""),
    where.source or "Condition", table.concat(texts, ", ")), { data = { Paths = paths } })
end

local function is_soft(node)
  return node.path:sub(1, #CONTEXT):lower() == CONTEXT
end

---@class idle.PathWarning
---@field Code    "PreconditionContextPathUnresolvedAtPlan"
---@field Type    "Warning"
---@field Step    string
---@field Source  "Precondition"
---@field Paths   idle.List
---@field Message string

local function warning(nodes, where)
  local paths = value.list()
  for index, node in ipairs(nodes) do paths[index] = node.path end
  return {
    Code = "PreconditionContextPathUnresolvedAtPlan",
    Type = "Warning",
    Step = where.step or "",
    Source = "Precondition",
    Paths = paths,
    Message = ("step %s: Precondition paths are not there yet when planning; they must be when the step runs: %s")
      :format(data.quote(where.step or ""), errors.escape(table.concat(paths, ", "))),
  }
end

---@class idle.PathCheck: idle.ConditionWhere
---@field at_run_time? boolean  default: when planning

--- Refuses a condition with a path that leads nowhere, naming all of them. When
--- planning, a precondition may look into a context that is filled later: that
--- is a warning. `Exists` is what asks whether a path leads somewhere; it is
--- checked only in a precondition, when planning.
---@param compiled idle.Condition
---@param roots    table
---@param where    idle.PathCheck
---@return idle.PathWarning?
function condition_paths.check(compiled, roots, where)
  local is_planned_precondition = where.source == "Precondition" and not where.at_run_time
  local hard, soft = {}, {}
  for _, node in ipairs(missing(compiled, roots, is_planned_precondition)) do
    local list = is_planned_precondition and is_soft(node) and soft or hard
    list[#list + 1] = node
  end
  if #hard > 0 then raise_missing(hard, roots, where) end
  return #soft > 0 and warning(soft, where) or nil
end

return condition_paths
