--- Finds the word that was probably meant.
local suggest = {}

-- Optimal string alignment: insert, delete, replace, swap neighbours.
local function distance(a, b)
  local before, previous, current = nil, {}, {}
  for j = 0, #b do previous[j] = j end
  for i = 1, #a do
    current[0] = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      current[j] = math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        current[j] = math.min(current[j], before[j - 2] + 1)
      end
    end
    before, previous, current = previous, current, {}
  end
  return previous[#b]
end

-- A beginning of at least three letters counts as one mistake.
local function mistakes(word, candidate, allowed)
  if #word >= 3 and candidate:sub(1, #word) == word then return math.min(1, #candidate - #word) end
  if math.abs(#word - #candidate) > allowed then return nil end
  local found = distance(word, candidate)
  return found <= allowed and found or nil
end

--- The candidate nearest to a misspelled word, the first one if several are.
---@param word       string
---@param candidates string[]
---@param allowed?   integer  mistakes that are taken for one word; default: one in three letters
---@return string? nearest  nil = none is near enough
function suggest.nearest(word, candidates, allowed)
  allowed = allowed or #word // 3
  local nearest, fewest
  for _, candidate in ipairs(candidates) do
    local found = mistakes(word:lower(), candidate:lower(), allowed)
    if found and (not fewest or found < fewest) then
      nearest, fewest = candidate, found
    end
  end
  return nearest
end

--- Ends an error message: `; did you mean 'Provider'?`, or nothing.
---@param word       string
---@param candidates string[]
---@return string
function suggest.hint(word, candidates)
  local nearest = suggest.nearest(word, candidates)
  return nearest and ("; did you mean '%s'?"):format(nearest) or ""
end

--- The same for a key that is known to be wrong, where `keys` are all that it can
--- be: two mistakes are allowed in a short one, `Widht` for `With`.
---@param key  string
---@param keys string[]
---@return string
function suggest.key_hint(key, keys)
  local nearest = suggest.nearest(key, keys, #key >= 4 and math.max(2, #key // 3) or nil)
  return nearest and ("; did you mean '%s'?"):format(nearest) or ""
end

return suggest
