--- Time as a step is handed it: seconds, and one clock for everything, so that
--- a virtual one can take its place.
local loop = require("idle.loop")
local utc = require("idle.engine.utc")

local clock = {}

--- Seconds since some moment; never jumps.
clock.monotonic = loop.monotonic

--- A number from 0 to below 1 that nobody can foresee.
clock.random = loop.random

--- The time of day, UTC.
---@return string rfc3339  with milliseconds
function clock.now()
  return utc.format_ms(loop.now_ms())
end

--- Waits; the other tasks go on.
---@param seconds number  fractions allowed
function clock.sleep(seconds)
  loop.sleep(math.ceil(seconds * 1000))
end

--- Runs f, which is cancelled when it takes too long; raises `timeout`.
---@param seconds number
---@param f fun(...): ...
---@return any ...  what f returned
function clock.with_timeout(seconds, f, ...)
  return require("idle.host.tasks").limit(seconds, "the call was", f, ...)
end

return clock
