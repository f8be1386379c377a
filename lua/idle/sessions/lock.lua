--- A queue: the tasks that enter it go on one by one, in the order in which they came.
local loop = require("idle.loop")

local lock = {}

---@class idle.Lock
---@field queue   idle.Place[]
---@field changed table  condition of idle.loop
local Lock = {}
Lock.__index = Lock

---@class idle.Place a task's place in the queue; to be closed when the task is done or gives up
---@field lock idle.Lock
local Place = {}
Place.__index = Place

---@return idle.Lock
function lock.new()
  return setmetatable({ queue = {}, changed = loop.condition() }, Lock)
end

--- Takes a place at the end of the queue.
---@return idle.Place
function Lock:enter()
  local place = setmetatable({ lock = self }, Place)
  self.queue[#self.queue + 1] = place
  return place
end

--- Waits until this place is the first one. How long that takes is up to those before it.
function Place:wait()
  while self.lock.queue[1] ~= self do self.lock.changed:wait() end
end

-- A cancelled task leaves from the middle of the queue.
function Place:__close()
  for index, place in ipairs(self.lock.queue) do
    if place == self then table.remove(self.lock.queue, index) end
  end
  self.lock.changed:notify()
end

return lock
