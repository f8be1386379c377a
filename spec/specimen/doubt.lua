--- Servers that say less than they should, and answers that are lost.
local busted = require("busted")

local assert, it = require("luassert"), busted.it

local function fault(command, word, nth)
  return { cycle_seconds = 2, faults = { { command = command, fault = word, nth = nth } } }
end

local doubt = {
  title = "a server that leaves doubts",
  cases = {
    no_history = { server = { history = false } },
    no_history_strict = { "--strict", server = { history = false } },
    old = { server = { old_server = true } },
    old_no_history = { server = { old_server = true, history = false } },
    lost = { server = fault("Start-ADSyncSyncCycle", "lose_answer") },
    null = { server = fault("Start-ADSyncSyncCycle", "null") },
    not_begun = { "--wait-timeout", "8", server = fault("Start-ADSyncSyncCycle", "exit") },
    unavailable = { "--wait-timeout", "8", server = fault("Start-ADSyncSyncCycle", "transient") },
    hung_start = { "--command-timeout", "2", "--wait-timeout", "8", server = fault("Start-ADSyncSyncCycle", "hang") },
    failing_look = { server = fault("Get-ADSyncScheduler", "transient", 3) },
    hung_look = { "--command-timeout", "2", server = fault("Get-ADSyncScheduler", "hang", 3) },
    lost_look = { server = fault("Get-ADSyncRunProfileResult", "exit", 3) },
    failing_first = { server = fault("Get-ADSyncScheduler", "transient", 1) },
    no_wait = { "--no-wait", server = fault("Start-ADSyncSyncCycle", "lose_answer") },
  },
}

function doubt.specs(runs)
  local function ends(name, ...) return runs[name]:ends(...) end

  it("whose history can't be read: what was exported is not claimed", function()
    local outcome = ends("no_history", "exit 0, Unverified, 1 started")
    assert.matches("a sync cycle has ended, but the run history could not be read: whether the change was exported is "
      .. "unknown", outcome.events[#outcome.events].Message, 1, true)
    assert.is_nil(outcome.data.ExportEndUtc)
    ends("no_history_strict", "exit 2, Unverified, 1 started")
  end)

  it("that is old and has no flag: its history is enough", function()
    assert.is_string(ends("old", "exit 0, Success, 1 started").data.ExportEndUtc)
  end)

  it("that is old, without a history: the next start tells that it ended", function()
    ends("old_no_history", "exit 0, Unverified, 1 started")
  end)

  it("whose answer to the start is lost or empty: the cycle is found, none is started twice", function()
    for _, name in ipairs({ "lost", "null" }) do
      local data = ends(name, "exit 0, Success, 1 started").data
      assert.same({ "maybe", "Started", 1 }, { data.Baseline.Accepted, data.Carried, data.Starts })
    end
  end)

  it("where the start may have been accepted, and nothing shows: in doubt, with what was answered", function()
    local sent = "the start was sent, but its answer does not say that it was accepted: "
    ends("not_begun", "exit 3, sync.not_observed (unknown), 0 started",
      sent .. "powershell.exe on '127.0.0.1' ended without an answer to 'Start-ADSyncSyncCycle' (exit status 255)")
    ends("unavailable", "exit 3, sync.not_observed (unknown), 0 started",
      sent .. "'Start-ADSyncSyncCycle' failed: The RPC server is unavailable.")
    ends("hung_start", "exit 3, sync.not_observed (unknown), 0 started",
      sent .. "'Start-ADSyncSyncCycle' on powershell.exe on '127.0.0.1' did not answer within 2 s")
  end)

  it("where nobody waits: the answer says how sure the start is", function()
    local data = ends("no_wait", "exit 0, NotWaited, 1 started").data
    assert.equal("maybe", data.Baseline.Accepted)
  end)

  it("where a look fails, hangs or is lost: the wait goes on", function()
    for _, name in ipairs({ "failing_look", "hung_look", "lost_look", "failing_first" }) do
      ends(name, "exit 0, Success, 1 started")
    end
  end)
end

return doubt
