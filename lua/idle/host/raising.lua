--- C modules return `nil, err`; what a script calls raises.
local errors = require("idle.engine.errors")

local raising = {}

local made = setmetatable({}, { __mode = "k" })

--- A module whose functions raise what the original's return; the same one each time.
---@param module table
---@return table
function raising.of(module)
  if made[module] then return made[module] end
  local wrapped = {}
  for name, member in pairs(module) do
    wrapped[name] = type(member) == "function" and function(...) return (errors.check(member(...))) end or member
  end
  made[module] = wrapped
  return wrapped
end

return raising
