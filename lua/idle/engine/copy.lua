--- Copies values in depth, so that nothing the engine keeps is shared with its
--- caller (W-10), and lists stay lists whatever their length (W-01).
local data = require("idle.engine.data")
local trail = require("idle.engine.trail")
local value = require("idle.engine.value")

local copy = {}

local copy_any

local function copy_list(list, state, depth)
  local result, keys = value.list(), state.keys
  for index = 1, #list do
    keys[depth] = index
    result[index] = copy_any(list[index], state, depth)
  end
  return result
end

-- The entries of a map; in order only if that was asked for, because sorting costs more than copying.
local function each(map, state)
  if not state.in_order then return next, map end
  local keys, index = data.sorted_keys(map), 0
  return function()
    index = index + 1
    return keys[index], map[keys[index]]
  end
end

local function copy_map(map, state, depth)
  local result, keys = {}, state.keys
  for key, field in each(map, state) do
    keys[depth] = key
    if not (state.drop_methods and data.is_code(field)) then
      result[type(key) == "string" and key or tostring(key)] = copy_any(field, state, depth)
    end
  end
  return result
end

local function copy_table(t, state, depth)
  if value.is_bytes(t) then return value.bytes(t[1]) end
  if data.is_code(t) or t == data.NULL then return t end
  -- A table met again is the same copy: what was shared stays shared. While a
  -- table is being copied its mark is false.
  local finished = state.copies[t]
  if finished then return finished end
  if finished == false then trail.raise(state.kind, state.root, state.keys, depth, trail.CYCLE) end
  if depth >= data.MAX_DEPTH then trail.raise(state.kind, state.root, state.keys, depth, trail.TOO_DEEP) end
  state.copies[t] = false
  local result = (data.is_list(t) and copy_list or copy_map)(t, state, depth + 1)
  state.copies[t] = result
  return result
end

function copy_any(v, state, depth)
  local kind = type(v)
  if kind == "table" then return copy_table(v, state, depth) end
  if kind == "string" and state.map_text then return state.map_text(v, state.keys, depth) end
  return v
end

---@class idle.CopyOptions
---@field kind?         string   of the errors; default "input.workflow"
---@field map_text?     fun(text: string, keys: any[], depth: integer): any  what takes the place of a text, and the
---                              way to it; keys of maps stay as they are
---@field drop_methods? boolean  true = fields that hold functions are left out
---@field in_order?     boolean  true = maps are walked in the order of their keys, so that map_text raises
---                              for the same text each time

--- Copies a value. Raises if it contains itself or is nested too deeply.
---@param v    any
---@param root string  names the value in errors
---@param options? idle.CopyOptions
---@return any
function copy.deep(v, root, options)
  options = options or {}
  return copy_any(v, {
    root = root,
    kind = options.kind or "input.workflow",
    map_text = options.map_text,
    drop_methods = options.drop_methods,
    in_order = options.in_order,
    keys = {},
    copies = {},
  }, 0)
end

return copy
