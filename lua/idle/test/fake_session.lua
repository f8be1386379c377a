--- `idle.test.fake_session{ ["Get-ADSyncScheduler"] = { … }, … }`: an AuthSession that answers from a script and
--- records its calls.
---
--- Values travel as they do to a real far end: parameters and answers are checked and copied, a list
--- of answers is a pipeline, and commands of several tasks queue. So what works with a fake works with a session.
local answers = require("idle.test.answers")
local broker = require("idle.host.broker")
local clixml = require("idle.clixml")
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local lock = require("idle.sessions.lock")
local loop = require("idle.loop")
local parameter = require("idle.engine.parameter")
local place = require("idle.test.place")
local remote_command = require("idle.sessions.remote_command")
local request = require("idle.sessions.request")
local stopwatch = require("idle.test.stopwatch")
local suggest = require("idle.engine.suggest")
local value = require("idle.engine.value")

---@class idle.test.SessionCall: idle.test.Call
---@field command    string
---@field parameters table   as they arrived at the far end
---@field stdin?     string  of `run`

---@class idle.test.FakeSession: idle.AuthSession
---@field calls     idle.test.SessionCall[]  oldest first
---@field is_closed boolean
---@field package label   string
---@field package script  table<string, any>  by command, in lower case
---@field package plain   table<string, any>  by command of `run`
---@field package counts  table<string, integer>
---@field package watch   idle.test.Stopwatch
---@field package lock    idle.Lock
---@field package closing table  condition of idle.loop
local Session = {}
Session.__index = Session

-- What a session of ours has by default.
local DEPTH = 4

-- What a Windows PowerShell says of itself.
local FACTS = {
  version = "5.1.17763.5830", edition = "Desktop", pid = 4711, machine = "FAKE01", user = "FAKE\\svc-idle",
  elevated = false, language_mode = "FullLanguage",
}

function Session:check_open()
  if self.is_closed then errors.raise("input.session", ("the session with %s was closed"):format(self.label)) end
end

function Session:record(fields)
  local name = fields.command:lower()
  self.counts[name] = (self.counts[name] or 0) + 1
  fields.number, fields.at = self.counts[name], self.watch:seconds()
  self.calls[#self.calls + 1] = fields
  return fields
end

-- Whatever ends the wait for an answer, a command was sent.
local function cut_off(self, call, reason)
  errors.raise("cancelled", ("%s while '%s' ran on %s"):format(reason, call.command, self.label),
    { effect = "unknown" })
end

local function wait(self, call, seconds)
  local ok, result = pcall(self.closing.wait, self.closing, math.ceil(seconds * 1000))
  if not ok and errors.from(result).kind ~= "cancelled" then error(result, 0) end
  if not ok then cut_off(self, call, result.message) end
  if self.is_closed then cut_off(self, call, "the session was closed") end
end

-- Another session may answer: a spec changes and records what goes to a simulated server. No far end can answer with
-- a session, so that nothing else can be meant.
local function hand_on(session)
  return function(parameters, call) return session:InvokeCommand(call.command, parameters) end
end

local function hand_on_plain(session)
  return function(options) return session:run(options) end
end

function Session:play(entry, call, to_function, ...)
  local arguments = table.pack(...)
  return answers.play(entry, call, {
    name = call.command,
    adapt = function(v) return broker.is_session(v) and to_function(v) or v end,
    wait = function(seconds) wait(self, call, seconds) end,
    invoke = function(f) return f(table.unpack(arguments, 1, arguments.n)) end,
  })
end

local function refuse(self, command, names)
  errors.raise("input.setup", ("%s: nothing is scripted for '%s'%s (scripted: %s)"):format(self.label,
    errors.escape(command), suggest.hint(command, names), #names > 0 and table.concat(names, ", ") or "nothing"))
end

function Session:entry_of(command)
  local entry = self.script[command:lower()]
  if entry == nil then entry = self.otherwise end
  if entry ~= nil then return entry end
  refuse(self, command, data.sorted_keys(self.spellings))
end

-- A pipeline: none, one or several objects.
local function as_output(v)
  if v == nil or value.is_null(v) then return value.list() end
  if type(v) == "table" and not value.is_bytes(v) and value.is_sequence(v) then return v end
  return value.list({ v })
end

-- A function of the script may hand on what another session returned.
local function warnings_of(v)
  return type(v) == "table" and not value.is_list(v) and v.warnings or v
end

function Session:deliver(call, v, warnings)
  local answer = { output = as_output(v), warnings = value.list(warnings_of(warnings)) }
  local xml, err = clixml.encode(answer, { name = ("'%s'"):format(call.command) })
  if not xml then errors.raise("input.setup", ("%s: no far end can answer so: %s"):format(self.label, err.message)) end
  local body = errors.check(clixml.decode(xml))
  return request.unwrap(body.output), { warnings = body.warnings }
end

--- Answers from the script.
---@param CommandName string
---@param Parameters? table<string, any>
---@return any output
---@return { warnings: string[] } facts
function Session:InvokeCommand(CommandName, Parameters)
  parameter.receiver(self, "session:InvokeCommand(CommandName, Parameters)")
  local sent = errors.check(clixml.decode(request.encode(0, CommandName, Parameters, DEPTH)))
  local turn <close> = self.lock:enter()
  turn:wait()
  self:check_open()
  local call = self:record({ command = CommandName, parameters = sent.params })
  local v, warnings = self:play(self:entry_of(CommandName), call, hand_on, call.parameters, call)
  return self:deliver(call, v, warnings)
end

local function check_outcome(self, call, v)
  if type(v) == "string" then v = { stdout = v } end
  if type(v) ~= "table" then
    errors.raise("input.setup", ("%s: '%s' must be answered by a text or { stdout, stderr, exit_code }, not %s")
      :format(self.label, errors.escape(call.command), parameter.kind(v)))
  end
  return { stdout = v.stdout or "", stderr = v.stderr or "", signal = v.signal,
           exit_code = v.exit_code or (not v.signal and 0 or nil) }
end

--- Answers a plain command from the script's field `run`.
---@param options { command: string, stdin?: string }
---@return { stdout: string, stderr: string, exit_code: integer?, signal: string? }
function Session:run(options)
  parameter.receiver(self, "session:run{ command = … }")
  remote_command.check(options)
  local turn <close> = self.lock:enter()
  turn:wait()
  self:check_open()
  local call = self:record({ command = options.command, parameters = {}, stdin = options.stdin })
  local entry = self.plain[options.command]
  if entry == nil then refuse(self, options.command, data.sorted_keys(self.plain)) end
  return check_outcome(self, call, (self:play(entry, call, hand_on_plain, options, call)))
end

--- What the far end says of itself.
---@return table facts  version, edition, now, pid, machine, user, elevated, language_mode
function Session:info()
  self:check_open()
  local facts = { now = require("idle.host.clock").now() }
  for name, fact in pairs(FACTS) do facts[name] = fact end
  for name, fact in pairs(self.facts) do facts[name] = fact end
  return facts
end

--- Ends the session; never waits. A command that is under way raises.
function Session:close()
  self.is_closed = true
  self.closing:notify()
end

Session.__close = Session.close

local function check_table(v, name)
  if v ~= nil and type(v) ~= "table" then
    place.raise(("fake_session: '%s' must be a table, got %s"):format(name, parameter.kind(v)))
  end
  return v or {}
end

-- Commands by their name in lower case, and as they are spelled.
local function read_commands(given)
  local script, spellings = {}, {}
  for name, entry in pairs(given) do
    if name ~= "run" and name ~= "info" and name ~= "otherwise" then
      local ok, err = pcall(request.check_command_name, name)
      if not ok then place.raise(("fake_session: %s; besides commands it takes run, info and otherwise")
        :format(err.message)) end
      script[name:lower()], spellings[name] = entry, true
    end
  end
  return script, spellings
end

--- Makes a session. A script's entry is the answer, a function `(parameters, call)` that returns it, or made by
--- idle.test.answer, fails, after, loses_answer or in_turn, or a session that is handed the command. `run` has plain
--- commands, `info` facts of the far end, and `otherwise` is the entry of all other commands.
---@param script table<string, any>  by command
---@return idle.test.FakeSession
return function(script)
  place.refuse_colon(script, "fake_session")
  if type(script) ~= "table" then
    place.raise(("fake_session takes a table of commands and answers, got %s"):format(parameter.kind(script)))
  end
  local commands, spellings = read_commands(script)
  local made_at = place.of_caller()
  return setmetatable({
    calls = {}, is_closed = false, label = made_at and ("the fake session (%s)"):format(made_at) or "the fake session",
    script = commands, spellings = spellings, otherwise = script.otherwise,
    plain = check_table(script.run, "run"), facts = check_table(script.info, "info"),
    counts = {}, watch = stopwatch.start(), lock = lock.new(), closing = loop.condition(),
  }, Session)
end
