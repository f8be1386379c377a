--- A queue: of the tasks that enter it so many may be inside at a time, in the order in which they came.
local loop = require("idle.loop")

local lock = {}

---@class idle.Lock
---@field at_once integer
---@field inside  integer
---@field queue   idle.Place[]  those who wait, in their order
local Lock = {}
Lock.__index = Lock

---@class idle.Place a task's place; to be closed when the task is done or gives up
---@field lock idle.Lock
---@field turn table  condition of idle.loop: it may be its turn
---@field is_inside? boolean
---@field is_closed? boolean
local Place = {}
Place.__index = Place

---@param at_once? integer  default 1
---@return idle.Lock
function lock.new(at_once)
  return setmetatable({ at_once = at_once or 1, inside = 0, queue = {} }, Lock)
end

--- Takes a place at the end of the queue.
---@return idle.Place
function Lock:enter()
  local place = setmetatable({ lock = self, turn = loop.condition() }, Place)
  self.queue[#self.queue + 1] = place
  return place
end

--- Whether nobody is inside or waits.
---@return boolean
function Lock:is_unused() return self.inside == 0 and not self.queue[1] end

local function is_next(place) return place.lock.queue[1] == place and place.lock.inside < place.lock.at_once end

-- Only the one whose turn it is: each of thousands who wait would look in vain.
local function call_next(queue)
  local first = queue.queue[1]
  if first and is_next(first) then first.turn:notify() end
end

--- Waits until it is its turn. How long that takes is up to those before it.
---@param remaining_ms? fun(): integer  how long it may still take; default: for ever
---@return boolean is_inside  false: the time was over before
function Place:wait(remaining_ms)
  while not is_next(self) do
    local left_ms = remaining_ms and remaining_ms()
    if left_ms == 0 then return false end
    self.turn:wait(left_ms)
  end
  table.remove(self.lock.queue, 1)
  self.lock.inside, self.is_inside = self.lock.inside + 1, true
  call_next(self.lock) -- there may be room for one more
  return true
end

-- A cancelled task leaves from the middle of the queue.
local function leave(queue, place)
  for index, waiting in ipairs(queue) do
    if waiting == place then
      table.remove(queue, index)
      return
    end
  end
end

--- Gives the place back. A second call does nothing.
function Place:close()
  if self.is_closed then return end
  self.is_closed = true
  if self.is_inside then self.lock.inside = self.lock.inside - 1 else leave(self.lock.queue, self) end
  call_next(self.lock)
end

Place.__close = Place.close

return lock
