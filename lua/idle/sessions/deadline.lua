--- A point on the monotonic clock until which several waits share the time.
local loop = require("idle.loop")

local deadline = {}

---@class idle.Deadline
---@field seconds number  the time allowed in all
---@field began   number
local Deadline = {}
Deadline.__index = Deadline

--- A deadline so many seconds from now.
---@param seconds number
---@return idle.Deadline
function deadline.after(seconds)
  return setmetatable({ seconds = seconds, began = loop.monotonic() }, Deadline)
end

--- What is left, never negative.
---@return number milliseconds
function Deadline:remaining_ms()
  return math.max(0, (self.began + self.seconds - loop.monotonic()) * 1000)
end

--- The time that has passed.
---@return number seconds
function Deadline:elapsed()
  return loop.monotonic() - self.began
end

return deadline
