--- The marks that a script puts on values: idle.list and idle.bytes.
local parameter = require("idle.engine.parameter")
local value = require("idle.engine.value")

local marks = {}

--- Marks a sequence as a list, so that it stays one when it is empty.
---@param t? any[]  marked in place; default: a new table
---@return idle.List t
function marks.list(t) return value.list(parameter.options(t, "list: the first argument")) end

--- Wraps a string so that it travels as a byte array, not as text.
---@param s string
---@return idle.Bytes
function marks.bytes(s) return value.bytes(parameter.text(s, "bytes: the first argument")) end

return marks
