--- One run of a flow on a fresh simulated server, in virtual time, and what the server knows of it afterwards.
local errors = require("idle.engine.errors")
local is_failure = require("idle.test.is_failure")
local place = require("idle.test.place")
local sync_results = require("idle.engine.sync_results")
local sync_server = require("idle.sim.sync_server")
local virtual_time = require("idle.test.virtual_time")

local fault_run = {}

---@class idle.test.FaultRun
---@field is_completed boolean    what the flow itself says: it returned, and nothing it returned says otherwise
---@field raised?      any        what it raised
---@field failure?     any        what it raised, if that was an assertion of the spec
---@field status?      string     of the result it returned, if that is one of a run that did not complete
---@field result?      table      that one
---@field raised_at?   string     where in the flow, if it did not catch that
---@field calls        string[]   the commands that the server was sent, in order
---@field starts       idle.test.SeenStart[]  that took effect
---@field exported     integer    cycles that began after the flow did and carried what was there to Entra ID

---@class idle.test.SeenStart
---@field at_ms       integer
---@field is_answered boolean  the flow was told that it was accepted
---@field is_blind    boolean  the start before it was not answered, nor did the history tell of its cycle until now

-- Scheduled cycles would carry the change of a flow that starts none; they are a fault of their own.
local BASE = { schedule_seconds = 24 * 3600 }

local LIMIT_SECONDS = 24 * 3600

local function merge(...)
  local all = {}
  for _, options in ipairs({ ... }) do
    for name, v in pairs(options) do all[name] = v end
  end
  return all
end

local function cycles_of(server)
  return server.world.store:transaction(function(state) return server:context(state).cycles end)
end

local function export_of(cycle)
  for _, run in ipairs(cycle.runs) do
    if run.name == "Entra Export" then return run end
  end
end

-- Watches what passes between a flow and its server.
local Watch = {}
Watch.__index = Watch

function Watch:now_ms() return self.server.world.clock.now_ms() end

-- Whether the history shows the end of the cycle that a start began.
function Watch:is_shown(start)
  if self.history_ms == nil then return false end
  for _, cycle in ipairs(cycles_of(self.server)) do
    local last = export_of(cycle) or cycle.runs[#cycle.runs]
    if cycle.at_ms == start.at_ms then return last.end_ms <= self.history_ms end
  end
  return false
end

function Watch:saw_start(answer)
  local before = self.starts[#self.starts]
  local ledger = self.server:ledger()
  if #ledger == #self.starts then return end
  self.starts[#self.starts + 1] = {
    at_ms = self.server.world.store:transaction(function(state) return state.starts[#state.starts].at_ms end),
    is_answered = answer.kind == "ok" and #answer.output > 0,
    is_blind = before ~= nil and not before.is_answered and not self:is_shown(before),
  }
end

function Watch:saw(name, answer)
  self.calls[#self.calls + 1] = name
  name = name:lower()
  if name == "start-adsyncsynccycle" then
    self:saw_start(answer)
  elseif name == "get-adsyncrunprofileresult" and answer.kind == "ok" and #answer.output > 0 then
    self.history_ms = self:now_ms() - math.ceil(self.server.options.history_lag_seconds * 1000)
  end
end

local function watch(server)
  local self = setmetatable({ server = server, calls = {}, starts = {} }, Watch)
  local run = server.run
  function server.run(...)
    local name = select(2, ...)
    -- A start takes effect though whoever sent it is gone before the answer comes.
    local is_over = false
    local guard <close> = setmetatable({}, { __close = function() -- luacheck: ignore guard
      if not is_over then self:saw(name, { kind = "exit" }) end
    end })
    local answer = run(...)
    is_over = true
    self:saw(name, answer)
    return answer
  end
  return self
end

-- In staging mode a cycle ends without an export, however much there is to export.
local function has_gone_well(server, cycle)
  if server.options.staging then return false end
  for _, run in ipairs(cycle.runs) do
    local is_decisive = run.kind == "Synchronization" or (run.connector == "ad") == (run.kind == "Import")
    if is_decisive and sync_results.class_of(run.result) == "failed" then return false end
  end
  return true
end

local function count_exported(server, began_ms)
  local now_ms, count = server.world.clock.now_ms(), 0
  for _, cycle in ipairs(cycles_of(server)) do
    local last = export_of(cycle) or cycle.runs[#cycle.runs]
    local is_within = cycle.runs[1].start_ms >= began_ms and last.end_ms <= now_ms
    if is_within and has_gone_well(server, cycle) then count = count + 1 end
  end
  return count
end

-- What was raised may be nil, and says nothing then.
local function or_text(raised, text)
  if raised == nil then return text end
  return raised
end

-- A flow may return what pcall does, or a result, which knows best.
local function judge(run, ok, first, second)
  if not ok then
    run.raised = or_text(first, "it raised nil")
  elseif first == false then
    run.raised = or_text(second, "it returned false")
  else
    local result = first == true and second or first
    local status = type(result) == "table" and result.Status
    if type(status) == "string" and status ~= "Completed" then run.status, run.result = status, result end
  end
  run.is_completed = ok and first ~= false and run.status == nil
end

-- Within busted a failed assertion has a type of its own; elsewhere luassert is still at work when it raises.
local function is_assertion(raised)
  if is_failure(raised) then return true end
  local level = 2
  local info = debug.getinfo(level, "S")
  while info and (info.what == "C" or info.source:find("^=idle%.")) do
    level = level + 1
    info = debug.getinfo(level, "S")
  end
  return info ~= nil and info.source:find("/luassert/", 1, true) ~= nil
end

local function run_once(flow, fault, options)
  local server = sync_server(merge(BASE, options, fault.options))
  local seen = watch(server)
  local began_ms, run = server.world.clock.now_ms(), {}
  judge(run, xpcall(flow, function(raised)
    if is_assertion(raised) then run.failure = raised end
    run.raised_at = place.of_caller()
    return raised
  end, server, fault))
  run.calls, run.starts, run.exported = seen.calls, seen.starts, count_exported(server, began_ms)
  return run
end

--- Runs a flow.
---@param flow    fun(sim: idle.SimServer, fault: idle.test.Fault): any
---@param fault   idle.test.Fault
---@param options { sim?: table, limit?: number, seed?: integer }
---@return idle.test.FaultRun
function fault_run.run(flow, fault, options)
  local run
  local ok, raised = pcall(virtual_time, function() run = run_once(flow, fault, options.sim or {}) end,
    { limit = options.limit or LIMIT_SECONDS, seed = options.seed })
  if ok then return run end
  if not run or errors.is_interruption(raised) then error(raised, 0) end
  run.is_completed, run.raised = false, raised
  return run
end

return fault_run
