--- Refuses what a script hands to a call and what cannot be right, as an error that scripts can branch on.
local errors = require("idle.engine.errors")
local value = require("idle.engine.value")

local parameter = {}

--- What a value is, for messages that must not show it: it may be a password at the wrong place.
---@param v any
---@return string
function parameter.kind(v)
  if v == nil then return "nil" end
  if value.is_null(v) then return "null" end
  return "a " .. (value.is_secret(v) and "secret" or type(v))
end

--- A value as messages show it.
---@param v any
---@return string
function parameter.show(v)
  if type(v) == "string" then return ("'%s'"):format(errors.escape(v)) end
  if type(v) == "number" or type(v) == "boolean" then return tostring(v) end
  return parameter.kind(v)
end

--- Raises that a value is not what it must be.
---@param where string  begins the message: "sleep: seconds"
---@param what  string  it must be
---@param v     any     it is
function parameter.refuse(where, what, v)
  errors.raise("input.parameter", ("%s must be %s, got %s"):format(where, what, parameter.show(v)))
end

---@param v     any
---@param where string
---@return number seconds
function parameter.seconds(v, where)
  if type(v) == "number" and v >= 0 and v < math.huge then return v end
  parameter.refuse(where, "a number of seconds, 0 or more", v)
end

---@param v     any
---@param where string
---@return function f
function parameter.callable(v, where)
  if type(v) == "function" then return v end
  parameter.refuse(where, "a function", v)
end

---@param v     any
---@param where string
---@return string text
function parameter.text(v, where)
  if type(v) == "string" then return v end
  parameter.refuse(where, "a text", v)
end

--- A table that may be left out.
---@param v     any
---@param where string
---@return table
function parameter.options(v, where)
  if v == nil or type(v) == "table" then return v or {} end
  parameter.refuse(where, "a table", v)
end

--- Refuses a method that was called with a dot, so that it lacks its object.
---@param self any
---@param call string  as it is right: "session:InvokeCommand(CommandName, Parameters)"
function parameter.receiver(self, call)
  if type(self) == "table" then return end
  errors.raise("input.parameter", ("%s is called with a colon: %s"):format(call:match("^[%w_]+[:.]([%w_]+)"), call))
end

return parameter
