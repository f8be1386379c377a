--- The kinds of errors, as specs write them.
local data = require("idle.engine.data")
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
  return suggest.nearest(kind, data.sorted_keys(errors.kinds), MOST_MISTAKES)
end

return kinds
