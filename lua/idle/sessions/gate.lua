--- How many logins may be under way at one server, and how many short programs at all. sshd refuses unauthenticated
--- connections at random from the tenth on (MaxStartups 10:30:100); who waits here instead is never refused for what
--- this process does.
local errors = require("idle.engine.errors")
local lock = require("idle.sessions.lock")

local gate = {}

-- Two less than ten: somebody else may log in, too.
local MOST_AT_ONCE = 8

-- By key; a gate that nobody uses is forgotten.
---@type table<string, idle.Lock>
local gates = {}

---@class idle.Pass the right to log in now; to be closed when the login is over
---@field key   string
---@field what  string
---@field place idle.Place
local Pass = {}
Pass.__index = Pass

--- Gives the place back. A second call does nothing.
function Pass:close()
  self.place:close()
  if self.place.lock:is_unused() and gates[self.key] == self.place.lock then gates[self.key] = nil end
end

Pass.__close = Pass.close

--- Waits for its turn; raises when the time is over.
---@param limit idle.Deadline
function Pass:wait(limit)
  if self.place:wait(function() return limit:remaining_ms() end) then return end
  errors.raise("ssh.timeout", ("%d %s '%s' were under way for %g s, so this one did not begin"):format(
    MOST_AT_ONCE, self.what, errors.escape(self.key), limit.seconds), { effect = "none", transient = true })
end

--- Takes a place in a queue.
---@param key   string  "host:port", or the name of a program
---@param what? string  what passes there, for the message; default "logins at"
---@return idle.Pass
function gate.enter(key, what)
  gates[key] = gates[key] or lock.new(MOST_AT_ONCE)
  return setmetatable({ key = key, what = what or "logins at", place = gates[key]:enter() }, Pass)
end

return gate
