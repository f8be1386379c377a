--- What servers said of passwords, for all sessions of the process: a script that makes a session for each of thousands
--- of joiners would lock the account with the first few of them if their one password is wrong.
---
---  * A password that was refused is not given to that server again for that account.
---  * One that nobody knows to be right is tried by one session at a time; the others wait to see what becomes of it.
---  * Behind a login, any number may follow at once.
---
--- Keys and agents pass by, because a key that is refused locks no account. Passwords are not kept, only tags of them.
local errors = require("idle.engine.errors")
local hash = require("idle.hash")
local lock = require("idle.sessions.lock")
local loop = require("idle.loop")
local utc = require("idle.engine.utc")

local passwords = {}

-- So many seconds a login speaks for those that follow. Longer ago, somebody may have changed the password.
local PROOF_SECONDS = 10

-- A password to which no answer came may have been a wrong one, of which five to ten usually lock an account.
local MOST_UNANSWERED = 3

---@class idle.Password one for one account of one server
---@field account     string     for messages
---@field queue       idle.Lock  those who would be the first
---@field unanswered  integer    how often it was given in vain, before it was known to be right
---@field is_right    boolean    it has been, once
---@field proven_at?  number     seconds of the monotonic clock
---@field refused_at? string     UTC
---@field refusal?    string     message of the login that was refused

-- By what tells accounts, servers and passwords apart.
---@type table<string, idle.Password>
local known = {}

-- nil: no password would be given. The same address may be another server behind other hops, or at another time of a
-- forwarded port, for which the alias of its host key or the key itself stands then.
local function key_of(target)
  local tag = target.password and hash.tag(target.password)
  if not tag then return nil end
  return table.concat({ target.user, target.host:lower(), target.port, target.way or "", target.host_key_alias or "",
                        target.host_key or "", tag }, "\0")
end

local function password_of(target)
  local key = key_of(target)
  if not key then return nil end
  known[key] = known[key] or {
    account = errors.escape(("'%s' at '%s:%d'"):format(target.user, target.host, target.port)),
    queue = lock.new(), unanswered = 0, is_right = false,
  }
  return known[key]
end

local function is_fresh(password)
  return password.proven_at ~= nil and loop.monotonic() - password.proven_at <= PROOF_SECONDS
end

-- Callers may add to an error, so each gets its own, and its own cause.
local function refuse(password, what, ...)
  local cause = password.refusal and errors.new("ssh.auth", password.refusal)
  local text = ("this password of %s was %s; it is not given again, so that the account is not locked: give the right "
    .. "one, or, if the fault was the server's and is repaired, start the program again (a script that goes on may "
    .. "call idle.forget_refused_passwords())"):format(password.account, what:format(...))
  errors.raise("ssh.auth", text, { effect = "none", transient = false, cause = cause })
end

local function check(password)
  if password.refused_at then
    refuse(password, "refused already at %s in this process", password.refused_at)
  elseif not password.is_right and password.unanswered >= MOST_UNANSWERED then
    refuse(password, "given %d times already in this process, and no answer ever came", password.unanswered)
  end
end

--- Raises if a target's password must not be given again.
---@param target idle.SshTarget
function passwords.check(target)
  local password = known[key_of(target)]
  if password then check(password) end
end

---@class idle.PasswordTrial a login that may give a password; to be closed when it is over
---@field password? idle.Password  nil: it gives none
---@field place?    idle.Place     of the one who tries it for the others
local Trial = {}
Trial.__index = Trial

function Trial:__close()
  if self.place then self.place:close() end
  self.place = nil
end

--- Waits until the password was proven by somebody else, or it is this one's turn to try. Raises when the time is over,
--- or the password was refused.
---@param limit idle.Deadline
function Trial:wait(limit)
  local password = self.password
  if not password then return end
  if not is_fresh(password) then
    self.place = password.queue:enter()
    if not self.place:wait(function() return limit:remaining_ms() end) then
      errors.raise("ssh.timeout", ("other sessions tried this password of %s first, and for %g s it did not become "
        .. "known whether it is right, so this login did not begin"):format(password.account, limit.seconds),
        { effect = "none", transient = true })
    end
    if is_fresh(password) then self:__close() end
  end
  check(password)
end

local function learn(password, is_given, err)
  if not err then
    password.proven_at = loop.monotonic()
    password.is_right = password.is_right or is_given -- a key may have done it
  elseif is_given and err.kind == "ssh.auth" then
    password.refused_at, password.refusal = utc.format(loop.now_ms() / 1000), err.message
    password.proven_at = nil
  elseif is_given then
    password.unanswered = password.unanswered + 1 -- also where it was cancelled
  end
end

--- Logs in, and learns from it.
---@param log_in fun(on_password?: fun()): table  a connection; is to call `on_password` when the password was given;
---                                               raises
---@return table
function Trial:log_in(log_in)
  local password, is_given = self.password, false
  if not password then return log_in() end
  check(password) -- it may have been refused while this one waited at the gate
  local is_ok, result = pcall(log_in, function() is_given = true end)
  learn(password, is_given, not is_ok and errors.from(result) or nil)
  if not is_ok then error(result, 0) end
  return result
end

--- Makes the trial for one login at one server.
---@param target idle.SshTarget
---@return idle.PasswordTrial
function passwords.trial(target) return setmetatable({ password = password_of(target) }, Trial) end

--- Lets sessions that are made from now on give refused passwords again.
function passwords.forget_refused()
  for _, password in pairs(known) do
    password.refused_at, password.refusal, password.proven_at, password.unanswered = nil, nil, nil, 0
  end
end

return passwords
