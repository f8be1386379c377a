--- The baseline: what there was before, against which everything that appears
--- later is measured (DESIGN §6.2, rule 1).
local look_reader = require("idle.engine.sync_look")
local starting = require("idle.engine.sync_start")
local utc = require("idle.engine.utc")
local value = require("idle.engine.value")

local sync_baseline = {}

---@class idle.SyncBaseline
---@field Server?    string
---@field T0?        string    the server's clock at the first look
---@field RunIds?    string[]  the history at the first look
---@field NextStart? string
---@field Accepted   "no"|"maybe"|"yes"
---@field SentUtc?   string    the server's clock when the start was sent

-- Where there is a clock, a history that cannot be read or dated may be a passing
-- trouble, or a run that began in this very moment. A baseline that is taken
-- later is only more careful, so a few looks more cost nothing but their time.
local MAX_LOOKS = 3

local function server_name(look)
  local server = look_reader.server_of(look)
  local name = server.Name or server.TenantConnector
  return type(name) == "string" and name or nil
end

local function fresh(machine, look)
  local clock = utc.parse(look.clock)
  local is_dated = clock ~= nil and look.runs ~= nil and not machine.history:has_run_after(clock)
  machine.baseline_looks = machine.baseline_looks + 1
  if clock and not is_dated and machine.wait and machine.baseline_looks < MAX_LOOKS then return false end
  machine.baseline = {
    Server = server_name(look),
    T0 = clock and utc.format(clock),
    RunIds = look.runs and value.list(machine.history:ids()),
    NextStart = look.next_start,
    Accepted = "no",
  }
  machine.is_trusted = is_dated
  if is_dated then machine.history:set_baseline(machine.baseline.RunIds, clock) end
  return true
end

local function wrong_server(former, name)
  return {
    kind = "input.with",
    message = ("TriggerDirectorySync: With.Baseline is that of server '%s', but this is '%s'"):format(former, name),
  }
end

-- The former wait goes on: its clock, its entries, its start.
local function resume(machine, look)
  local former = machine.former
  machine.baseline = {
    Server = former.Server or server_name(look), T0 = former.T0, RunIds = former.RunIds,
    NextStart = former.NextStart, Accepted = former.Accepted, SentUtc = former.SentUtc,
  }
  local since = utc.parse(former.T0)
  machine.is_trusted = since ~= nil and former.RunIds ~= nil
  if machine.is_trusted then machine.history:set_baseline(former.RunIds, since) end
  if former.Accepted ~= "no" then
    machine.is_sent, machine.sent_clock = true, utc.parse(former.SentUtc)
    machine.watch:start_sent(former.NextStart)
  end
  return true
end

local function take_up(machine, look)
  local former, name = machine.former, server_name(look)
  if former.Server and name and former.Server:lower() ~= name:lower() then
    machine.ending = wrong_server(former.Server, name)
    return false
  end
  -- Without a start and without dates there is nothing to take up.
  local is_worth = former.Accepted ~= "no" or (former.T0 and former.RunIds)
  return (is_worth and resume or fresh)(machine, look)
end

-- The server's clock was read at some moment of the look, and the first one takes its time: the
-- server has to start PowerShell before it, and to load its module after it.
local function skew(clock, earliest, latest)
  if not (clock and latest) then return nil end
  return clock - math.max(earliest or latest, math.min(clock, latest))
end

--- Takes the baseline from a look, or takes up a former one.
---@param machine idle.SyncStateMachine
---@param look    idle.SyncLook
---@param wall?   string  the local clock
---@param since?  string  the local clock before the look
---@return boolean is_taken  false = refused, or look again
function sync_baseline.take(machine, look, wall, since)
  machine.clock_skew = skew(utc.parse(look.clock), utc.parse(since), utc.parse(wall))
  if machine.former then return take_up(machine, look) end
  machine.ending = starting.refusal(machine, look)
  return not machine.ending and fresh(machine, look)
end

return sync_baseline
