--- Moments and spans of time as .NET serialises them.
local memo = require("idle.engine.memo")
local utc = require("idle.engine.utc")

local moment = {}

-- Digits of a second that are zero are left out.
local function fraction(ms)
  if ms % 1000 == 0 then return "" end
  return ((".%03d"):format(ms % 1000):gsub("0+$", ""))
end

local zone_text = memo.of(function(offset_minutes)
  local minutes = math.abs(offset_minutes)
  return ("%s%02d:%02d"):format(offset_minutes < 0 and "-" or "+", minutes // 60, minutes % 60)
end)

--- A date.
---@param ms    integer         since 1970
---@param zone? string|integer  "Z" (default), "" for a date without a zone, or minutes ahead of UTC
---@return string
function moment.date(ms, zone)
  local offset = math.type(zone) and zone or 0
  local shown = ms + offset * 60000
  local suffix = math.type(zone) and zone_text(zone) or zone or "Z"
  return utc.second(shown // 1000) .. fraction(shown) .. suffix
end

--- A span, as XML writes it.
---@param ms integer
---@return string
function moment.span(ms)
  return "PT" .. (ms // 1000) .. fraction(ms) .. "S"
end

return moment
