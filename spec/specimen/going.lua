--- Connections and far ends that go away: before a command, during and after it.
local busted = require("busted")
local disturbance = require("spec.support.disturbance")

local assert, it = require("luassert"), busted.it
local when_started, when_seen = disturbance.when_started, disturbance.when_seen
local cut, kill, kill_powershell = disturbance.cut, disturbance.kill, disturbance.kill_powershell

-- Two times a second for the way: what happens there can be met in between, also by a machine that is busy.
local SLOW = { latency_seconds = 2, cycle_seconds = 2 }

local START = [[session:InvokeCommand("Start-ADSyncSyncCycle", { PolicyType = "Delta" })]]

-- Waits between its login and its first command.
local PAUSE = [[
  print(session:info().pid)
  io.read()
  print(session:InvokeCommand("Get-Date"))]]

local function when_logged_in(act)
  return function(far, run)
    run:read_line()
    act(far)
    run:write_line("go on")
  end
end

local function freeze(far) far:freeze_connections() end
local function freeze_powershell(far) far:freeze_powershells() end

local going = {
  title = "a far end that goes away",
  cases = {
    cut_before = { script = PAUSE, act = when_logged_in(cut) },
    killed_before = { script = PAUSE, env = { RECONNECT_SECONDS = "1" }, act = when_logged_in(kill) },
    lost = { script = START, server = SLOW, act = when_started(cut) },
    powershell_lost = { script = START, server = SLOW, act = when_started(kill_powershell) },
    cut_during = { server = SLOW, act = when_started(cut) },
    powershell_during = { server = SLOW, act = when_started(kill_powershell) },
    killed_during = { "--wait-timeout", "20", server = SLOW, act = when_started(kill) },
    cut_after = { server = { cycle_seconds = 4 }, act = when_seen(cut) },
    powershell_after = { server = { cycle_seconds = 4 }, act = when_seen(kill_powershell) },
    killed_after = { "--wait-timeout", "10", server = { cycle_seconds = 4 }, act = when_seen(kill) },
    frozen = { "--wait-timeout", "10", server = { cycle_seconds = 4 }, act = when_seen(freeze) },
    powershell_frozen = { "--command-timeout", "2", server = { cycle_seconds = 4 },
      act = when_seen(freeze_powershell) },
  },
}

function going.specs(runs)
  local function ends(name, ...) return runs[name]:ends(...) end

  it("before a command: the session connects again by itself", function()
    local outcome = runs.cut_before:finish()
    assert.equal(0, outcome.exit_code)
    assert.matches("\n%d%d%d%d%-%d%d%-%d%dT", outcome.stdout)
  end)

  it("before a command, for good: nothing was changed, and it may work later", function()
    local outcome = runs.killed_before:finish()
    assert.equal(75, outcome.exit_code)
    assert.matches("cannot reach 'ssh://127.0.0.1:%d+': connection refused", outcome.stderr)
  end)

  it("during a command of a script: in doubt, and not sent again", function()
    local outcome = runs.lost:finish()
    assert.equal(3, outcome.exit_code)
    assert.matches("the connection to 'ssh://127.0.0.1:%d+' was lost .*while 'Start%-ADSyncSyncCycle' ran there",
      outcome.stderr)
    assert.equal(1, #outcome.ledger)
  end)

  it("the remote process alone, during a command: in doubt as well", function()
    local outcome = runs.powershell_lost:finish()
    assert.equal(3, outcome.exit_code)
    assert.matches("ended without an answer to 'Start-ADSyncSyncCycle' (ended by signal KILL)", outcome.stderr, 1, true)
    assert.equal(1, #outcome.ledger)
  end)

  it("during the start: the cycle is found, and none is started a second time", function()
    for _, name in ipairs({ "cut_during", "powershell_during" }) do
      local outcome = ends(name, "exit 0, Success, 1 started")
      assert.equal("maybe", outcome.data.Baseline.Accepted)
      assert.equal("Started", outcome.data.Carried)
    end
  end)

  it("during the start, for good: in doubt, with both reasons", function()
    ends("killed_during", "exit 3, sync.not_observed (unknown), 1 started",
      "the start was sent, but its answer does not say that it was accepted: the connection to",
      "the last look failed: the call was not done within ", ": cannot reach 'ssh://127.0.0.1:",
      "connection refused; check the name and that sshd listens; it was still trying to connect again")
  end)

  it("while a cycle runs: the wait goes on over a new connection", function()
    local outcome = ends("cut_after", "exit 0, Success, 1 started")
    assert.equal("yes", outcome.data.Baseline.Accepted)
    assert.equal(2, runs.cut_after.far:count_in_log("Accepted publickey"))
  end)

  it("the remote process alone, while a cycle runs: a new one on the same connection", function()
    ends("powershell_after", "exit 0, Success, 1 started")
    assert.equal(1, runs.powershell_after.far:count_in_log("Accepted publickey"))
    assert.equal(2, runs.powershell_after.far:count_in_log("Starting session"))
  end)

  it("while a cycle runs, for good: a timeout that says why nothing was seen", function()
    local outcome = ends("killed_after", "exit 124, sync.timeout (applied), 1 started",
      "timeout waiting for completion: the sync cycle is no longer seen after 10 s; wait on with its Baseline",
      "the last look failed: the call was not done within ", ": cannot reach 'ssh://127.0.0.1:")
    assert.is_true(outcome.seconds < 14)
  end)

  it("a connection that falls silent is no hang", function()
    local outcome = ends("frozen", "exit 124, sync.timeout (applied), 1 started",
      "the last look failed: the call was not done")
    assert.is_true(outcome.seconds < 14)
  end)

  it("a remote process that falls silent is replaced", function()
    ends("powershell_frozen", "exit 0, Success, 1 started")
  end)
end

return going
