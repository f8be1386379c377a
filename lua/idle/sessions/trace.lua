--- Where sessions log what they do. Values of commands never come here.
local trace = {}

local sink

--- Logs from now on to a function; nil stops it.
---@param f? fun(line: string)
function trace.to(f) sink = f end

--- The function that takes a line, or nil: what to hand to `idle.ssh`.
---@return fun(line: string)?
function trace.sink() return sink end

--- Logs a line.
---@param format string  as of string.format
function trace.line(format, ...)
  if sink then sink(format:format(...)) end
end

return trace
