--- `os.time()` and `os.date()` on the clock of virtual time, so that a date in a script's own text repeats, too.
local loop = require("idle.loop")
local stand_ins = require("idle.test.stand_ins")

local calendar = {}

local function now() return loop.now_ms() // 1000 end

--- Lets both show the clock of the running task where they are asked for the present, until the returned value is
--- closed.
---@return idle.test.StandIns
function calendar.begin()
  local placed = stand_ins.new()
  placed:put(os, "time", function(time)
    return function(t)
      if t == nil then return now() end
      return time(t)
    end
  end)
  placed:put(os, "date", function(date)
    return function(format, at) return date(format or "%c", at or now()) end
  end)
  return placed
end

return calendar
