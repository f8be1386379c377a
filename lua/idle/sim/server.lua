--- A simulated Entra Connect server. All that shows of it follows from its options, the starts
--- that were accepted, and the time; `texts.lua` holds what it says.
local adsync = require("idle.sim.adsync")
local binder = require("idle.sim.binder")
local core_commands = require("idle.sim.core_commands")
local parameter = require("idle.engine.parameter")
local records = require("idle.sim.records")
local texts = require("idle.sim.texts")
local value = require("idle.engine.value")

local server = {}

---@class idle.SimWorld what the server is handed instead of reaching for it
---@field clock   { now_ms: fun(): integer, sleep: fun(ms: number) }
---@field store   idle.SimStore
---@field process { id: integer, print: fun(text: string), hang: fun() }

---@class idle.SimAnswer
---@field kind      "ok"|"error"|"exit"
---@field output?   idle.List
---@field warnings? idle.List
---@field record?   idle.SimRecord

---@class idle.SimServer
---@field options idle.SimOptions
---@field world   idle.SimWorld
---@field package faults table<string, table[]>  by the command's name in lower case
local Server = {}
Server.__index = Server

-- What a command sees of the server while it runs.
---@class idle.SimContext
---@field options idle.SimOptions
---@field clock   table
---@field process table
---@field state   idle.SimState  missing for commands that have nothing to do with the server
---@field now_ms  integer
---@field cycles  idle.SimCycle[]
---@field warnings idle.List
---@field kept    table   what commands keep of one look for the next ones
local Context = {}
Context.__index = Context

--- A moment as the server's own clock shows it.
function Context:server_ms(ms)
  return ms + math.floor(self.options.clock_skew_seconds * 1000)
end

function Context:warn(message)
  self.warnings[#self.warnings + 1] = message
end

function Context:has_busy_starts()
  return self.state.BusyUsed < self.options.busy_starts
end

--- Counts a start that is refused whatever the state of the server.
function Context:use_busy_start()
  if not self:has_busy_starts() then return false end
  self.state.BusyUsed = self.state.BusyUsed + 1
  return true
end

function Context:accept(policy)
  self.state:accept(self.now_ms, policy, self.process.id)
end

local PROCESS_ENDS = {}

function Context:end_process() -- luacheck: ignore self
  error(PROCESS_ENDS, 0)
end

function Server:context(state)
  local now_ms = self.world.clock.now_ms()
  local context = setmetatable({ options = self.options, clock = self.world.clock, process = self.world.process,
                                 state = state, now_ms = now_ms, warnings = value.list(), kept = self.kept }, Context)
  if state then context.cycles = state:cycles(self.options, now_ms) end
  return context
end

local function by_lower_case(commands)
  local lowered = {}
  for name, command in pairs(commands) do lowered[name:lower()] = command end
  return lowered
end

local CORE, ADSYNC = by_lower_case(core_commands), by_lower_case(adsync)

local function run(context, command, parameters) return command.run(context, binder.bind(command, parameters)) end

-- The answer of a command, be it output or an error record.
local function answer_of(context, command, parameters)
  local output, record = records.catch(run, context, command, parameters)
  if record then return { kind = "error", record = record } end
  return { kind = "ok", output = value.list(output), warnings = context.warnings }
end

function Server:execute(name, parameters)
  local lowered = name:lower()
  local command = CORE[lowered]
  if command then return answer_of(self:context(), command, parameters) end
  command = self.options.module and ADSYNC[lowered]
  if not command then return { kind = "error", record = records.command_not_found(name) } end
  return self.world.store:transaction(function(state)
    return answer_of(self:context(state), command, parameters)
  end)
end

local function by_command(faults)
  local grouped = {}
  for _, fault in ipairs(faults) do
    local name = fault.command:lower()
    grouped[name] = grouped[name] or {}
    table.insert(grouped[name], fault)
  end
  return grouped
end

-- Counts the calls of commands that have faults; which fault is due with this one?
function Server:due_fault(name)
  local wanted = self.faults[name:lower()]
  if not wanted then return nil end
  local call = self.world.store:transaction(function(state) return state:count_call(name:lower()) end)
  for _, fault in ipairs(wanted) do
    if call == (fault.nth or 1) then return fault.fault end
  end
end

local faults = {}

function faults.exit() return { kind = "exit" } end

function faults.transient()
  return { kind = "error", record = records.service("Microsoft.IdentityManagement.PowerShell.Cmdlet",
    "System.Runtime.InteropServices.COMException", texts.unavailable, texts.hresult.unavailable) }
end

function faults.hang(self)
  self.world.process.hang()
  return { kind = "exit" }
end

-- The command takes effect, and nobody learns of it.
function faults.lose_answer(self, name, parameters)
  self:execute(name, parameters)
  return { kind = "exit" }
end

function faults.null(self, name, parameters)
  local answer = self:execute(name, parameters)
  return answer.kind == "ok" and { kind = "ok", output = value.list(), warnings = answer.warnings } or answer
end

function Server:answer(name, parameters)
  local fault = self:due_fault(name)
  if fault then return faults[fault](self, name, parameters) end
  return self:execute(name, parameters)
end

local function travel(self)
  local seconds = self.options.latency_seconds / 2
  if seconds > 0 then self.world.clock.sleep(math.floor(seconds * 1000)) end
end

--- Runs a command as the far end does.
---@param name       string
---@param parameters table
---@return idle.SimAnswer
function Server:run(name, parameters)
  travel(self)
  local is_ok, answer = pcall(self.answer, self, name, parameters)
  if not is_ok and answer ~= PROCESS_ENDS then error(answer, 0) end
  travel(self)
  return is_ok and answer or { kind = "exit" }
end

--- Every start that took effect, oldest first.
---@return { Seq: integer, Utc: string, PolicyType: string, Pid: integer }[]
function Server:ledger()
  parameter.receiver(self, "server:ledger()")
  return self.world.store:ledger()
end

--- An AuthSession for this server, within the process.
---@return idle.SimSession
function Server:session()
  parameter.receiver(self, "server:session()")
  return require("idle.sim.local_session").new(self)
end

---@param complete idle.SimOptions  with all defaults
---@param world    idle.SimWorld
---@return idle.SimServer
function server.new(complete, world)
  return setmetatable({ options = complete, world = world, faults = by_command(complete.faults), kept = {} }, Server)
end

return server
