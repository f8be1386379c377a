--- IdLE.Step.EnsureAttributes: attributes have the values that With gives; null clears one.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local identity = require("idle.steps.identity")
local outcome = require("idle.steps.outcome")
local provider_call = require("idle.steps.provider_call")
local value = require("idle.engine.value")
local with = require("idle.steps.with")

local WORD = "EnsureAttributes"

local function attributes(v)
  local map, what = with.map(v)
  if map and next(map) == nil then
    errors.raise("input.with", WORD .. " requires With.Attributes to contain at least one attribute")
  end
  return map, what
end

local KEYS = { identity.KEY, { key = "Attributes", read = attributes, required = true } }

---@class idle.AttributeResult
---@field Name    string
---@field Changed boolean
---@field Error   any  null

local function new_entry(context, name, changed)
  return { Name = tostring(name), Changed = changed, Error = context.null }
end

local function all_at_once(call, context, values)
  local answer = call:invoke("EnsureAttributes", values.IdentityKey, values.Attributes)
  local changed = call:changed("EnsureAttributes", answer) or false
  local told = type(answer) == "table" and data.get(answer, "Attributes")
  if data.is_list(told) then return changed, told end
  -- Which of them changed is not known then.
  local list = value.list()
  for index, name in ipairs(data.sorted_keys(values.Attributes)) do list[index] = new_entry(context, name, changed) end
  return changed, list
end

local function ensure_one(call, key, name, wanted)
  -- An argument is neither list nor map, so null is nil there.
  if data.is_null(wanted) then wanted = nil end
  return call:changed("EnsureAttribute", call:invoke("EnsureAttribute", key, name, wanted)) or false
end

-- What was written stays written when a later attribute fails, and the error says so.
local function one_by_one(call, context, values)
  local list, any_changed = value.list(), false
  for _, name in ipairs(data.sorted_keys(values.Attributes)) do
    local ok, changed = pcall(ensure_one, call, values.IdentityKey, tostring(name), values.Attributes[name])
    if not ok then
      error(any_changed and outcome.after_changes(changed, { Changed = true, Attributes = list }) or changed, 0)
    end
    any_changed = any_changed or changed
    list[#list + 1] = new_entry(context, name, changed)
  end
  return any_changed, list
end

--- Runs the step.
---@param context idle.StepContext
---@param with_   table
---@param step    { Name: string, Type: string }
---@return idle.StepResult  Data.Attributes: idle.AttributeResult[], sorted by name
local function ensure_attributes(context, with_, step)
  local values = provider_call.read(WORD, with_, KEYS, identity.PROVIDER)
  local call = provider_call.open(context, WORD, values, {})
  local at_once = call:has("EnsureAttributes")
  if not at_once then call:require("EnsureAttribute") end
  local changed, list = (at_once and all_at_once or one_by_one)(call, context, values)
  local result = outcome.completed(step, changed)
  result.Data = { Attributes = list }
  return result
end

return ensure_attributes
