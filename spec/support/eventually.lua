local loop = require("idle.loop")

local DEADLINE_SECONDS = 30

--- Waits until a condition holds; a spec must not guess how long a thing takes.
---@generic T
---@param check fun(): T
---@param what? string  the condition, for who waited in vain
---@return T
return function(check, what)
  local deadline = loop.monotonic() + DEADLINE_SECONDS
  while true do
    local answer = check()
    if answer then return answer end
    if loop.monotonic() > deadline then error("waited in vain" .. (what and " until " .. what or ""), 2) end
    loop.sleep(5)
  end
end
