--- Refuses fields that a table should not have: a misspelled option must not be passed over.
local errors = require("idle.engine.errors")
local parameter = require("idle.engine.parameter")
local suggest = require("idle.engine.suggest")

local fields = {}

local MOST_NAMED = 8

local function contains(names, key)
  for _, name in ipairs(names) do
    if name == key then return true end
  end
  return false
end

-- Where no word is near, a few are all named.
local function hint(word, names)
  local nearest = suggest.hint(word, names)
  if nearest ~= "" or #names > MOST_NAMED then return nearest end
  return #names == 0 and "; it has none" or "; there are " .. table.concat(names, ", ")
end

--- Checks that a value is a table of known fields.
---@param map   any
---@param names string[]  the known fields
---@param where string    begins the message
---@param kind? string    of the error; default "input.setup"
function fields.check(map, names, where, kind)
  kind = kind or "input.setup"
  if type(map) ~= "table" then errors.raise(kind, ("%s must be a table, got %s"):format(where, parameter.kind(map))) end
  local unknown -- the first in order, so that the same mistake is always told in the same words
  for key in pairs(map) do
    if not contains(names, key) and (unknown == nil or tostring(key) < unknown) then unknown = tostring(key) end
  end
  if unknown then
    local word = errors.escape(unknown)
    errors.raise(kind, ("%s: unknown field '%s'%s"):format(where, word, hint(word, names)))
  end
end

return fields
