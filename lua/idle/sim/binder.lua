--- Binds the parameters of a command as PowerShell does: names in any case or abbreviated, values
--- converted to the parameter's type, and the same errors if that can't be done.
local data = require("idle.engine.data")
local records = require("idle.sim.records")
local value = require("idle.engine.value")

local binder = {}

---@class idle.SimParameter
---@field convert      fun(v: any): any, string?  the converted value, or nil and why not
---@field is_mandatory? boolean

---@class idle.SimCommand
---@field class      string  name of the class that implements the cmdlet; it ends the error ids
---@field parameters table<string, idle.SimParameter>
---@field package mandatory? string[]  names of the parameters that must be given, sorted
---@field run        fun(context: table, arguments: table): table?  returns the list of output objects

-- What every cmdlet takes. Nothing of it matters here.
local COMMON = {
  "ErrorAction", "WarningAction", "Verbose", "Debug", "InformationAction", "ErrorVariable", "WarningVariable",
  "InformationVariable", "OutVariable", "OutBuffer", "PipelineVariable",
}

local function type_name_of(v)
  local number = math.type(v)
  if number then return number == "integer" and "System.Int32" or "System.Double" end
  if type(v) == "table" then return value.is_sequence(v) and "System.Object[]" or "System.Collections.Hashtable" end
  return ({ string = "System.String", boolean = "System.Boolean" })[type(v)] or "System.Object"
end

local function cannot(v, type_name)
  return ('Cannot convert the "%s" value of type "%s" to type "%s".'):format(
    type(v) == "table" and type_name_of(v) or tostring(v), type_name_of(v), type_name)
end

local function cannot_read(v, type_name, why)
  return ('Cannot convert value "%s" to type "%s". Error: "%s"'):format(tostring(v), type_name, why)
end

local types = {}
binder.types = types

function types.any(v) return v end

function types.string(v)
  if type(v) == "table" then return nil, cannot(v, "System.String") end
  return tostring(v)
end

function types.integer(v)
  if type(v) == "table" then return nil, cannot(v, "System.Int32") end
  local number = tonumber(v)
  if number then return math.floor(number + 0.5) end
  return nil, cannot_read(v, "System.Int32", "Input string was not in a correct format.")
end

function types.number(v)
  if type(v) ~= "table" and tonumber(v) then return tonumber(v) end
  return nil, cannot_read(v, "System.Double", "Input string was not in a correct format.")
end

function types.boolean(v)
  if type(v) == "boolean" then return v end
  if type(v) == "number" then return v ~= 0 end
  return nil, ('Cannot convert value "%s" to type "System.Boolean". Boolean parameters accept only Boolean values and '
    .. 'numbers, such as $True, $False, 1 or 0.'):format(type_name_of(v))
end

function types.guid(v)
  local hex = "%x%x%x%x"
  local form = "^" .. hex .. hex .. "%-" .. hex .. "%-" .. hex .. "%-" .. hex .. "%-" .. hex .. hex .. hex .. "$"
  if type(v) == "string" and v:find(form) then return v:lower() end
  return nil, cannot_read(v, "System.Guid", "Guid should contain 32 digits with 4 dashes.")
end

--- An enum: a name in any case, or a number.
---@param type_name string
---@param names     string[]  the first one has the number 0
function types.enum(type_name, names)
  return function(v)
    for number, name in ipairs(names) do
      if v == number - 1 or (type(v) == "string" and v:lower() == name:lower()) then return name end
    end
    return nil, cannot_read(v, type_name, ("Unable to match the identifier name %s to a valid enumerator name. Specify "
      .. "one of the following enumerator names and try again: %s"):format(tostring(v), table.concat(names, ", ")))
  end
end

-- All parameters that a name may mean: the one of exactly that name, or those that begin with it.
local function candidates_of(command, given)
  if command.parameters[given] then return { given } end
  local wanted, found = given:lower(), {}
  for name in pairs(command.parameters) do
    if name:lower() == wanted then return { name } end
    if name:lower():sub(1, #wanted) == wanted then found[#found + 1] = name end
  end
  for _, name in ipairs(COMMON) do
    if name:lower() == wanted then return { name } end
  end
  table.sort(found)
  return found
end

local function find_parameter(command, given)
  local candidates = candidates_of(command, given)
  if #candidates == 0 then records.raise(records.unknown_parameter(command.class, given)) end
  if #candidates > 1 then records.raise(records.ambiguous_parameter(command.class, given, candidates)) end
  return candidates[1]
end

local function mandatory_names(command)
  local names = {}
  for name, parameter in pairs(command.parameters) do
    if parameter.is_mandatory then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function check_mandatory(command, is_given)
  command.mandatory = command.mandatory or mandatory_names(command)
  local missing
  for _, name in ipairs(command.mandatory) do
    if not is_given[name] then
      missing = missing or {}
      missing[#missing + 1] = name
    end
  end
  if missing then records.raise(records.missing_parameters(command.class, missing)) end
end

local NONE = {}

--- Binds parameters to a command, or raises what PowerShell would.
---@param command    idle.SimCommand
---@param parameters table<string, any>
---@return table<string, any> arguments by the parameters' full names; a null is absent
function binder.bind(command, parameters)
  if next(parameters) == nil then
    check_mandatory(command, NONE)
    return {}
  end
  local arguments, is_given = {}, {}
  for _, given in ipairs(data.sorted_keys(parameters)) do
    local v = parameters[given]
    local name = find_parameter(command, given)
    local parameter = command.parameters[name]
    is_given[name] = true
    if parameter and not value.is_null(v) then
      local converted, reason = parameter.convert(v)
      if reason then records.raise(records.wrong_type(command.class, name, reason)) end
      arguments[name] = converted
    end
  end
  check_mandatory(command, is_given)
  return arguments
end

return binder
