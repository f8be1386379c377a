--- Commands as they are sent, and their output as scripts see it.
local clixml = require("idle.clixml")
local errors = require("idle.engine.errors")
local memo = require("idle.engine.memo")
local parameter = require("idle.engine.parameter")
local value = require("idle.engine.value")

local request = {}

local is_command_name = memo.of(function(text)
  return text:find("^[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$") ~= nil
    and text:find("-", 1, true) ~= nil and not text:find("--", 1, true)
end)

--- Refuses what is not a cmdlet's name, and all that a shell could read as more (DESIGN §10.5).
---@param name any
function request.check_command_name(name)
  if type(name) == "string" and is_command_name(name) then return end
  local shown = type(name) == "string" and ("'%s'"):format(errors.escape(name:sub(1, 100))) or parameter.kind(name)
  errors.raise("input.command_name", ("%s is no command name; one looks like 'Get-ADSyncScheduler'"):format(shown))
end

local function check_parameter_names(parameters)
  if type(parameters) ~= "table" or value.is_sequence(parameters) or value.is_bytes(parameters) then
    errors.raise("input.parameter", ("Parameters must be a table of names and values, got %s"):format(
      type(parameters) == "table" and "a list" or parameter.kind(parameters)))
  end
  for name in pairs(parameters) do
    if type(name) ~= "string" then
      errors.raise("input.parameter", "Parameters: a parameter's name must be a string, got " .. parameter.kind(name))
    end
  end
end

--- Refuses what is no command with parameters, before anything is sent.
---@param name        string
---@param parameters? table<string, any>
---@return table parameters
function request.check(name, parameters)
  if parameters == nil then parameters = {} end
  request.check_command_name(name)
  check_parameter_names(parameters)
  return parameters
end

--- Checks a command and its parameters and writes the request. Raises before anything is sent.
---@param seq         integer
---@param name        string
---@param parameters? table<string, any>
---@param depth       integer  levels of objects that the answer shall keep
---@return string xml
function request.encode(seq, name, parameters, depth)
  parameters = request.check(name, parameters)
  local xml, err = clixml.encode({ seq = seq, command = name, params = parameters, depth = depth })
  if xml then return xml end
  errors.raise(err.kind, (err.message:gsub("^params", "Parameters")))
end

--- A null counts as nothing where nothing is nil.
---@generic T
---@param v T
---@return T?
function request.nil_for_null(v)
  if value.is_null(v) then return nil end
  return v
end

--- Output as from a pipeline: nothing, the object itself, or a list.
---@param output idle.List
---@return any
function request.unwrap(output)
  if #output > 1 then return output end
  return request.nil_for_null(output[1])
end

return request
