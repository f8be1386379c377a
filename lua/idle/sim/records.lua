--- Error records as PowerShell makes them, and how a simulated command raises one.
local texts = require("idle.sim.texts")
local value = require("idle.engine.value")

local records = {}

---@class idle.SimRecord the body of an `error` frame
---@field id         string
---@field category   string
---@field reason     string   the exception's type without its namespace
---@field target     string
---@field exceptions idle.List  outermost first: { type, message, hresult }
---@field position   string
---@field stack      string

local PS = "System.Management.Automation."

--- Ends the running command with a record.
---@param record idle.SimRecord
function records.raise(record)
  error({ record = record }, 0)
end

--- Runs a command.
---@return any          result  what f returns first
---@return idle.SimRecord? record  what it raised instead
function records.catch(f, ...)
  local is_ok, raised = pcall(f, ...)
  if is_ok then return raised end
  if type(raised) == "table" and raised.record then return nil, raised.record end
  error(raised, 0)
end

-- The bootstrap replaces what XML can't hold, or the record could not be sent either.
local function clean(message)
  return (message:gsub("\u{FFFE}", "?"):gsub("\u{FFFF}", "?"))
end

local function exception(type_name, message, hresult)
  return { type = type_name, message = clean(message), hresult = hresult or texts.hresult.runtime }
end

---@param fields     { id: string, category: string, target?: string }
---@param exceptions table[]
---@return idle.SimRecord
function records.new(fields, exceptions)
  return {
    id = fields.id,
    category = fields.category,
    reason = exceptions[1].type:match("[^.]+$"),
    target = fields.target or "",
    exceptions = value.list(exceptions),
    position = "",
    stack = "at <ScriptBlock>, <No file>: line 29",
  }
end

function records.command_not_found(name)
  return records.new({ id = "CommandNotFoundException", category = "ObjectNotFound", target = name },
    { exception(PS .. "CommandNotFoundException", texts.command_not_found:format(name)) })
end

---@param class   string  the cmdlet's class, which ends every error id
---@param message string
local function binding(id, class, category, type_name, message, inner)
  local exceptions = { exception(PS .. type_name, message) }
  for _, cause in ipairs(inner or {}) do exceptions[#exceptions + 1] = cause end
  return records.new({ id = id .. "," .. class, category = category }, exceptions)
end

function records.unknown_parameter(class, name)
  return binding("NamedParameterNotFound", class, "InvalidArgument", "ParameterBindingException",
    ("A parameter cannot be found that matches parameter name '%s'."):format(name))
end

function records.ambiguous_parameter(class, name, candidates)
  return binding("AmbiguousParameter", class, "InvalidArgument", "ParameterBindingException",
    ("Parameter cannot be processed because the parameter name '%s' is ambiguous. Possible matches include: -%s.")
      :format(name, table.concat(candidates, " -")))
end

function records.missing_parameters(class, names)
  local message = "Cannot process command because of one or more missing mandatory parameters: %s."
  return binding("MissingMandatoryParameter", class, "InvalidArgument", "ParameterBindingException",
    message:format(table.concat(names, " ")))
end

--- A value that can't become one of the parameter's type, as compiled cmdlets say it. (Functions say
--- `ParameterArgumentTransformationError`.)
function records.wrong_type(class, parameter, reason)
  return binding("CannotConvertArgumentNoMessage", class, "InvalidArgument", "ParameterBindingException",
    ("Cannot bind parameter '%s'. %s"):format(parameter, reason), {
      exception(PS .. "PSInvalidCastException", reason, texts.hresult.invalid_cast),
    })
end

--- An error that the synchronisation service reports: the cmdlet passes the service's text on as
--- its message and, repeated, as its id.
function records.service(class, type_name, message, hresult)
  return records.new({ id = message .. "," .. class, category = "WriteError", target = class },
    { exception(type_name, message, hresult) })
end

--- What a script raises with Write-Error.
function records.written(message)
  local type_name = "Microsoft.PowerShell.Commands.WriteErrorException"
  return records.new({ id = type_name .. ",Write-Error", category = "NotSpecified" },
    { exception(type_name, message) })
end

--- Output with a character that the serialiser can't write.
---@param code integer  U+FFFE or U+FFFF
function records.not_serializable(code)
  local cause = ("'?', hexadecimal value 0x%04X, is an invalid character."):format(code)
  return records.new({ id = "ArgumentException", category = "NotSpecified" }, {
    exception(PS .. "MethodInvocationException",
      ('Exception calling "Serialize" with "2" argument(s): "%s"'):format(cause)),
    exception("System.ArgumentException", cause, texts.hresult.argument),
  })
end

--- A command that asks the person who isn't there.
function records.non_interactive(class)
  return records.new({ id = "InvalidOperation," .. class, category = "InvalidOperation" }, {
    exception(PS .. "PSInvalidOperationException",
      "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.",
      texts.hresult.invalid_operation),
  })
end

return records
