--- A queue: the tasks that enter it go on one by one, in the order in which they came.
local loop = require("idle.loop")

local lock = {}

---@class idle.Lock
---@field queue idle.Place[]
local Lock = {}
Lock.__index = Lock

---@class idle.Place a task's place in the queue; to be closed when the task is done or gives up
---@field lock idle.Lock
---@field turn table  condition of idle.loop: it may be its turn
local Place = {}
Place.__index = Place

---@return idle.Lock
function lock.new()
  return setmetatable({ queue = {} }, Lock)
end

--- Takes a place at the end of the queue.
---@return idle.Place
function Lock:enter()
  local place = setmetatable({ lock = self, turn = loop.condition() }, Place)
  self.queue[#self.queue + 1] = place
  return place
end

--- Waits until this place is the first one. How long that takes is up to those before it.
function Place:wait()
  while self.lock.queue[1] ~= self do self.turn:wait() end
end

-- A cancelled task leaves from the middle of the queue.
function Place:__close()
  local queue = self.lock.queue
  for index, place in ipairs(queue) do
    if place == self then
      table.remove(queue, index)
      break
    end
  end
  -- Only the one whose turn it is: each of thousands who wait would look in vain.
  if queue[1] then queue[1].turn:notify() end
end

return lock
