--- Makes an idle.Error of the error record that a remote command ended with.
local assumptions = require("idle.sessions.assumptions")
local errors = require("idle.engine.errors")

local error_record = {}

-- Enough to recognise the error; `data` has all of it.
local MAX_MESSAGE_BYTES = 500

local function first_exception(record)
  local exceptions = record.exceptions
  return type(exceptions) == "table" and type(exceptions[1]) == "table" and exceptions[1] or {}
end

local function text_of(v) return type(v) == "string" and v or "" end

-- The first line that says something.
local function first_line(text)
  for line in text:gmatch("[^\r\n]+") do
    if line:find("%S") then return line:match("^%s*(.-)%s*$") end
  end
end

local function shorten(text)
  if #text <= MAX_MESSAGE_BYTES then return text end
  local cut = utf8.offset(text, 0, MAX_MESSAGE_BYTES) or MAX_MESSAGE_BYTES
  return text:sub(1, cut - 1) .. "…"
end

local function message_of(record)
  local line = first_line(text_of(first_exception(record).message)) or first_line(text_of(record.id))
  return shorten(line or "it failed and said nothing about it")
end

-- `Get-Item` is implemented by a class that an error id calls `…GetItemCommand`; a function goes by its own name.
local function names_command(id_suffix, command)
  local word = id_suffix:match("[^.]+$") or ""
  local wanted, given = command:gsub("%W", ""):lower(), word:gsub("%W", ""):lower()
  return given == wanted or given == wanted .. "command"
end

-- Binding comes before anything runs; but a command may call others, whose binding errors look the same.
local function is_binding_error(record, command)
  local suffix = text_of(record.id):match(",([^,]+)$")
  return suffix ~= nil and text_of(record.reason):find("^ParameterBinding") ~= nil and names_command(suffix, command)
end

local function is_unknown_command(record, command)
  return record.id == "CommandNotFoundException" and text_of(record.target):lower() == command:lower()
end

local function is_transient(record)
  local exceptions = type(record.exceptions) == "table" and record.exceptions or {}
  for _, exception in ipairs(exceptions) do
    if type(exception) == "table" and assumptions.transient_hresults[exception.hresult] then return true end
  end
  return false
end

--- Says what the record means for whoever called the command.
---@param record  table   id, category, reason, target, exceptions, position, stack
---@param command string  the command that was called
---@return idle.Error
function error_record.to_error(record, command)
  local message = message_of(record)
  if is_unknown_command(record, command) then
    return errors.new("remote.setup", ("command not found at the far end: %s"):format(message), { data = record })
  end
  return errors.new("remote.error", ("'%s' failed: %s"):format(command, message), {
    data = record,
    effect = is_binding_error(record, command) and "none" or "unknown",
    transient = is_transient(record),
  })
end

return error_record
