--- IdLE.Step.TriggerDirectorySync: starts a sync cycle and waits until the
--- cycle that carries the caller's change has exported (DESIGN §6).
local errors = require("idle.engine.errors")
local starting = require("idle.engine.sync_start")
local sync_cycle = require("idle.engine.sync_cycle")
local sync_events = require("idle.steps.sync_events")
local sync_with = require("idle.steps.sync_with")

---@class idle.SyncStep one execution of the step
---@field package context  idle.StepContext
---@field package provider table
---@field package events   idle.SyncEvents
---@field package machine  idle.SyncStateMachine
---@field package session  idle.AuthSession
---@field package is_connected? boolean  the last call was answered
---@field package look_seconds? number   that the last look took, if it was answered over a connection that stood
local SyncStep = {}
SyncStep.__index = SyncStep

-- A far end that hangs must not use up the time of all looks. The first call, and
-- the next one after a failure, has to connect and to start PowerShell as well.
local CALL_SECONDS, FIRST_CALL_SECONDS = 60, 150

local function new_machine(values, clock)
  return sync_cycle.new({
    policy_type = values.PolicyType, wait = values.Wait, timeout = values.TimeoutSeconds,
    poll_interval = values.PollIntervalSeconds, on_busy = values.OnBusy, settle = values.SettleSeconds,
    until_ = values.Until, allow_disabled = values.AllowDisabled, baseline = values.Baseline, expect = values.Expect,
    random = clock.random, now = clock.monotonic(),
  })
end

function SyncStep:now() return self.context.Clock.monotonic() end

function SyncStep:time_for_call()
  local seconds = self.is_connected and CALL_SECONDS or FIRST_CALL_SECONDS
  return math.max(0, math.min(seconds, self.machine.deadline - self:now()))
end

-- Calls a method of the provider, bounded by the deadline where the clock can
-- do that; returns its answer, or nil and what it raised.
function SyncStep:call(method, ...)
  local provider, arguments = self.provider, table.pack(...)
  arguments[arguments.n + 1] = self.session
  local function call() return provider[method](provider, table.unpack(arguments, 1, arguments.n + 1)) end
  local with_timeout = self.context.Clock.with_timeout
  local ok, answer
  if with_timeout then
    ok, answer = pcall(with_timeout, self:time_for_call(), call)
  else
    ok, answer = pcall(call)
  end
  self.is_connected = ok
  if ok then return answer end
  errors.pass_interruption(answer)
  return nil, errors.from(answer)
end

-- The wait begins when there is a cycle to wait for: ours, or one that is adopted.
function SyncStep:announce_wait()
  if not self.events.began and self.machine.wait and self.machine:has_cycle() then self.events:waiting() end
end

function SyncStep:announce_busy(pause)
  local who = self.machine:busy()
  local key = tostring(who.Connector) .. tostring(who.RunProfile)
  if pause or key ~= self.busy_key then self.events:busy(self.machine, pause) end
  self.busy_key = key
end

-- The deadline left a look less time than the one before took, which was answered. That this one was not says nothing
-- about the server.
function SyncStep:is_cut(err, seconds_left)
  return err.kind == "timeout" and seconds_left < math.min(self.look_seconds or 0, CALL_SECONDS)
end

function SyncStep:look()
  local since, began, was_connected = self.context.Clock.now(), self:now(), self.is_connected
  local answer, err = self:call("GetSyncCycleState")
  if not err then
    self.look_seconds = was_connected and self:now() - began or nil -- to connect takes longer
    self.machine:saw(self:now(), answer, self.context.Clock.now(), since)
  elseif was_connected and self:is_cut(err, self.machine.deadline - began) then
    self.context.Clock.sleep(math.max(0, self.machine.deadline - self:now()))
  else
    self.machine:look_failed(self:now(), err)
  end
  if self.events.began then self.events:poll(self.machine, answer, err) end
  if self.machine:is_waiting_turn() and self.machine.watch.up then self:announce_busy() end
  self:announce_wait()
end

-- For whoever is killed while a start is out. What can't be noted is not sent.
function SyncStep:note_start(intent)
  if self.context.NoteStart then self.context.NoteStart(intent) end
end

-- Whoever is interrupted while a start is out may leave a cycle behind, and must be able to wait on.
function SyncStep:start()
  self:note_start(starting.intent(self.machine))
  local is_whole, answer, err = pcall(self.call, self, "StartSyncCycle", self.machine.policy_type)
  local interruption = not is_whole and answer or nil
  if interruption then answer, err = nil, errors.from(interruption) end
  local verdict = self.machine:answered(self:now(), answer, err, self.context.Clock.now())
  if verdict == "accepted" or verdict == "maybe" then
    self.events:accepted(self.machine)
  else
    self:note_start(nil)
    if verdict == "busy" and self.machine:is_waiting_turn() then
      self:announce_busy(self.machine.start_at - self:now())
    end
  end
  if interruption then error(interruption, 0) end
  self:announce_wait()
end

-- They only complete the report, so what cannot be read is left out.
function SyncStep:fetch_details(run_ids)
  local runs = {}
  if self.provider.GetSyncRunDetails then
    for _, id in ipairs(run_ids) do
      if self:now() < self.machine.deadline then runs[#runs + 1] = self:call("GetSyncRunDetails", id) end
    end
  end
  self.machine:saw_details(runs)
end

local function to_error(done)
  local cause = done.error
  return errors.from({
    kind = done.kind, message = done.message, data = done.data,
    -- A refusal came before anything was sent, whatever its kind leaves open.
    effect = not done.outcome and "none" or nil, transient = cause and cause.transient or nil,
    cause = cause and cause.cause,
  })
end

function SyncStep:run()
  while true do
    local action = self.machine:next(self:now())
    if action.action == "done" then return action end
    if action.action == "look" then
      self:look()
    elseif action.action == "start" then
      self:start()
    elseif action.action == "details" then
      self:fetch_details(action.run_ids)
    else
      self.context.Clock.sleep(action.seconds)
    end
  end
end

-- A wait that is cut off leaves a start behind, which is not "nothing was changed". And a look that is cut off changes
-- nothing, though its session can't know that: only the start counts.
function SyncStep:tell_of_start(raised)
  if not errors.is(raised) or raised.data ~= nil then return end
  local baseline = self.machine.is_sent and self.machine.baseline or nil
  raised.data = baseline and { Baseline = baseline }
  if raised.effect ~= "none" and not errors.is_interruption(raised) then return end
  raised.effect = not baseline and "none" or baseline.Accepted == "yes" and "applied" or "unknown"
end

function SyncStep:perform(values)
  self.session = self.context:AcquireAuthSession(values.AuthSessionName, values.SessionOptions)
  local done = self:run()
  if done.kind then error(to_error(done), 0) end
  return done
end

--- Runs the step.
---@param context idle.StepContext
---@param with    table  keys of DESIGN §6.1
---@param step?   { Name: string, Type: string }
---@return { Status: "Completed", Changed: boolean, Data: table }
local function trigger_directory_sync(context, with, step)
  local values, provider = sync_with.read(with, context.Providers)
  local name = step and step.Name or "TriggerDirectorySync"
  local events = sync_events.new(context, values, name)
  local sync = setmetatable({
    context = context, provider = provider, events = events, machine = new_machine(values, context.Clock),
  }, SyncStep)
  events:triggered()
  local ok, done = pcall(sync.perform, sync, values)
  if not ok then
    sync:tell_of_start(done)
    events:failed(done)
    error(done, 0)
  end
  events:completed(done)
  return { Status = "Completed", Changed = done.data.Starts > 0, Data = done.data }
end

return trigger_directory_sync
