--- The numbers of PowerShell: `12`, `-0x1F`, `0b101`, `1.5e3`, `10L`, `2.50d`, `4kb`.
--- Integers are exact; what .NET holds as Decimal or UInt64 becomes text, as
--- everywhere in idle-lua.
local number = {}

local MULTIPLIERS = { kb = 1 << 10, mb = 1 << 20, gb = 1 << 30, tb = 1 << 40, pb = 1 << 50 }

-- Smallest and largest value of each suffix of a type.
local RANGES = {
  [""] = { math.mininteger, math.maxinteger },
  l = { math.mininteger, math.maxinteger },
  n = { math.mininteger, math.maxinteger },
  y = { -128, 127 }, uy = { 0, 255 },
  s = { -32768, 32767 }, us = { 0, 65535 },
  u = { 0, math.maxinteger },
}

-- No number has more characters. Patterns take longer for longer ones.
local MAX_LENGTH = 512

local LARGEST_DECIMAL = "79228162514264337593543950335"
local DOES_NOT_FIT = "does not fit into 64 bits"

local function take_multiplier(run)
  local rest, word = run:match("^(.-)([kmgtp]b)$")
  if rest then return rest, MULTIPLIERS[word] end
  return run, 1
end

local function in_range(v, suffix)
  local range = RANGES[suffix]
  if v >= range[1] and v <= range[2] then return v end
  return nil, ("is outside %d to %d, the range of the suffix '%s'"):format(range[1], range[2], suffix)
end

local function times(v, factor)
  if factor ~= 1 and math.abs(v) > math.maxinteger // factor then return nil, DOES_NOT_FIT end
  return v * factor
end

-- Digits compared as numbers: the longer text is the larger one.
local function exceeds(digits, largest)
  return #digits > #largest or (#digits == #largest and digits > largest)
end

local function signed(v, is_negative)
  return is_negative and -v or v
end

-- .NET reads the first bit as a sign if the digits fill a type of its own.
local function is_signed_form(digits, base)
  if base == 16 then return #digits % 8 == 0 and digits:find("^[89a-f]") ~= nil end
  return (#digits == 8 or #digits == 16 or #digits == 32 or #digits == 64) and digits:sub(1, 1) == "1"
end

local function bits_of(digits, base, width)
  local v = 0
  for digit in digits:gmatch(".") do v = v << width | tonumber(digit, base) end
  return v
end

local function read_based(digits, base, suffix, factor, is_negative)
  if not RANGES[suffix] then return nil end
  local width = base == 16 and 4 or 1
  local significant = digits:gsub("^0+(.)", "%1")
  if #significant * width > 64 then return nil, DOES_NOT_FIT end
  local v = bits_of(significant, base, width)
  if is_signed_form(digits, base) and not suffix:find("^u") then
    if #digits * width < 64 then v = v - (1 << #digits * width) end
  elseif v < 0 then
    return nil, DOES_NOT_FIT
  end
  local product, problem = times(v, factor)
  if not product then return nil, problem end
  return in_range(signed(product, is_negative), suffix)
end

local function read_decimal(digits, factor, is_negative)
  if factor ~= 1 then
    local v = math.tointeger(tonumber(digits))
    v = v and times(v, factor)
    if not v then return nil, DOES_NOT_FIT end
    digits = ("%d"):format(v)
  end
  digits = digits:gsub("^%.", "0."):gsub("^0+(%d)", "%1")
  return (is_negative and "-" or "") .. digits
end

-- Beyond 64 bits .NET goes on with Decimal, then with Double.
local function read_large(digits, is_negative)
  if exceeds(digits, LARGEST_DECIMAL) then return signed(tonumber(digits .. ".0"), is_negative) end
  return (is_negative and "-" or "") .. digits
end

local function read_unsigned_text(digits, factor, is_negative)
  if is_negative or exceeds(digits, "18446744073709551615") then return nil, "is no unsigned number of 64 bits" end
  return read_decimal(digits, factor, false)
end

local function read_whole(digits, suffix, factor, is_negative)
  digits = digits:gsub("^0+(.)", "%1")
  if suffix == "d" then return read_decimal(digits, factor, is_negative) end
  if suffix == "ul" then return read_unsigned_text(digits, factor, is_negative) end
  if is_negative and digits == "9223372036854775808" and factor == 1 then return math.mininteger end
  if exceeds(digits, "9223372036854775807") then
    if suffix == "" and factor == 1 then return read_large(digits, is_negative) end
    return nil, DOES_NOT_FIT
  end
  local v, problem = times(math.tointeger(tonumber(digits)), factor)
  if not v then return nil, problem end
  return in_range(signed(v, is_negative), suffix)
end

local function read_real(run, factor, is_negative)
  local digits, is_decimal = run:match("^([%d.]+)(d)$")
  if is_decimal and digits:find("^%d*%.%d+$") and factor == 1 then return read_decimal(digits, 1, is_negative) end
  if not (run:find("^%d+%.?%d*e?[+-]?%d*$") or run:find("^%.%d+e?[+-]?%d*$")) then return nil end
  local v = tonumber(run)
  if not v then return nil end
  v = v * (factor + 0.0)
  if v == math.huge then return nil, "is too large" end
  return signed(v, is_negative)
end

--- Reads a number.
---@param run string  letters, digits, dots and signs as they stand in the file
---@param is_negative boolean
---@return number|string|nil v  nil = it is none
---@return string? problem      why, if it begins like one
function number.read(run, is_negative)
  if #run > MAX_LENGTH then return nil, "is too long" end
  local rest, factor = take_multiplier(run:lower())
  local hex, hex_suffix = rest:match("^0x(%x+)(%a*)$")
  if hex then return read_based(hex, 16, hex_suffix, factor, is_negative) end
  local binary, binary_suffix = rest:match("^0b([01]+)(%a*)$")
  if binary then return read_based(binary, 2, binary_suffix, factor, is_negative) end
  local digits, suffix = rest:match("^(%d+)(%a*)$")
  if digits and (suffix == "d" or suffix == "ul" or RANGES[suffix]) then
    return read_whole(digits, suffix, factor, is_negative)
  end
  return read_real(rest, factor, is_negative)
end

return number
