--- The AuthSession that sessions of every transport share: commands for one remote PowerShell, one by one.
local base64 = require("idle.base64")
local clixml = require("idle.clixml")
local endings = require("idle.sessions.endings")
local error_record = require("idle.sessions.error_record")
local errors = require("idle.engine.errors")
local live = require("idle.live")
local lock = require("idle.sessions.lock")
local parameter = require("idle.engine.parameter")
local remote_shell = require("idle.sessions.remote_shell")
local request = require("idle.sessions.request")

local powershell = {}

---@class idle.Transport how a session reaches its PowerShell
---@field open    fun(self): table    a pipe to a new process; raises
---@field is_open fun(self): boolean  whether `open` would use a connection that is there already
---@field reset   fun(self)           drops the connection; never waits

---@class idle.PowerShellSession: idle.AuthSession
---@field settings  idle.ShellSettings
---@field depth     integer  levels of objects that an answer keeps
---@field transport idle.Transport
---@field shell?    idle.RemoteShell
local Session = {}
Session.__index = Session

local function decode(session, frame, command)
  local xml, err = base64.decode(frame.body)
  local body
  if xml then body, err = clixml.decode(xml) end
  if type(body) == "table" and (frame.kind ~= "ok" or type(body.output) == "table") then return body end
  errors.raise("remote.protocol", ("the answer to '%s' on %s can't be read: %s"):format(
    command, session.settings.label, err and err.message or "no table"))
end

local answers = {}

function answers.ok(session, frame, command)
  local body = decode(session, frame, command)
  return request.unwrap(body.output), { warnings = body.warnings }
end

function answers.error(session, frame, command)
  local record = decode(session, frame, command)
  if frame.seq == -1 then
    errors.raise("remote.protocol", ("%s could not read the request for '%s'"):format(session.settings.label, command),
      { data = record, effect = "none" })
  end
  error(error_record.to_error(record, command), 0)
end

function answers.large(session, frame, command)
  local bytes = (math.tointeger(tonumber(frame.body)) or 0) // 4 * 3
  errors.raise("remote.too_large", ("the output of '%s' has about %d bytes, more than max_output_bytes allows (%d); "
    .. "ask for less, or raise the limit"):format(command, bytes, session.settings.max_output_bytes))
end

function answers.hello(session, _, command)
  local label = session.settings.label
  errors.raise("remote.protocol", ("%s said hello in place of an answer to '%s'"):format(label, command))
end

function Session:check_open()
  if self.is_closed then
    errors.raise("input.session", ("the session with %s was closed"):format(self.settings.label))
  end
end

local function start_shell(session)
  return remote_shell.start(session.transport:open(), session.settings)
end

-- An older connection may have died unnoticed, and a new one while PowerShell started. (What fails on the way to the
-- server has a phase: its transport has tried again as often as makes sense.)
local function is_worth_another_try(err, was_open)
  return was_open and err.kind:find("^ssh%.") ~= nil or err.kind == "ssh.lost" and err.phase == nil
end

-- Nothing was sent, so a second try does no harm.
local function start(session)
  local was_open = session.transport:is_open()
  local is_ok, result = pcall(start_shell, session)
  if is_ok then return result end
  session:check_open()
  if not is_worth_another_try(errors.from(result), was_open) then error(result, 0) end
  session.transport:reset()
  return start_shell(session)
end

local function drop(session)
  if session.shell then session.shell:close() end
  session.shell = nil
end

local function ready_shell(session)
  session:check_open()
  if session.shell and not session.shell:is_alive() then drop(session) end
  session.shell = session.shell or start(session)
  -- Somebody may have closed the session while it opened.
  if session.is_closed then drop(session) end
  session:check_open()
  return session.shell
end

-- Whatever keeps the answer from coming, a cancelled task included, costs the shell: a late answer
-- could be taken for another command's.
local function exchange(session, seq, line, command)
  local shell = ready_shell(session)
  local is_ok, result = pcall(shell.exchange, shell, seq, line, command)
  if is_ok then return result end
  drop(session)
  local err = errors.from(result)
  if err.kind == "cancelled" and err.effect ~= "unknown" then err = endings.of_cancelled(shell, command, err) end
  error(err, 0)
end

--- Runs a command at the far end and returns its output: nil for none, the value for one object,
--- an idle.list for several. Raises an idle.Error.
---@param CommandName string
---@param Parameters? table<string, any>
---@return any output
---@return { warnings: string[] } facts
function Session:InvokeCommand(CommandName, Parameters)
  parameter.receiver(self, "session:InvokeCommand(CommandName, Parameters)")
  local seq = self.last_seq + 1
  local line = base64.encode(request.encode(seq, CommandName, Parameters, self.depth))
  self.last_seq = seq
  local place <close> = self.lock:enter()
  place:wait()
  local frame = exchange(self, seq, line, CommandName)
  return answers[frame.kind](self, frame, CommandName)
end

--- What the far end said about itself; opens the session if it is not open.
---@return table facts  version, edition, now, pid, machine, user, elevated, language_mode
function Session:info()
  local place <close> = self.lock:enter()
  place:wait()
  local facts = { language_mode = "FullLanguage" }
  for name, fact in pairs(ready_shell(self).hello) do facts[name] = request.nil_for_null(fact) end
  return facts
end

-- For the test harness: nil once it was closed, false if there is nothing to close as yet.
local function is_in_use(session)
  if session.is_closed then return nil end
  return session.shell ~= nil or session.transport:is_open()
end

--- Ends the session; never waits. A command that is under way raises.
function Session:close()
  self.is_closed = true
  drop(self)
  self.transport:reset()
end

Session.__close = Session.close

--- Makes a session; it is opened by its first command.
---@param settings  idle.ShellSettings
---@param depth     integer
---@param transport idle.Transport
---@return idle.PowerShellSession
function powershell.new(settings, depth, transport)
  return live.enter(setmetatable({
    settings = settings, depth = depth, transport = transport, lock = lock.new(), last_seq = 0, is_closed = false,
  }, Session), is_in_use, "the session with " .. settings.label)
end

return powershell
