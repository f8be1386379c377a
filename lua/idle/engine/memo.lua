--- Remembers the answers of a pure function that is asked the same again and again, as every look at a server asks for
--- the same dates.
local memo = {}

-- So many answers are kept; then it begins anew.
local LIMIT = 256

-- What is longer is no date and no name, and not worth being kept.
local LONGEST = 64

--- The keys are kept as well, so that nothing is asked in this way that may be a secret.
---@generic K: string|integer, V
---@param f fun(key: K): V  always answers the same, and never nil
---@return fun(key: K): V
function memo.of(f)
  local known, count = {}, 0
  return function(key)
    local answer = known[key]
    if answer ~= nil then return answer end
    answer = f(key)
    if type(key) == "string" and #key > LONGEST then return answer end
    if count == LIMIT then known, count = {}, 0 end
    known[key], count = answer, count + 1
    return answer
  end
end

return memo
