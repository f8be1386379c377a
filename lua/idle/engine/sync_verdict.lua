--- Rules 4 to 9 of DESIGN §6.2: whether a cycle is over, and with what outcome.
--- Called after each readable look; every function only reads.
local errors = require("idle.engine.errors")
local look_reader = require("idle.engine.sync_look")
local results = require("idle.engine.sync_results")
local starting = require("idle.engine.sync_start")
local utc = require("idle.engine.utc")

local sync_verdict = {}

---@class idle.SyncEnding
---@field outcome? string    nil = refused before anything was sent
---@field kind?    string    of the error; nil = the step is Completed
---@field message  string
---@field class?   string    of the failure (facts, rule 12)
---@field error?   idle.Error  what refused it, if that was not us
---@field is_warning? boolean

-- Nothing of a start shows for so long: nobody will ever see it.
local UNOBSERVED_SECONDS = 120

-- Dates of the scheduler may be cut to whole seconds.
local ROUNDING_SECONDS = 1

local function describe(run)
  local name = run.raw.ConnectorName
  return errors.escape(("'%s' on '%s'"):format(
    tostring(run.raw.RunProfileName), type(name) == "string" and name or run.connector))
end

local function ended(run)
  return ("%s ended with '%s'"):format(describe(run), errors.escape(run.result))
end

local function described_results(runs)
  local parts = {}
  for index, run in ipairs(runs) do parts[index] = ended(run) end
  return table.concat(parts, ", ")
end

local function failed(run)
  local class, advice = results.advice(run.result)
  return {
    outcome = "Failed", kind = "sync.failed", class = class,
    message = ("the sync cycle failed: %s; %s"):format(ended(run), advice),
  }
end

local function unverified(why)
  return {
    outcome = "Unverified", is_warning = true,
    message = ("a sync cycle has ended, but %s: whether the change was exported is unknown"):format(why),
  }
end

local PURGED = "entries of its run history were purged before they could be read"

local function claim(machine)
  local review = machine.review
  if review.lost or not machine.history:is_whole() then return unverified(PURGED) end
  if #review.noted == 0 then
    return { outcome = "Success", message = "the sync cycle has exported" }
  end
  return {
    outcome = "CompletedWithErrors", is_warning = true, class = "data",
    message = "the sync cycle has exported, but " .. described_results(review.noted),
  }
end

-- Rule 5. The writeback may never come, so its absence is not waited for beyond the signs of an end.
local function is_ended(machine, now)
  return machine.review.is_written_back or machine.history.has_later
    or machine.watch:is_finished(now) or machine.watch:is_quiet_for(now, machine.settle)
end

-- Whether the next start shows that a cycle ended which began after our start
-- was sent: one that began before it ends with a next start before ours plus the
-- interval. Without a clock any move may be ours, so the answer is a vague one.
---@return boolean is_moved, boolean? is_vague
local function shows_new_cycle(machine)
  if not machine.is_sent or not machine.watch:has_moved() then return false end
  local interval, next_start = look_reader.interval_of(machine.look), utc.parse(machine.watch.next_start)
  if not (machine.sent_clock and interval and next_start) then return true, true end
  return next_start >= machine.sent_clock + interval - ROUNDING_SECONDS, false
end

-- A short cycle may end before its import is first seen, and the next start has
-- moved by then. It is that of the carrier, or of a later cycle, if it belongs to
-- a cycle which began after the baseline and after the imports before the carrier.
local function has_ended_quickly(machine)
  local interval, next_start = look_reader.interval_of(machine.look), utc.parse(machine.watch.next_start)
  if not (interval and next_start) or machine.watch.next_start == machine.baseline.NextStart then return false end
  local began = next_start - interval
  return began >= machine.history.since and began > machine.history:import_before_carrier()
end

local function is_quiet_after_end(machine, now)
  local watch = machine.watch
  local has_moved = watch.next_start ~= nil and watch.next_start ~= machine.next_start_at_carrier
  if watch:is_quiet_for(now, machine.settle) and (has_moved or has_ended_quickly(machine)) then return true end
  return watch.up == false and watch:is_quiet_for(now, 2 * machine.settle)
end

-- Rule 6.
local function is_without_export(machine, now)
  local review = machine.review
  if review.has_export or review.is_running or not machine.look.runs then return false end
  if machine.history.has_later and not review.unsynced then return true end
  return is_quiet_after_end(machine, now)
end

-- "Nothing was pending" is a claim only where a synchronization could tell, and
-- where the history is whole.
local function no_export(machine)
  local unsynced = machine.review.unsynced
  if not machine.history:is_listed() then return unverified(PURGED) end
  if unsynced then
    return {
      outcome = "Failed", kind = "sync.failed", class = "stopped",
      message = ("the sync cycle stopped: no synchronization followed %s; somebody stopped it, or ran this import by "
        .. "hand: start again"):format(describe(unsynced)),
    }
  end
  return {
    outcome = "NoExport", is_warning = true,
    message = "the sync cycle is over, and its history shows no export: nothing was pending, or it is not visible",
  }
end

local function of_carrier(machine, now)
  local review = machine.review
  if review.failed then return failed(review.failed) end
  if review.exported and not review.is_deciding then
    if machine.until_ == "Export" or is_ended(machine, now) then return claim(machine) end
  elseif review.lost and not review.is_running then
    if machine.history.has_later or is_quiet_after_end(machine, now) then return unverified(PURGED) end
  elseif is_without_export(machine, now) then
    return no_export(machine)
  end
end

-- Rule 8. A vague sign must stay quiet for as long as the flag.
local function of_signs(machine, now)
  local watch = machine.watch
  local has_moved, is_vague = shows_new_cycle(machine)
  local has_ended = (has_moved and watch:is_quiet_for(now, is_vague and 2 * machine.settle or machine.settle))
    or (watch.has_been_up and watch.up == false and watch:is_quiet_for(now, 2 * machine.settle))
  return has_ended and unverified("the run history could not be read") or nil
end

local function not_observed(machine, after)
  local name = machine.baseline.Server
  local server = name and ("sync server '%s'"):format(errors.escape(name)) or "the sync server"
  local message = ("no cycle that imports after the start was observed on %s, %s; look at its run history before "
    .. "another start"):format(server, after)
  if machine.history.has_stale then
    message = message .. "; new runs appeared, but they are dated before it: the server's dates are implausible"
  elseif machine.baseline.Accepted == "maybe" then
    message = ("%s; the start was sent, but %s"):format(message, starting.doubt_words(machine))
  end
  return { outcome = "NotObserved", kind = "sync.not_observed", message = message }
end

-- Whether the server showed anything of a cycle after the start.
local function has_sign(machine)
  return machine.watch.has_been_up or (machine.is_trusted and machine.history.has_new) or shows_new_cycle(machine)
end

-- Rule 7, where the history can be read, and without any sign also where it cannot.
local function is_unobserved(machine, now)
  if not machine.watch:is_quiet_for(now, UNOBSERVED_SECONDS) or machine.watch.up then return false end
  if machine.is_trusted and machine.was_history_read then return machine.look.runs ~= nil end
  return not has_sign(machine)
end

--- What the last look says about the wait for a cycle.
---@param machine idle.SyncStateMachine
---@param now     number
---@return idle.SyncEnding? ending  nil = go on
function sync_verdict.of_look(machine, now)
  if machine.history.carrier and machine.is_trusted then return of_carrier(machine, now) end
  if not machine.is_sent then return nil end
  local ending
  if not (machine.is_trusted and machine.was_history_read) then ending = of_signs(machine, now) end
  if not ending and is_unobserved(machine, now) then
    ending = not_observed(machine, ("and the server is idle for %d s"):format(UNOBSERVED_SECONDS))
  end
  return ending
end

-- Nothing was sent: because of somebody else, or because nobody could look.
local function not_started(machine)
  local refusal = machine.refusal or (not machine.busy_since and machine.failures > 0 and machine.last_failure)
  if refusal then return { kind = refusal.kind, message = refusal.message, error = refusal } end
  local why = machine.busy_since and machine:who_is_busy() or "the state of the sync server could not be read"
  return {
    outcome = "Busy", kind = "sync.busy",
    message = ("%s; nothing was started within %d s"):format(why, math.floor(machine.timeout)),
  }
end

-- A server that cannot be reached any more says nothing about the cycle.
local function with_failure(machine, ending)
  if machine.failures > 0 then
    ending.message = ("%s; the last look failed: %s"):format(ending.message, tostring(machine.last_failure))
  end
  return ending
end

local function timed_out(machine)
  local state = "not yet settled"
  if machine.failures > 0 then
    state = "no longer seen"
  elseif machine.watch.up then
    state = "still running"
  elseif machine.is_trusted and machine.history.carrier and not machine.review.exported then
    state = "not exported yet"
  end
  return {
    outcome = "Timeout", kind = "sync.timeout",
    message = ("timeout waiting for completion: the sync cycle is %s after %d s; wait on with its Baseline")
      :format(state, math.floor(machine.timeout)),
  }
end

--- Rule 9: what is said at the deadline.
---@param machine idle.SyncStateMachine
---@return idle.SyncEnding
function sync_verdict.at_deadline(machine)
  local has_carrier = machine.history.carrier and machine.is_trusted
  if not has_carrier and not machine.is_sent then return not_started(machine) end
  if has_carrier or has_sign(machine) then return with_failure(machine, timed_out(machine)) end
  return with_failure(machine, not_observed(machine, ("within %d s"):format(math.floor(machine.timeout))))
end

return sync_verdict
