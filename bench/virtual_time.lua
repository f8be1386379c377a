-- What virtual time costs: a joiner with two syncs of 15 simulated minutes, looked at every 30 s, and three retries;
-- alone, and 1,000 of them at once, each with a server of its own. Seconds are those of the processor.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local measure = require "measure"
local idle = require "idle"

local JOINERS = tonumber(arg[1]) or 1000
local FAILURES = 3

local function refuse_first(failures)
  local calls = 0
  return function()
    calls = calls + 1
    if calls <= failures then idle.error("provider.busy", "the directory is busy", { transient = true }) end
    return { calls = calls }
  end
end

local SYNC = {
  AuthSessionName = "EntraConnect", PolicyType = "Delta", Wait = true, TimeoutSeconds = 3600, PollIntervalSeconds = 30,
}

local function join(name, past_cycles)
  local server = idle.sim.sync_server{ cycle_seconds = 900, past_cycles = past_cycles }
  local run <close> = idle.run{ name = name, providers = {
    DirectorySync = idle.providers.entra_connect(),
    AuthSessionBroker = idle.auth_session_broker{ default = server:session(), fallback = true },
  } }
  run:step("Create the account", refuse_first(FAILURES), { retry = { MaxAttempts = FAILURES + 1 } })
  run:step("Sync the account", "IdLE.Step.TriggerDirectorySync", SYNC)
  run:step("Set the licence group", function() return "LIC-E3" end)
  run:step("Sync the licence group", "IdLE.Step.TriggerDirectorySync", SYNC)
  assert(#server:ledger() == 2)
  return run:result()
end

local function check(result)
  assert(result.Status == "Completed")
  assert(result.Steps[1].Attempts == FAILURES + 1)
  assert(result.Steps[2].DurationMs > 15 * 60 * 1000 and result.Steps[4].DurationMs > 15 * 60 * 1000)
end

local function one() check(join("joiner")) end
local function one_with_a_past() check(join("joiner", 9)) end

local function many()
  local jobs = {}
  for index = 1, JOINERS do jobs[index] = function() return join("joiner " .. index) end end
  for _, result in ipairs(idle.gather(jobs)) do check(result) end
end

local virtual_time = idle.test.virtual_time
local median_of = measure.median_processor_seconds

local first = measure.processor_seconds(virtual_time, one)
measure.report("a joiner of half an hour, modules loaded for it, seconds", first, 0.05, "at most")
measure.report("a joiner of half an hour, seconds", median_of(9, virtual_time, one), 0.05, "at most")
measure.report("the same, 50 entries of history in each look, seconds", median_of(9, virtual_time, one_with_a_past),
  0.05, "at most")
measure.report(("%d such joiners at once, seconds"):format(JOINERS), measure.processor_seconds(virtual_time, many), 10,
  "at most")
