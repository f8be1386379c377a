--- Checks ExecutionOptions and finds the retry profile of a step (contracts §10.5, §10.6).
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local parameter = require("idle.engine.parameter")
local retry = require("idle.engine.retry")
local suggest = require("idle.engine.suggest")

local execution_options = {}

local KEYS = { "RetryProfiles", "DefaultRetryProfile" }

local function integer(v) return type(v) == "number" and math.tointeger(v) end
local function number(v) return type(v) == "number" and v + 0.0 end

-- A factor has no upper bound but this, below which no power of it is infinite.
local FIELDS = {
  { name = "MaxAttempts", convert = integer, min = 0, max = 10, rule = "an integer between 0 and 10" },
  { name = "InitialDelayMilliseconds", convert = integer, min = 0, max = 60000,
    rule = "an integer between 0 and 60000" },
  { name = "BackoffFactor", convert = number, min = 1, max = 1e30, rule = "a number >= 1.0" },
  { name = "MaxDelayMilliseconds", convert = integer, min = 0, max = 300000,
    rule = "an integer between 0 and 300000" },
  { name = "JitterRatio", convert = number, min = 0, max = 1, rule = "a number between 0.0 and 1.0" },
}
local FIELD_NAMES = {}
for index, field in ipairs(FIELDS) do FIELD_NAMES[index] = field.name end

local function fail(format, ...)
  errors.raise("input.setup", "ExecutionOptions: " .. format:format(...))
end

-- Our spelling of a key, whatever its case. Keys of others are none of our
-- business, but one that is nearly ours is a mistake.
local function known_key(key, names, where)
  for _, name in ipairs(names) do
    if tostring(key):lower() == name:lower() then return name end
  end
  local nearest = suggest.nearest(tostring(key), names)
  if nearest then fail("%sunknown key '%s'; did you mean '%s'?", where, errors.escape(tostring(key)), nearest) end
end

local function known_fields(map, names, where)
  local fields = {}
  for _, key in ipairs(data.sorted_keys(map)) do
    local name = known_key(key, names, where)
    if name then fields[name] = map[key] end
  end
  return fields
end

local function check_profile(name, profile)
  local where = ("retry profile '%s': "):format(name)
  if type(profile) ~= "table" then fail("%smust be a map, not %s", where, parameter.kind(profile)) end
  local given = known_fields(profile, FIELD_NAMES, where)
  local checked = {}
  for _, field in ipairs(FIELDS) do
    local v = retry.DEFAULTS[field.name]
    if given[field.name] ~= nil then v = field.convert(given[field.name]) end
    if not v or not (v >= field.min and v <= field.max) then fail("%s%s must be %s", where, field.name, field.rule) end
    checked[field.name] = v
  end
  if checked.MaxDelayMilliseconds < checked.InitialDelayMilliseconds then
    fail("%sMaxDelayMilliseconds (%d) must be >= InitialDelayMilliseconds (%d)", where, checked.MaxDelayMilliseconds,
      checked.InitialDelayMilliseconds)
  end
  return checked
end

local function sorted_names(profiles)
  local names = {}
  for _, profile in pairs(profiles) do names[#names + 1] = profile.name end
  table.sort(names)
  return names
end

local function check_profiles(profiles)
  if type(profiles) ~= "table" then fail("RetryProfiles must be a map, not %s", parameter.kind(profiles)) end
  local checked = {}
  for _, name in ipairs(data.sorted_keys(profiles)) do
    if type(name) ~= "string" or #name > 64 or not name:find("^[%w_.-]+$") then
      fail("RetryProfiles: the name '%s' must be 1 to 64 of A-Z a-z 0-9 _ . -", errors.escape(tostring(name)))
    end
    checked[name:lower()] = { name = name, profile = check_profile(name, profiles[name]) }
  end
  return checked
end

local function check_default(name, profiles)
  if type(name) ~= "string" or not name:find("%S") then fail("DefaultRetryProfile must be a name") end
  if profiles and not profiles[name:lower()] then
    fail("DefaultRetryProfile '%s' does not exist%s", errors.escape(name), suggest.hint(name, sorted_names(profiles)))
  end
  return name
end

---@class idle.ExecutionOptions
---@field profiles? table<string, { name: string, profile: idle.RetryProfile }>  by lower-case name
---@field default?  string  name of the profile for steps that name none

--- Checks ExecutionOptions before anything runs; raises `input.setup`.
---@param options? table
---@return idle.ExecutionOptions
function execution_options.check(options)
  if options == nil then return {} end
  if type(options) ~= "table" then fail("must be a map, not %s", parameter.kind(options)) end
  local given = known_fields(options, KEYS, "")
  local profiles = given.RetryProfiles and check_profiles(given.RetryProfiles)
  local default = given.DefaultRetryProfile ~= nil and check_default(given.DefaultRetryProfile, profiles) or nil
  return { profiles = profiles, default = default }
end

--- The retry profile of a step.
---@param checked   idle.ExecutionOptions  what `check` returned
---@param step_name string
---@param wanted?   string|table  name of a profile, or a profile of its own
---@return idle.RetryProfile
function execution_options.profile(checked, step_name, wanted)
  if type(wanted) == "table" then return check_profile("of step " .. step_name, wanted) end
  local profiles = checked.profiles or {}
  local name = wanted or (checked.profiles and checked.default)
  if name == nil then return retry.DEFAULTS end
  local found = type(name) == "string" and profiles[name:lower()]
  if not found then
    local names = sorted_names(profiles)
    fail("step '%s': unknown RetryProfile '%s'; available: %s", step_name, errors.escape(tostring(name)),
      #names > 0 and table.concat(names, ", ") or "none")
  end
  return found.profile
end

return execution_options
