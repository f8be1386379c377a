--- Which keys the `With` of a step type must and may have (contracts §5.2).
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local suggest = require("idle.engine.suggest")
local value = require("idle.engine.value")

local with_schema = {}

---@class idle.WithSchema
---@field required string[]  sorted
---@field allowed  string[]  required and optional ones, sorted
---@field known    table<string, true>  the allowed ones, folded; nil in a schema that allows everything

-- Keys of a step that beginners put into its With.
local OF_THE_STEP = {}
for _, key in ipairs({ "Condition", "Precondition", "OnPreconditionFalse", "PreconditionEvent", "RetryProfile" }) do
  OF_THE_STEP[key:lower()] = key
end

local function fail(owner, key, format, ...)
  errors.raise("input.setup", ("%s: WithSchema%s %s"):format(owner, key and "." .. key or "", format:format(...)))
end

local function read_keys(schema, key, owner)
  local names, spelling = data.get(schema, key)
  if spelling == nil then fail(owner, key, "is missing") end
  if data.is_null(names) then fail(owner, key, "must not be null") end
  if type(names) ~= "string" and not data.is_list(names) and not data.is_empty_table(names) then
    fail(owner, key, "must be a text or a list of texts, got %s", data.kind(names))
  end
  local list = {}
  for index, name in ipairs(data.items(names)) do
    if type(name) ~= "string" or data.is_blank(name) then
      fail(owner, ("%s[%d]"):format(key, index - 1), "must be a key, got %s", data.quote(name))
    end
    list[index] = name
  end
  table.sort(list)
  return list
end

local function folded_set(names)
  local set = {}
  for _, name in ipairs(names) do set[fold.case(name)] = name end
  return set
end

--- Reads the WithSchema of a step type's metadata.
---@param schema any
---@param owner  string  begins errors: who describes which step type
---@return idle.WithSchema
function with_schema.read(schema, owner)
  if data.is_null(schema) then fail(owner, nil, "is missing") end
  if not data.is_map(schema) then fail(owner, nil, "must be a hashtable, got %s", data.kind(schema)) end
  local required, optional = read_keys(schema, "RequiredKeys", owner), read_keys(schema, "OptionalKeys", owner)
  local is_required, allowed = folded_set(required), table.move(required, 1, #required, 1, {})
  for _, key in ipairs(optional) do
    if is_required[fold.case(key)] then
      fail(owner, nil, "has the key '%s' in both RequiredKeys and OptionalKeys", errors.escape(key))
    end
    allowed[#allowed + 1] = key
  end
  table.sort(allowed)
  local known = folded_set(allowed)
  return { required = value.list(required), allowed = value.list(allowed), known = not known["*"] and known or nil }
end

local function unknown_keys(schema, with)
  local list = {}
  for _, key in ipairs(data.sorted_keys(with)) do
    if not schema.known[fold.case(tostring(key))] then list[#list + 1] = tostring(key) end
  end
  return list
end

-- The misspelled key that was meant to be a required one.
local function misspelling(schema, with, wanted)
  for _, key in ipairs(schema.known and unknown_keys(schema, with) or {}) do
    if suggest.nearest(key, schema.allowed) == wanted then return key end
  end
end

local function missing_problem(schema, with, key)
  local written = misspelling(schema, with, key)
  return {
    Key = written or key,
    Message = ("requires With.%s (required: %s)%s"):format(key, table.concat(schema.required, ", "),
      written and ("; With has the unknown key '%s'; did you mean '%s'?"):format(data.shown(written), key) or ""),
    Meant = written and key,
  }
end

local function unknown_problem(schema, key)
  local word = data.shown(key)
  local of_step = OF_THE_STEP[key:lower()]
  return {
    Key = key,
    Message = ("With.%s is an unknown key (supported: %s)%s"):format(word, table.concat(schema.allowed, ", "),
      of_step and ("; '%s' belongs to the step: move it out of With"):format(of_step)
      or suggest.key_hint(word, schema.allowed)),
  }
end

---@class idle.WithProblem
---@field Key     string  of With
---@field Message string

--- Everything wrong with the keys of a With: missing ones first, then unknown ones.
---@param schema idle.WithSchema
---@param with   table
---@return idle.WithProblem[]
function with_schema.problems(schema, with)
  local problems, reported = {}, {}
  for _, key in ipairs(schema.required) do
    if key ~= "*" and select(2, data.get(with, key)) == nil then
      local problem = missing_problem(schema, with, key)
      problems[#problems + 1] = problem
      if problem.Meant then reported[problem.Key] = true end
    end
  end
  for _, key in ipairs(schema.known and unknown_keys(schema, with) or {}) do
    if not reported[key] then problems[#problems + 1] = unknown_problem(schema, key) end
  end
  return problems
end

return with_schema
