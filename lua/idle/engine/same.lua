--- Whether two values are the same: of one kind, and equal in depth. Text is
--- compared as it is written, because its case may be what was changed (W-41).
local data = require("idle.engine.data")
local value = require("idle.engine.value")

local same

local function same_list(a, b)
  if not data.is_list(b) or #a ~= #b then return false end
  for index = 1, #a do
    if not same(a[index], b[index]) then return false end
  end
  return true
end

-- Keys are the same whatever their case, as in all maps.
local function same_map(a, b)
  if not data.is_map(b) then return false end
  local count = 0
  for key, field in next, a do
    local other, spelling = data.get(b, tostring(key))
    if spelling == nil or not same(field, other) then return false end
    count = count + 1
  end
  for _ in next, b do count = count - 1 end
  return count == 0
end

---@param a any
---@param b any
---@return boolean
function same(a, b)
  if a == b then return true end
  if data.is_null(a) or data.is_null(b) then return data.is_null(a) and data.is_null(b) end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  if value.is_bytes(a) then return value.is_bytes(b) and a[1] == b[1] end
  -- An empty table of Lua code may be meant as either.
  if data.is_empty_table(a) and data.is_empty_table(b) then return true end
  return (data.is_list(a) and same_list or same_map)(a, b)
end

return same
