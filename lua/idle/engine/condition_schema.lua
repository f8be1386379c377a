--- Checks a condition and prepares it (contracts §3.1 to §3.3, §3.6). All its
--- mistakes are found, each with the place of its node.
local data = require("idle.engine.data")
local fold = require("idle.engine.fold")
local path = require("idle.engine.path")
local suggest = require("idle.engine.suggest")
local trail = require("idle.engine.trail")
local wildcard = require("idle.engine.wildcard")

local condition_schema = {}

---@class idle.Condition  a prepared node; made by `condition.compile`
---@field group?    string            All, Any or None
---@field children? idle.Condition[]
---@field is_list?  boolean           whether the children stood in a list
---@field operator? string            Equals, NotEquals, Exists, In, Contains, NotContains, Like or NotLike
---@field path?     string            as written, without the leading "context."
---@field segments? string[]          of the path
---@field wanted?   any               what it is compared with: Value, Values or Pattern, as written
---@field texts?    table<string, true>  what it is compared with, as folded text
---@field pattern?  idle.Wildcard

local GROUPS = { "All", "Any", "None" }
local OPERATORS = { "Equals", "NotEquals", "Exists", "In", "Contains", "NotContains", "Like", "NotLike" }
local PATH_AND_VALUE = { "Path", "Value" }
local OPERANDS = { Equals = PATH_AND_VALUE, NotEquals = PATH_AND_VALUE, Exists = { "Path" }, In = { "Path", "Values" },
  Contains = PATH_AND_VALUE, NotContains = PATH_AND_VALUE, Like = { "Path", "Pattern" },
  NotLike = { "Path", "Pattern" } }
local OPERAND_NAMES = { path = "Path", value = "Value", values = "Values", pattern = "Pattern" }

local KNOWN, ALL_NAMES = {}, {}
for _, names in ipairs({ GROUPS, OPERATORS }) do
  for _, name in ipairs(names) do
    KNOWN[name], KNOWN[name:lower()] = name, name
    ALL_NAMES[#ALL_NAMES + 1] = name
  end
end

local IS_GROUP = { All = true, Any = true, None = true }

local function fail(state, format, ...)
  local place = state.trail
  state.errors[#state.errors + 1] = {
    Path = place:text(), Keys = table.move(place.keys, 1, place.depth, 1, {}), Message = format:format(...),
  }
end

local function quoted(names)
  return "'" .. table.concat(names, "', '") .. "'"
end

local function fail_unknown(state, key, allowed, what)
  local word = data.shown(tostring(key))
  fail(state, "unknown key '%s' (%s: %s)%s", word, what, table.concat(allowed, ", "), suggest.key_hint(word, allowed))
end

-- The fields of an operator's operand by the right spelling of their keys. A
-- field may be null and still be there, so null is kept.
local function read_operand(operand, allowed, state)
  local fields, unknown = {}, {}
  for key, field in next, operand do
    local name = OPERAND_NAMES[fold.case(tostring(key))]
    if name and (name == allowed[1] or name == allowed[2]) then
      fields[name] = field
    else
      unknown[key] = true
    end
  end
  if next(unknown) ~= nil then
    for _, key in ipairs(data.sorted_keys(unknown)) do fail_unknown(state, key, allowed, "allowed") end
  end
  return fields
end

local function read_path(text, node, state, what)
  if data.is_blank(text) then return fail(state, "%s is missing or blank", what) end
  if type(text) ~= "string" then return fail(state, "%s must be a text, got %s", what, data.kind(text)) end
  node.path = text:find("^[Cc]") and text:gsub("^[Cc][Oo][Nn][Tt][Ee][Xx][Tt]%.", "") or text
  node.segments = path.split(node.path)
  if not node.segments then fail(state, "%s %s has an empty segment", what, data.quote(text)) end
end

local function read_value(fields, node, state)
  if fields.Value == nil then return fail(state, "Value is missing; it may be $null, but it must be there") end
  node.wanted = fields.Value
  node.texts = { [fold.case(data.text(fields.Value))] = true }
end

local function read_values(fields, node, state)
  local values = fields.Values
  if values == nil then return fail(state, "Values is missing") end
  if data.is_null(values) then return fail(state, "Values must not be null") end
  if data.is_map(values) and (state.is_data_file or not data.is_empty_table(values)) then
    return fail(state, "Values must be a list, got a map")
  end
  node.wanted, node.texts = values, {}
  for _, candidate in ipairs(data.items(values)) do node.texts[fold.case(data.text(candidate))] = true end
end

local function read_pattern(fields, node, state)
  if data.is_null(fields.Pattern) then return fail(state, "Pattern is missing") end
  node.wanted = fields.Pattern
  local problem
  node.pattern, problem = wildcard.compile(data.text(fields.Pattern))
  if not node.pattern then fail(state, "Pattern %s is malformed: %s", data.quote(fields.Pattern), problem) end
end

local READ_REST = { In = read_values, Like = read_pattern, NotLike = read_pattern, Exists = function() end }

local function compile_operator(name, operand, state)
  local node = { operator = name }
  if name == "Exists" and not data.is_map(operand) then
    read_path(operand, node, state, "the path")
    return node
  end
  if not data.is_map(operand) then
    fail(state, "%s must be a map with %s, got %s", name, quoted(OPERANDS[name]), data.kind(operand))
    return node
  end
  local fields = read_operand(operand, OPERANDS[name], state)
  read_path(fields.Path, node, state, "Path")
  local read_rest = READ_REST[name] or read_value
  read_rest(fields, node, state)
  return node
end

local compile_node

local function compile_group(name, content, state)
  local is_list = data.is_list(content)
  if data.is_null(content) then return fail(state, "%s must not be null", name) end
  if not is_list and not data.is_map(content) then
    return fail(state, "%s must be a list of conditions, got %s", name, data.kind(content))
  end
  if next(content) == nil then return fail(state, "%s must have at least one condition", name) end
  if not is_list then return { group = name, children = { compile_node(content, state) }, is_list = false } end
  local children = {}
  for index = 1, #content do
    state.trail:push(index)
    children[index] = compile_node(content[index], state) or {}
    state.trail:pop()
  end
  return { group = name, children = children, is_list = true }
end

-- The recognised keys of a node, in order.
local function recognised(node, state)
  local found = {}
  local only = next(node)
  local has_one_key = only ~= nil and next(node, only) == nil
  for _, key in ipairs(has_one_key and { only } or data.sorted_keys(node)) do
    local name = KNOWN[key] or KNOWN[fold.case(tostring(key))]
    if name then
      found[#found + 1] = { name = name, key = key }
    else
      fail_unknown(state, key, ALL_NAMES, "a condition is one of")
    end
  end
  return found
end

local function fail_several(found, state)
  local groups, names = 0, {}
  for index, entry in ipairs(found) do
    names[index] = entry.name
    if IS_GROUP[entry.name] then groups = groups + 1 end
  end
  local is_mixed = groups > 0 and groups < #found
  fail(state, "%s; a condition has exactly one of them, others go into 'All'",
    is_mixed and ("mixes the group and the operator keys " .. quoted(names)) or ("has several keys, " .. quoted(names)))
end

function compile_node(node, state)
  if not data.is_map(node) then
    return fail(state, "a condition must be a map, got %s", data.kind(node))
  end
  local before = #state.errors
  local found = recognised(node, state)
  if #found > 1 then return fail_several(found, state) end
  if #found == 0 then
    if #state.errors > before then return nil end
    return fail(state, "no recognised key; a condition is one of: %s", table.concat(ALL_NAMES, ", "))
  end
  local entry = found[1]
  state.trail:push(entry.name)
  local compile = IS_GROUP[entry.name] and compile_group or compile_operator
  local compiled = compile(entry.name, node[entry.key], state)
  state.trail:pop()
  return compiled
end

---@class idle.ConditionError
---@field Path    string  the node, such as `Condition.All[1].Equals`
---@field Keys    any[]   the way to it from the condition
---@field Message string

--- Checks and prepares a condition.
---@param node any     as it stands in the workflow
---@param root string  begins the paths of errors: "Condition" or "Precondition"
---@param is_data_file? boolean  every list is marked as one, so that an empty map is none
---@return idle.Condition?       compiled  nil = there are errors
---@return idle.ConditionError[] errors
function condition_schema.compile(node, root, is_data_file)
  local state = { trail = trail.new(root, "input.workflow"), errors = {}, is_data_file = is_data_file }
  local compiled = compile_node(node, state)
  return #state.errors == 0 and compiled or nil, state.errors
end

return condition_schema
