--- Points in time as the far end writes them, and as seconds since 1970.
local memo = require("idle.engine.memo")

local utc = {}

local DAY = 86400

-- Days since 1970-01-01 in the Gregorian calendar; years begin in March, so
-- that the leap day is the last one of its year.
local function days_from_date(year, month, day)
  if month <= 2 then year = year - 1 end
  local era, of_era = year // 400, year % 400
  local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

local function date_from_days(days)
  days = days + 719468
  local era, of_era = days // 146097, days % 146097
  local year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
  local of_year = of_era - (365 * year + year // 4 - year // 100)
  local month = (5 * of_year + 2) // 153
  local day = of_year - (153 * month + 2) // 5 + 1
  month = month < 10 and month + 3 or month - 9
  return era * 400 + year + (month <= 2 and 1 or 0), month, day
end

local function offset_of(zone)
  if zone == "Z" or zone == "z" then return 0 end
  local sign, hours, minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
  if not sign then return nil end
  return (sign == "-" and -60 or 60) * (tonumber(hours) * 60 + tonumber(minutes))
end

local date_of = memo.of(function(text)
  local year, month, day, hour, minute, second, zone =
    text:match("^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):(%d%d%.?%d*)(.*)$")
  if not year or year < "1900" then return false end
  local offset = zone == "" and 0 or offset_of(zone)
  if not offset then return false end
  local days = days_from_date(tonumber(year), tonumber(month), tonumber(day))
  local seconds = days * DAY + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second) - offset
  return { seconds = seconds, has_zone = zone ~= "" }
end)

--- Reads an RFC 3339 date. A date without a zone is read as UTC: ADSync names
--- its dates so. The year 1 of .NET's empty DateTime is no date.
---@param text any  a number is taken as seconds already
---@return number? seconds  since 1970; nil = no date
---@return boolean? has_zone
function utc.parse(text)
  if type(text) == "number" then return text, true end
  local date = type(text) == "string" and date_of(text)
  if not date then return nil end
  return date.seconds, date.has_zone
end

--- Writes a second without its zone: `2026-11-22T07:00:00`.
---@type fun(seconds: integer): string  seconds since 1970
utc.second = memo.of(function(seconds)
  local year, month, day = date_from_days(seconds // DAY)
  seconds = seconds % DAY
  return ("%04d-%02d-%02dT%02d:%02d:%02d"):format(year, month, day, seconds // 3600, seconds // 60 % 60, seconds % 60)
end)

--- Writes a point in time: `2026-11-22T07:00:00.000Z`.
---@type fun(ms: integer): string  milliseconds since 1970
utc.format_ms = memo.of(function(ms) return ("%s.%03dZ"):format(utc.second(ms // 1000), ms % 1000) end)

--- Writes a point in time, with milliseconds: `2026-11-22T07:00:00.000Z`.
---@param seconds number since 1970
---@return string
function utc.format(seconds) return utc.format_ms(math.floor(seconds * 1000 + 0.5)) end

--- Reads a TimeSpan, `[d.]hh:mm:ss[.fffffff]`.
---@param text any  a number is taken as seconds already
---@return number? seconds
function utc.seconds_of_span(text)
  if type(text) == "number" then return text end
  if type(text) ~= "string" then return nil end
  local days, rest = text:match("^(%d+)%.(%d+:.*)$")
  local hours, minutes, seconds = (rest or text):match("^(%d+):(%d%d):(%d%d%.?%d*)$")
  if not hours then return nil end
  return tonumber(days or 0) * DAY + tonumber(hours) * 3600 + tonumber(minutes) * 60 + tonumber(seconds)
end

return utc
