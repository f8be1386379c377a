--- The rules that every value of a workflow, a request or a plan obeys
--- (contracts §0.3): null, text, and keys whatever their case.
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local value = require("idle.engine.value")

local data = {}

--- No value may be nested deeper. It leaves room for a thousand conditions
--- within each other, and keeps a hostile file from filling the stack.
data.MAX_DEPTH = 4096

local Null = { __name = "idle.engine.null" }

--- The null that the engine itself puts into a list where an element lacks the
--- member that a path asks for. It stays inside the engine.
data.NULL = setmetatable({}, Null)

---@class idle.Code  a script block of a data file: text that must never run
---@field text string
local Code = { __name = "idle.code" }

function Code:__tostring() return self.text end

--- Stands for a script block of a data file.
---@param text string
---@return idle.Code
function data.code(text)
  return setmetatable({ text = text }, Code)
end

--- Whether a value is code: a script block of a data file, or a Lua function.
---@param v any
---@return boolean
function data.is_code(v)
  local kind = type(v)
  return kind == "function" or kind == "thread" or (kind == "table" and getmetatable(v) == Code)
end

--- Whether a value is null: nil, `idle.null`, or the engine's own.
---@param v any
---@return boolean
function data.is_null(v)
  return v == nil or v == data.NULL or value.is_null(v)
end

local List = getmetatable(value.list())

--- Whether a value is a list: marked, or a table with the keys 1 to n.
---@param v any
---@return boolean
function data.is_list(v)
  if type(v) ~= "table" then return false end
  local meta = getmetatable(v)
  if meta == List then return true end
  -- Most tables are plain maps; they need no closer look.
  if meta == nil and rawget(v, 1) == nil then return false end
  return not value.is_bytes(v) and value.is_sequence(v)
end

--- Whether a value is a map. A table without entries and without a mark is one.
---@param v any
---@return boolean
function data.is_map(v)
  if type(v) ~= "table" then return false end
  local meta = getmetatable(v)
  if meta == nil and rawget(v, 1) == nil then return true end
  return meta ~= List and meta ~= Null and meta ~= Code and not value.is_bytes(v) and not value.is_sequence(v)
end

--- Whether a table has no entry at all, so that it may stand for an empty list
--- or an empty map where Lua code wrote `{}`.
---@param v any
---@return boolean
function data.is_empty_table(v)
  return type(v) == "table" and next(v) == nil and v ~= data.NULL
end

--- What a value is, for messages: "a list", "a text", "null".
---@param v any
---@return string
function data.kind(v)
  if data.is_null(v) then return "null" end
  if data.is_code(v) then return "a script block" end
  if value.is_bytes(v) then return "bytes" end
  if value.is_secret(v) then return "a secret" end
  if type(v) == "table" then return data.is_list(v) and "a list" or "a map" end
  if type(v) == "string" then return "a text" end
  if type(v) == "userdata" then return "an object" end
  return "a " .. type(v)
end

local function folded_key(key)
  return fold.case(type(key) == "string" and key or tostring(key))
end

--- Finds the entry of a map, whatever the case of its key.
---@param map table
---@param key string
---@return any     field     nil = there is none
---@return string? spelling  the key as the map spells it
function data.get(map, key)
  local exact = rawget(map, key)
  if exact ~= nil then return exact, key end
  local wanted, spelling = folded_key(key), nil
  for name in next, map do
    -- Of several spellings the first in order is taken, so that equal input gives equal results.
    if folded_key(name) == wanted and (spelling == nil or tostring(name) < tostring(spelling)) then spelling = name end
  end
  if spelling == nil then return nil end
  return rawget(map, spelling), spelling
end

--- Sets the entry of a map under the spelling it already has.
---@param map table
---@param key string
---@param field any
function data.set(map, key, field)
  local _, spelling = data.get(map, key)
  map[spelling or key] = field
end

-- Numbers come first, so that the order is one even where kinds of key are mixed.
local function key_before(a, b)
  local a_counts, b_counts = type(a) == "number", type(b) == "number"
  if a_counts and b_counts then return a < b end
  if a_counts ~= b_counts then return a_counts end
  return tostring(a) < tostring(b)
end

--- The keys of a map, in the order in which they are to be written.
---@param map table
---@return any[]
function data.sorted_keys(map)
  local keys = {}
  for key in next, map do keys[#keys + 1] = key end
  table.sort(keys, key_before)
  return keys
end

--- The elements of a value where a list is expected: a scalar or a map counts as
--- a list of one, null and `{}` as an empty one.
---@param v any
---@return any[]
function data.items(v)
  if data.is_list(v) then return v end
  if data.is_null(v) or data.is_empty_table(v) then return value.list() end
  return value.list({ v })
end

-- 15 digits, as .NET writes a double. C writes its exponents the same way, but for the letter.
local function number_text(v)
  if math.type(v) == "integer" then return ("%d"):format(v) end
  if v ~= v then return "NaN" end
  if v == math.huge then return "Infinity" end
  if v == -math.huge then return "-Infinity" end
  return (("%.15g"):format(v):gsub("e", "E"))
end

local function element_text(v)
  if data.is_list(v) then return "System.Object[]" end
  return data.text(v)
end

local function list_text(list)
  local texts = {}
  for index = 1, #list do texts[index] = element_text(list[index]) end
  return table.concat(texts, " ")
end

local function bytes_text(bytes)
  return (bytes:gsub(".", function(byte) return byte:byte() .. " " end):sub(1, -2))
end

local function table_text(t)
  if value.is_bytes(t) then return bytes_text(t[1]) end
  if data.is_code(t) then return t.text end
  return data.is_list(t) and list_text(t) or "System.Collections.Hashtable"
end

--- A value as text, the way conditions and templates see it.
---@param v any
---@return string
function data.text(v)
  if type(v) == "string" then return v end
  if data.is_null(v) then return "" end
  if type(v) == "boolean" then return v and "True" or "False" end
  if type(v) == "number" then return number_text(v) end
  if type(v) == "table" then return table_text(v) end
  return value.is_secret(v) and "[REDACTED]" or tostring(v)
end

local function is_space(code)
  return code == 0x20 or (code >= 0x09 and code <= 0x0D) or code == 0x85 or code == 0xA0 or code == 0x1680
    or (code >= 0x2000 and code <= 0x200A) or code == 0x2028 or code == 0x2029 or code == 0x202F
    or code == 0x205F or code == 0x3000
end

--- Whether a value is null, empty text or nothing but white space.
---@param v any
---@return boolean
function data.is_blank(v)
  if data.is_null(v) then return true end
  if type(v) ~= "string" then return false end
  if v:find("[\x21-\x7E]") or not utf8.len(v, 1, -1, true) then return false end
  for _, code in utf8.codes(v, true) do
    if not is_space(code) then return false end
  end
  return true
end

--- A text without white space at its ends. (A pattern like `(.-)%s*$` takes a time
--- that grows with the square of a long run of spaces.)
---@param text string
---@return string
function data.trim(text)
  local from = text:match("^%s*()")
  return text:match(".*%S", from) or ""
end

--- A foreign text as it may stand in a message: short, and safe to print.
---@param text string
---@return string
function data.shown(text)
  if #text > 80 then text = text:sub(1, utf8.offset(text, 0, 78) - 1) .. "…" end
  return errors.escape(text)
end

--- The same of any value, in quotes.
---@param v any
---@return string
function data.quote(v)
  return ("'%s'"):format(data.shown(data.text(v)))
end

return data
