--- The kinds of value that travel between scripts and the far end, and for
--- which Lua has no type of its own: lists, bytes, null.
--- The C modules make the same values; both sides know them by `__name`.
local value = {}

---@class idle.List: any[]

---@class idle.Bytes
---@field [1] string

local List = { __name = "idle.list" }
local Bytes = { __name = "idle.bytes" }

function Bytes:__tostring() return self[1] end

local function is_a(v, ours)
  local meta = getmetatable(v)
  if meta == nil or meta == ours then return meta ~= nil end
  return type(meta) == "table" and rawget(meta, "__name") == ours.__name and type(v) == "table"
end

--- Marks a sequence as a list, so that it stays one when it is empty.
---@param t? any[]  marked in place; default: a new table
---@return idle.List t
function value.list(t)
  return setmetatable(t or {}, List)
end

--- Whether a value was marked as a list. An unmarked `{1, 2}` was not.
---@param v any
---@return boolean
function value.is_list(v)
  return is_a(v, List)
end

--- Whether a value counts as a list where lists and maps are told apart:
--- marked, or not empty with exactly the keys 1 to n.
---@param v any
---@return boolean
function value.is_sequence(v)
  if value.is_list(v) then return true end
  if type(v) ~= "table" or rawget(v, 1) == nil then return false end
  local count = 0
  for _ in next, v do count = count + 1 end
  for index = 1, count do
    if rawget(v, index) == nil then return false end
  end
  return true
end

--- Wraps a string so that it travels as a byte array, not as text.
---@param s string
---@return idle.Bytes
function value.bytes(s)
  return setmetatable({ s }, Bytes)
end

---@param v any
---@return boolean
function value.is_bytes(v)
  return is_a(v, Bytes)
end

--- Whether a value is `idle.null`, the null inside lists and maps. Pure code
--- can recognise it but not make it.
---@param v any
---@return boolean
function value.is_null(v)
  return type(v) == "userdata" and getmetatable(v) == nil
end

--- Whether a value is a secret, which must never be printed or written.
---@param v any
---@return boolean
function value.is_secret(v)
  if type(v) ~= "userdata" then return false end
  local meta = getmetatable(v)
  return type(meta) == "table" and meta.__name == "idle.secret"
end

return value
