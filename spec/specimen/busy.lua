--- A server that has something else to do.
local busted = require("busted")

local assert, it = require("luassert"), busted.it

local RUNNING = { foreign_starts = { -1 }, cycle_seconds = 30 }

local busy = {
  title = "a server that is busy",
  cases = {
    three_times = { "--poll", "10", "--wait-timeout", "90", server = { busy_starts = 3 }, is_long = true },
    -- The server comes up with the first command: whatever the next ones take, it is still busy for some time.
    for_a_while = { server = { foreign_starts = { -1.2 }, cycle_seconds = 6 } },
    to_fail = { "--on-busy", "fail", server = RUNNING },
    to_fail_when_refused = { "--on-busy", "fail", server = { busy_starts = 1 } },
    too_long = { "--wait-timeout", "3", server = RUNNING },
  },
}

function busy.specs(runs)
  local function ends(name, ...) return runs[name]:ends(...) end

  it("is waited for, until its cycle is over", function()
    local outcome = ends("for_a_while", "exit 0, Success, 1 started")
    assert.equal("Started", outcome.data.Carried)
    assert.is_true(outcome.data.BusySeconds >= 1)
    assert.is_true(outcome.data.AcceptedUtc < outcome.data.ImportStartUtc)
  end)

  it("is not waited for, if so told: nothing was started, and the text names who runs since when", function()
    ends("to_fail", "exit 75, sync.busy (none), 0 started",
      "sync server 'SYNC01' is busy: 'Delta Import' on 'contoso.local' since 20", "nothing was started")
    ends("to_fail_when_refused", "exit 75, sync.busy (none), 0 started",
      "sync server 'SYNC01' is busy: connector 'contoso.onmicrosoft.com - AAD'; nothing was started")
  end)

  it("is given up at the deadline: nothing was started", function()
    local outcome = ends("too_long", "exit 75, sync.busy (none), 0 started", "nothing was started within 3 s")
    assert.equal("Busy", outcome.data.Outcome)
    assert.equal("no", outcome.data.Baseline.Accepted)
  end)

  it("refuses three times: each is told, ten seconds and more apart, and then one cycle is started", function()
    local outcome = ends("three_times", "exit 0, Success, 1 started")
    local pauses = {}
    for _, event in ipairs(outcome.events) do
      if event.Type == "DirectorySyncBusy" and event.Data.NextAttemptSeconds then
        pauses[#pauses + 1] = event.Data.NextAttemptSeconds
        assert.equal("contoso.onmicrosoft.com - AAD", event.Data.Connector)
      end
    end
    assert.equal(3, #pauses)
    for _, seconds in ipairs(pauses) do assert.is_true(seconds >= 10 and seconds <= 15) end
    assert.is_true(outcome.data.BusySeconds >= 30)
    assert.equal(1, outcome.data.Starts)
  end)
end

return busy
