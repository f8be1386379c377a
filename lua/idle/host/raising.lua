--- C modules return `nil, err`; what a script calls raises.
local errors = require("idle.engine.errors")

local raising = {}

--- A module whose functions raise what the original's return.
---@param module table
---@return table
function raising.of(module)
  local wrapped = {}
  for name, member in pairs(module) do
    wrapped[name] = type(member) == "function" and function(...) return (errors.check(member(...))) end or member
  end
  return wrapped
end

return raising
