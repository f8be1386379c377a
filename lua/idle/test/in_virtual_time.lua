--- For the blocks of busted: `it("takes a week", idle.test.in_virtual_time(function() … end))`.
local parameter = require("idle.engine.parameter")
local virtual_time = require("idle.test.virtual_time")

--- Makes a function that runs another one in virtual time.
---@param f fun(...): ...
---@param options? idle.test.VirtualTimeOptions
---@return fun(...): ...
return function(f, options)
  if type(f) ~= "function" then error(("in_virtual_time takes a function, got %s"):format(parameter.kind(f)), 2) end
  return function(...)
    local arguments = table.pack(...)
    return virtual_time(function() return f(table.unpack(arguments, 1, arguments.n)) end, options)
  end
end
