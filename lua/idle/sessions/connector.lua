--- When a session connects again by itself. Nothing of a command is sent while it does, so nothing can happen twice.
---
---  * A server that is busy is asked again, also at first contact.
---  * A server that was reached once, and now is not, is asked again: it may restart.
---  * A server that is not reached the first time fails at once: most likely it is a name that is wrong.
---  * A host key or a login that is refused is final; a refused credential is not shown to the server again (a
---    password by no session of the process: see idle.sessions.passwords).
local deadline = require("idle.sessions.deadline")
local errors = require("idle.engine.errors")
local gate = require("idle.sessions.gate")
local loop = require("idle.loop")
local passwords = require("idle.sessions.passwords")
local trace = require("idle.sessions.trace")

local connector = {}

local FIRST_DELAY_SECONDS = 0.5
local MAX_DELAY_SECONDS = 8

-- Kinds that end by themselves when the server or the way to it comes back.
local PASSING = { ["ssh.connect"] = true, ["ssh.resolve"] = true, ["ssh.timeout"] = true, ["ssh.lost"] = true,
                  ["ssh.handshake"] = true }

---@class idle.Connector
---@field reconnect_timeout number  seconds for which it tries again
---@field queue_timeout     number  seconds for which it waits for its turn
---@field has_password      boolean
---@field was_connected     boolean
---@field refusal?          idle.Error  of the login; final
---@field calls             integer     of interrupt
---@field changed           table       condition of idle.loop
---@field place?            idle.Pass   of the login that is under way, or was the last
---@field limit             idle.Deadline  for the attempts that are under way
local Connector = {}
Connector.__index = Connector

local function is_after_credential(err) return err.phase == "auth" and err.credential_sent == true end

-- Where a password was sent and the connection ended before an answer, the next try would count as the next wrong one.
local function is_final(self, err)
  return err.kind == "ssh.auth" or (self.has_password and not self.was_connected and is_after_credential(err))
end

local function may_retry(self, err)
  if is_after_credential(err) then return false end
  return err.kind == "ssh.busy" or (self.was_connected and PASSING[err.kind] == true)
end

--- The pause before the next attempt: any time up to a limit that doubles, so that many sessions do not come at once.
---@param attempt integer  that just failed, from 1
---@return number seconds
function connector.pause(attempt)
  return loop.random() * math.min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ^ (attempt - 1))
end

--- Raises if somebody interrupted it since `calls` was read.
---@param calls integer
function Connector:check(calls)
  if self.calls ~= calls then
    errors.raise("ssh.lost", "the session was closed while it connected", { effect = "none", transient = false })
  end
end

local function give_place_back(self)
  if self.place then self.place:close() end
  self.place = nil
end

--- Keeps the place of a login until it is closed: sshd counts it as under way a little longer than we do, but not when
--- it has opened a channel.
---@return table guard  to be closed
function Connector:keep_place()
  return setmetatable({}, { __close = function() give_place_back(self) end })
end

--- Logs in at one server, when it is its turn. The time until then does not count. Its place at the gate is given back
--- by the next login, by a failure, or when `keep_place` ends.
---@param target idle.SshTarget
---@param log_in fun(on_password?: fun()): table  as of idle.PasswordTrial
---@return table
function Connector:pass(target, log_in)
  give_place_back(self)
  local waited, calls = deadline.after(self.queue_timeout), self.calls
  local trial <close> = passwords.trial(target)
  trial:wait(waited) -- before the gate, where it would be in the way of those who have a key
  local pass = gate.enter(("%s:%d"):format(target.host, target.port))
  self.place = pass
  pass:wait(waited)
  self.limit.began = self.limit.began + waited:elapsed()
  self:check(calls)
  local connection = trial:log_in(log_in)
  -- What comes too late is of no use to anybody.
  if self.calls ~= calls then connection:close() end
  self:check(calls)
  return connection
end

-- Callers may add to an error, so each gets its own.
local function refuse_again(err)
  errors.raise(err.kind, err.message .. "; not tried again by this session, so that no account is locked",
    { effect = "none", transient = false, data = err.data })
end

local function fail(self, err)
  if is_final(self, err) then self.refusal = err end
  error(err, 0)
end

-- Whoever gives up waiting wants to know what it waited for.
local function check_interruption(is_ok, raised, err)
  if is_ok or not errors.is_interruption(raised) then return end
  if not err or not errors.is(raised) then error(raised, 0) end
  errors.raise("cancelled", err.message .. "; it was still trying to connect again", { effect = "none" })
end

-- Waits before the next attempt, or raises if there is none.
local function pause(self, number, err, calls)
  local pause_ms = connector.pause(number) * 1000
  if not may_retry(self, err) or pause_ms >= self.limit:remaining_ms() then fail(self, err) end
  trace.line("connecting again in %.1f s: %s", pause_ms / 1000, err.message)
  local is_ok, raised = pcall(self.changed.wait, self.changed, pause_ms)
  check_interruption(is_ok, raised, err)
  self:check(calls)
end

--- Connects by calling `try` as often as it makes sense. Waits.
---@param target idle.SshTarget
---@param try    fun(): table  a connection, each login of which goes through `pass`; raises
---@return table
function Connector:connect(target, try)
  passwords.check(target)
  if self.refusal then refuse_again(self.refusal) end
  local calls, err = self.calls, nil
  self.limit = deadline.after(self.was_connected and self.reconnect_timeout
    or math.max(target.connect_timeout, self.reconnect_timeout))
  for number = 1, math.huge do
    local is_ok, result = pcall(try)
    if is_ok then
      self.was_connected = true
      return result
    end
    give_place_back(self)
    check_interruption(is_ok, result, err)
    err = errors.from(result)
    pause(self, number, err, calls)
  end
end

--- Ends the attempts that are under way.
function Connector:interrupt()
  self.calls = self.calls + 1
  self.changed:notify()
end

--- Makes one for a session.
---@param options { reconnect_timeout: number, start_timeout: number, password?: any }
---@return idle.Connector
function connector.new(options)
  return setmetatable({
    reconnect_timeout = options.reconnect_timeout, queue_timeout = options.start_timeout,
    has_password = options.password ~= nil, was_connected = false, calls = 0, changed = loop.condition(),
  }, Connector)
end

return connector
