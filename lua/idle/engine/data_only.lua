--- The data-only rule (contracts §2.4): what comes from a file or a caller holds
--- no code, neither a script block nor a function.
local data = require("idle.engine.data")
local trail = require("idle.engine.trail")
local value = require("idle.engine.value")

local data_only = {}

local function is_script_block(v)
  return type(v) == "table" and data.is_code(v)
end

local function is_code_or_secret(v)
  return data.is_code(v) or value.is_secret(v)
end

-- A quick look, without an idea of where it is: false if the precise walk would
-- raise. Marks: true = we are inside of this table, false = it is clean.
local function is_clean(t, is_code, marks, depth)
  if depth > data.MAX_DEPTH then return false end
  marks[t] = true
  for key, field in next, t do
    local kind = type(field)
    if kind == "table" then
      local mark = marks[field]
      if mark or is_code(field) then return false end
      if mark == nil and not is_clean(field, is_code, marks, depth + 1) then return false end
    elseif kind ~= "string" and is_code(field) then
      return false
    end
    if type(key) ~= "string" and is_code(key) then return false end
  end
  marks[t] = false
  return true
end

local function refuse(state, v, depth)
  if value.is_secret(v) then
    trail.raise(state.kind, state.root, state.keys, depth,
      "a secret must not be part of a plan; let the AuthSessionBroker or the provider have it")
  end
  trail.raise(state.kind, state.root, state.keys, depth,
    ("ScriptBlocks are not allowed; this is %s, and only data may stand here"):format(
      type(v) == "table" and "a script block" or "a " .. type(v)))
end

-- The precise walk, in the order of the keys, so that the first place is always the same.
local function walk(v, state, depth)
  if state.is_code(v) then refuse(state, v, depth) end
  if type(v) ~= "table" or state.marks[v] == false then return end
  if state.marks[v] then trail.raise(state.kind, state.root, state.keys, depth, trail.CYCLE) end
  if depth >= data.MAX_DEPTH then trail.raise(state.kind, state.root, state.keys, depth, trail.TOO_DEEP) end
  state.marks[v] = true
  for _, key in ipairs(data.sorted_keys(v)) do
    state.keys[depth + 1] = key
    if state.is_code(key) then refuse(state, key, depth + 1) end
    walk(v[key], state, depth + 1)
  end
  state.marks[v] = false
end

---@class idle.DataOnlyOptions
---@field kind?      string   of the error; default "input.workflow"
---@field functions? boolean  true = Lua functions may stay: the methods of a provider
---@field no_secrets? boolean true = secrets are refused, too: what becomes a plan is shown, written and reviewed

--- Refuses a value that holds code, naming the first place in order. Raises also
--- for a value that contains itself or is nested too deeply (W-26).
---@param v    any
---@param root string  the word that stands for the value: "Workflow", "Intent", "Plan" …
---@param options? idle.DataOnlyOptions
function data_only.check(v, root, options)
  options = options or {}
  local is_code = options.functions and is_script_block or options.no_secrets and is_code_or_secret or data.is_code
  if type(v) == "table" and not is_code(v) and is_clean(v, is_code, {}, 1) then return end
  walk(v, { root = root, kind = options.kind or "input.workflow", is_code = is_code, keys = {}, marks = {} }, 0)
end

return data_only
