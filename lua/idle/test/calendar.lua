--- `os.time()` and `os.date()` on the clock of virtual time, so that a date in a script's own text repeats, too.
local loop = require("idle.loop")

local calendar = {}

local function now() return loop.now_ms() // 1000 end

-- What the script itself put there meanwhile stays.
local function put_back(name, ours, original)
  if os[name] == ours then os[name] = original end -- luacheck: ignore 122
end

--- Lets both show the clock of the running task where they are asked for the present, until the returned value is
--- closed.
---@return table
function calendar.begin()
  local time, date = os.time, os.date
  local function virtual_time(t)
    if t == nil then return now() end
    return time(t)
  end
  local function virtual_date(format, at) return date(format or "%c", at or now()) end
  os.time, os.date = virtual_time, virtual_date -- luacheck: ignore 122
  return setmetatable({}, { __close = function()
    put_back("time", virtual_time, time)
    put_back("date", virtual_date, date)
  end })
end

return calendar
