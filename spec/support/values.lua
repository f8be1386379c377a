--- Values that must come back from a far end as they were sent.
local json = require("idle.json")
local value = require("idle.engine.value")

local values = {}

local null, list = json.null, value.list

local function every_plane()
  local characters = {}
  for plane = 0, 16 do characters[#characters + 1] = utf8.char(plane << 16 | 0x41, plane << 16 | 0xFFFD) end
  return table.concat(characters)
end

local function all_controls()
  local characters = {}
  for code = 0, 0x9F do characters[#characters + 1] = utf8.char(code) end
  return table.concat(characters)
end

--- A map, so that the far end's pipeline does not take a list apart.
values.nasty = {
  quotes = [["it's" “so” ‘so’]],
  script = [[$(Remove-Item x); `whoami` & { exit } | %{$_} @(1) #c]],
  lines = "a\nb\rc\r\nd\n",
  zero = "a\0b",
  escaped = "_x000A_ _x_ _x005F_ _xD83D_",
  controls = all_controls(),
  planes = every_plane(),
  surrogate = "\u{D834}",
  dash = "-Force",
  date = "2026-01-02T03:04:05Z",
  xml = "<S>]]>&amp;</S>",
  blank = " \t ",
  empty = "",
  smallest = math.mininteger,
  largest = math.maxinteger,
  beyond_double = 9007199254740993,
  int32 = 2147483648,
  float = 0.1,
  tiny = 5e-324,
  huge = math.huge,
  yes = true,
  no = false,
  null = null,
  empty_list = list(),
  empty_map = {},
  nested = list({ list(), list({ list() }), {}, { a = list(), b = {} }, null, list({ null }) }),
  one = list({ 1 }),
  deep = { a = { b = { c = { d = { e = list({ { f = "g" } }) } } } } },
  bytes = value.bytes("\0\1\xFF"),
  ["odd ' key"] = 1,
  [""] = 2,
}

local function kind_of(v)
  if value.is_list(v) then return "list" end
  if value.is_bytes(v) then return "bytes" end
  return math.type(v) or type(v)
end

--- Where two values differ, lists and maps told apart.
---@return string? path  nil = they are identical
function values.difference(a, b, path)
  path = path or "value"
  if kind_of(a) ~= kind_of(b) then return ("%s: %s and %s"):format(path, kind_of(a), kind_of(b)) end
  if type(a) ~= "table" then return a ~= b and ("%s: %q and %q"):format(path, tostring(a), tostring(b)) or nil end
  for key, v in pairs(a) do
    local found = values.difference(v, b[key], path .. "." .. tostring(key))
    if found then return found end
  end
  for key in pairs(b) do
    if a[key] == nil then return path .. "." .. tostring(key) .. ": added" end
  end
end

return values
