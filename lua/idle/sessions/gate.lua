--- How many logins may be under way at one server, and how many short programs at all. sshd refuses unauthenticated
--- connections at random from the tenth on (MaxStartups 10:30:100); who waits here instead is never refused for what
--- this process does.
local errors = require("idle.engine.errors")
local loop = require("idle.loop")

local gate = {}

-- Two less than ten: somebody else may log in, too.
local MOST_AT_ONCE = 8

---@class idle.Gate
---@field inside integer
---@field queue  idle.Pass[]  those who wait, in their order

-- By key; a gate that nobody uses is forgotten.
---@type table<string, idle.Gate>
local gates = {}

---@class idle.Pass the right to log in now; to be closed when the login is over
---@field key  string
---@field what string
---@field turn table  condition of idle.loop: it may be its turn
---@field is_inside? boolean
---@field is_closed? boolean
local Pass = {}
Pass.__index = Pass

local function leave_queue(entry, pass)
  for index, waiting in ipairs(entry.queue) do
    if waiting == pass then
      table.remove(entry.queue, index)
      return
    end
  end
end

-- Only the one whose turn it is: each of thousands who wait would look in vain.
local function call_next(entry)
  local first = entry.queue[1]
  if first and entry.inside < MOST_AT_ONCE then first.turn:notify() end
end

--- Gives the place back. A second call does nothing.
function Pass:close()
  if self.is_closed then return end
  self.is_closed = true
  local entry = gates[self.key]
  if self.is_inside then entry.inside = entry.inside - 1 else leave_queue(entry, self) end
  if entry.inside == 0 and not entry.queue[1] then gates[self.key] = nil end
  call_next(entry)
end

Pass.__close = Pass.close

local function is_next(entry, pass) return entry.queue[1] == pass and entry.inside < MOST_AT_ONCE end

--- Waits for its turn; raises when the time is over.
---@param limit idle.Deadline
function Pass:wait(limit)
  local entry = gates[self.key]
  while not is_next(entry, self) do
    local left_ms = limit:remaining_ms()
    if left_ms == 0 then
      errors.raise("ssh.timeout", ("%d %s '%s' were under way for %g s, so this one did not begin"):format(
        MOST_AT_ONCE, self.what, errors.escape(self.key), limit.seconds), { effect = "none", transient = true })
    end
    self.turn:wait(left_ms)
  end
  table.remove(entry.queue, 1)
  entry.inside, self.is_inside = entry.inside + 1, true
  -- There may be room for one more.
  call_next(entry)
end

--- Takes a place in a queue.
---@param key   string  "host:port", or the name of a program
---@param what? string  what passes there, for the message; default "logins at"
---@return idle.Pass
function gate.enter(key, what)
  local entry = gates[key] or { inside = 0, queue = {} }
  gates[key] = entry
  local pass = setmetatable({ key = key, what = what or "logins at", turn = loop.condition() }, Pass)
  entry.queue[#entry.queue + 1] = pass
  return pass
end

return gate
