--- The events of IdLE.Step.TriggerDirectorySync (contracts §15.6.2, DESIGN §6.2).
local errors = require("idle.engine.errors")
local starting = require("idle.engine.sync_start")

---@class idle.SyncEvents
---@field package context   idle.StepContext
---@field package values    table    With
---@field package step_name string
---@field polls      integer  looks since the wait began
---@field began?     number   monotonic seconds at which the wait began
---@field state      string   at the last look
local SyncEvents = {}
SyncEvents.__index = SyncEvents

local sync_events = {}

---@param context   idle.StepContext
---@param values    table
---@param step_name string
---@return idle.SyncEvents
function sync_events.new(context, values, step_name)
  return setmetatable({ context = context, values = values, step_name = step_name, polls = 0, state = "Unknown" },
    SyncEvents)
end

function SyncEvents:write(type_name, message, data)
  self.context.EventSink:WriteEvent("DirectorySync" .. type_name, message, self.step_name, data)
end

-- As PowerShell rounds: halves to even.
local function round(seconds)
  local floor = math.floor(seconds)
  local rest = seconds - floor
  return (rest > 0.5 or (rest == 0.5 and floor % 2 == 1)) and floor + 1 or floor
end

function SyncEvents:elapsed()
  return self.began and round(self.context.Clock.monotonic() - self.began) or 0
end

--- The step begins: With is right, and no session was asked for yet.
function SyncEvents:triggered()
  self:write("Triggered", ("triggering a directory sync cycle of type '%s'"):format(self.values.PolicyType),
    { PolicyType = self.values.PolicyType, ComputerName = self.values.ComputerName })
end

--- The start was sent. Whoever keeps this event can take up an interrupted wait.
---@param machine idle.SyncStateMachine
function SyncEvents:accepted(machine)
  local baseline = machine.baseline
  local message = "the start was accepted"
  if baseline.Accepted ~= "yes" then message = "the start was sent; " .. starting.doubt_words(machine) end
  self:write("Accepted", message, {
    Baseline = baseline, Accepted = baseline.Accepted, ServerTimeUtc = machine.accepted_utc or baseline.SentUtc,
    Attempt = machine.attempts,
  })
end

--- The start waits its turn.
---@param machine idle.SyncStateMachine
---@param pause?  number  seconds until the next attempt; nil = it is not known
function SyncEvents:busy(machine, pause)
  local who = machine:busy()
  local message = machine:who_is_busy()
  if pause then message = message .. ("; trying again in %d s"):format(round(pause)) end
  self:write("Busy", message, {
    Connector = who.Connector, RunProfile = who.RunProfile, SinceUtc = who.SinceUtc, NextAttemptSeconds = pause,
    ElapsedSeconds = round(machine:busy_seconds()), Attempt = machine.attempts,
  })
end

--- The wait begins.
function SyncEvents:waiting()
  self.began = self.context.Clock.monotonic()
  self:write("Waiting", ("waiting for the sync cycle for up to %g s"):format(self.values.TimeoutSeconds),
    { TimeoutSeconds = self.values.TimeoutSeconds, PollIntervalSeconds = self.values.PollIntervalSeconds })
end

local function poll_words(state, running, err)
  if err then return "the look failed: " .. err end
  if running.Connector then
    state = ("%s, '%s' on '%s'"):format(state, tostring(running.RunProfile), running.Connector)
  end
  return errors.escape(state)
end

--- One look of the wait.
---@param machine idle.SyncStateMachine
---@param answer? table       what was seen
---@param err?    idle.Error  why nothing was
function SyncEvents:poll(machine, answer, err)
  answer = type(answer) == "table" and answer or {}
  self.polls = self.polls + 1
  self.state = type(answer.State) == "string" and answer.State or "Unknown"
  local in_progress, running = answer.InProgress ~= false or self.state == "Unknown", machine:running()
  local text = err and errors.escape(tostring(err)) or nil
  self:write("Poll", ("look %d after %d s: %s"):format(self.polls, self:elapsed(),
    poll_words(self.state, running, text)), {
    Attempt = self.polls, State = self.state, InProgress = in_progress, ElapsedSeconds = self:elapsed(),
    Connector = running.Connector, RunProfile = running.RunProfile, Error = text,
  })
end

--- The step is over, and nothing failed.
---@param done idle.SyncAction
function SyncEvents:completed(done)
  local data = { Outcome = done.outcome, Severity = done.is_warning and "Warning" or nil }
  if done.outcome == "NotWaited" then
    data.PolicyType, data.Accepted = self.values.PolicyType, done.data.Baseline.Accepted
  else
    data.Attempts, data.ElapsedSeconds = self.polls, self:elapsed()
  end
  self:write("Completed", done.message, data)
end

--- The step fails.
---@param err any  what it will raise
function SyncEvents:failed(err)
  local is_error = type(err) == "table"
  local facts = is_error and type(err.data) == "table" and err.data or {}
  local data = {
    Error = errors.escape(tostring(is_error and errors.from(err) or err)),
    Kind = is_error and err.kind or nil, Outcome = facts.Outcome,
  }
  if facts.Outcome == "Timeout" or facts.Outcome == "NotObserved" then
    data.TimeoutSeconds, data.ElapsedSeconds, data.LastKnownState =
      self.values.TimeoutSeconds, self:elapsed(), self.state
  end
  self:write("Failed", "the directory sync failed: " .. data.Error, data)
end

return sync_events
