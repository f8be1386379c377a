--- The kinds of errors, as specs write them.
local errors = require("idle.engine.errors")
local suggest = require("idle.engine.suggest")

local kinds = {}

-- More would take a kind of the user's own, such as "acme.locked", for one of ours that ends alike.
local MOST_MISTAKES = 2

--- The kind that was meant, where one is misspelled; a kind of the user's own is none of ours.
---@param kind string
---@return string?
function kinds.nearest(kind)
  if errors.kinds[kind] then return nil end
  local known = {}
  for name in pairs(errors.kinds) do known[#known + 1] = name end
  table.sort(known)
  return suggest.nearest(kind, known, MOST_MISTAKES)
end

return kinds
