--- Chance that repeats: what a seed makes of jitter, ids and `math.random`.
local loop = require("idle.loop")

local chance = {}

local DEFAULT_SEED = 1

local current

--- Makes chance repeatable from here on; virtual time begins with this seed, too.
---@param seed integer
function chance.seed(seed)
  if not math.tointeger(seed) then error(("seed must be an integer, got %s"):format(tostring(seed)), 2) end
  current = math.tointeger(seed)
  loop.seed(current)
  math.randomseed(current)
end

--- The seed that virtual time begins with.
---@return integer
function chance.current() return current or DEFAULT_SEED end

-- Where `math.random` goes on once the block is over: as if nobody had drawn meanwhile.
local Afterwards = {}

function Afterwards:__close() math.randomseed(self[1], self[2]) end

--- Lets chance begin anew with a seed, until the returned value is closed.
---@param seed integer
---@return table
function chance.begin(seed)
  local afterwards = setmetatable({ math.random(0), math.random(0) }, Afterwards)
  loop.seed(seed)
  math.randomseed(seed)
  return afterwards
end

return chance
