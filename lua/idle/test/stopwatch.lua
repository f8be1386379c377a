--- Seconds since something was made. A fake may be made before virtual time begins, and be used in it.
local loop = require("idle.loop")
local virtual = require("idle.virtual")

---@class idle.test.Stopwatch
---@field package is_virtual boolean
---@field package began      number
local Stopwatch = {}
Stopwatch.__index = Stopwatch

--- Seconds since it was started; on another clock than the one it was started on, since virtual time began or, back on
--- the machine's, since the first look.
---@return number
function Stopwatch:seconds()
  local is_virtual, now = virtual.is_running(), loop.monotonic()
  if is_virtual ~= self.is_virtual then self.is_virtual, self.began = is_virtual, is_virtual and 0 or now end
  return now - self.began
end

local stopwatch = {}

---@return idle.test.Stopwatch
function stopwatch.start()
  return setmetatable({ is_virtual = virtual.is_running(), began = loop.monotonic() }, Stopwatch)
end

return stopwatch
