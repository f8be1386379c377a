--- When a start is sent, and what its answer means (DESIGN §6.2, rule 3).
--- At most one start is ever sent that was not refused for certain.
local errors = require("idle.engine.errors")
local look_reader = require("idle.engine.sync_look")
local utc = require("idle.engine.utc")

local sync_start = {}

local BUSY_PAUSE, SUSPENDED_PAUSE, JITTER = 10, 30, 5

local function server_words(look)
  local name = look_reader.server_of(look).Name
  return type(name) == "string" and ("sync server '%s'"):format(errors.escape(name)) or "the sync server"
end

--- Whether the state of a server forbids a start (facts, rule 10).
---@param machine idle.SyncStateMachine
---@param look    idle.SyncLook
---@return idle.SyncEnding?
function sync_start.refusal(machine, look)
  local details, server = look.details, server_words(look)
  if details.StagingModeEnabled == true then
    return { kind = "sync.staging", message = server .. " is in staging mode, so a cycle would export nothing; "
      .. "start the sync on the active server, or end staging mode there" }
  elseif details.SchedulerSuspended == true and machine.attempts == 0 then
    return { kind = "sync.suspended", message = "the scheduler of " .. server .. " is suspended; is the configuration "
      .. "wizard or an upgrade open on it, perhaps in a disconnected remote desktop session? Close it" }
  elseif details.SyncCycleEnabled == false and not machine.allow_disabled then
    return { kind = "sync.disabled", message = "the sync cycle of " .. server .. " is disabled; enable it "
      .. "(Set-ADSyncScheduler -SyncCycleEnabled $true), or start one all the same: AllowDisabled (--allow-disabled)" }
  end
end

local function wait_turn(machine, now)
  if machine.busy_since then return end
  machine.busy_since = now
  local clock = machine:server_clock(now)
  machine.busy_utc = clock and utc.format(clock)
end

local function fail_busy(machine)
  machine.ending = {
    outcome = "Busy", kind = "sync.busy", message = machine:who_is_busy() .. "; nothing was started",
  }
end

--- Decides after a look whether the start is due.
---@param machine idle.SyncStateMachine
---@param now     number
function sync_start.consider(machine, now)
  machine.ending = sync_start.refusal(machine, machine.look)
  if machine.ending then return end
  if machine.look.up then
    machine.refusal = nil
    wait_turn(machine, now)
    if machine.on_busy == "Fail" then fail_busy(machine) end
  elseif now >= machine.start_at then
    machine.wants_start = true
  end
end

--- Whether an error says for certain that the same call will never succeed and changed nothing.
---@param err idle.Error
---@return boolean
function sync_start.is_refusal(err)
  local kind = errors.kinds[err.kind]
  return err.effect == "none" and not err.transient and kind ~= nil and kind.effect == "none"
    and err.kind ~= "timeout" and err.kind ~= "cancelled"
end

-- A wait that was cut short says nothing about the command that was out.
local function has_changed_nothing(err)
  return err.effect == "none" and err.kind ~= "timeout" and err.kind ~= "cancelled"
end

--- What the answer to a start means. Only a known refusal is one.
---@param answer any
---@param err?   idle.Error
---@return "accepted"|"maybe"|"busy"|"refused"
function sync_start.judge(answer, err)
  if err then
    if not has_changed_nothing(err) then return "maybe" end
    return err.kind == "sync.busy" and "busy" or "refused"
  end
  return type(answer) == "table" and answer.Started == true and "accepted" or "maybe"
end

--- What the answer to a start said, if not that it was accepted.
---@param answer any
---@param err?   idle.Error
---@return string
function sync_start.doubt(answer, err)
  if err then return tostring(err) end
  if answer == nil then return "there is none" end
  local message = type(answer) == "table" and answer.Message
  return type(message) == "string" and errors.escape(message) or "it has another shape"
end

--- Why it is not certain that the start was accepted.
---@param machine idle.SyncStateMachine
---@return string
function sync_start.doubt_words(machine)
  local words = "its answer does not say that it was accepted"
  return machine.doubt and ("%s: %s"):format(words, machine.doubt) or words
end

--- What a later call needs if nobody hears any more what became of the start that is sent next.
---@param machine idle.SyncStateMachine
---@return idle.SyncBaseline
function sync_start.intent(machine)
  local clock, intent = utc.parse(machine.look.clock), {}
  for name, field in pairs(machine.baseline) do intent[name] = field end
  intent.Accepted, intent.SentUtc = "maybe", clock and utc.format(clock)
  return intent
end

--- Notes that a start was sent, for certain or perhaps.
---@param machine  idle.SyncStateMachine
---@param now      number
---@param accepted "yes"|"maybe"
---@param wall?    string
function sync_start.sent(machine, now, accepted, wall)
  -- The clock of the look before it: whatever the start began is later.
  local clock = utc.parse(machine.look.clock)
  machine.is_sent, machine.starts, machine.sent_clock = true, machine.starts + 1, clock
  machine.baseline.Accepted, machine.baseline.SentUtc = accepted, clock and utc.format(clock)
  local accepted_clock = machine:server_clock(now)
  if accepted == "yes" then machine.accepted_utc = accepted_clock and utc.format(accepted_clock) or wall end
  machine:stop_waiting_turn()
  machine.was_history_read, machine.refusal = false, nil
  machine.watch:start_sent()
  if not machine.wait then machine.ending = sync_start.not_waited(machine) end
end

--- Notes that a start was refused, and decides whether to try again.
---@param machine idle.SyncStateMachine
---@param now     number
---@param answer  "busy"|"refused"
---@param err     idle.Error
function sync_start.not_sent(machine, now, answer, err)
  machine.refusal = answer == "refused" and err or nil
  machine.busy_connector = type(err.data) == "table" and err.data.Connector or nil
  local may_pass = err.transient or err.kind == "sync.suspended"
  if answer == "busy" and machine.on_busy == "Fail" then
    fail_busy(machine)
  elseif answer == "refused" and not (may_pass and machine.on_busy == "Wait") then
    machine.ending = { kind = err.kind, message = err.message, error = err }
  else
    wait_turn(machine, now)
    local pause = err.kind == "sync.suspended" and SUSPENDED_PAUSE or BUSY_PAUSE
    machine.start_at = now + pause + JITTER * machine.random()
  end
end

--- The ending of a step that does not wait.
---@param machine idle.SyncStateMachine
---@return idle.SyncEnding
function sync_start.not_waited(machine)
  local message = "the start of a sync cycle was sent, and nobody waits for it"
  if not machine.is_sent then
    message = "a sync cycle that carries the change runs already, and nobody waits for it"
  elseif machine.baseline.Accepted == "maybe" then
    message = "the start of a sync cycle was sent, and nobody waits for it; " .. sync_start.doubt_words(machine)
  end
  return { outcome = "NotWaited", message = message }
end

return sync_start
