--- Waits that ended too early, and are taken up by a later call: with --baseline, or in a script.
local busted = require("busted")
local eventually = require("spec.support.eventually")
local file = require("idle.file")
local json = require("idle.json")
local specimen = require("spec.support.specimen")

local assert, it = require("luassert"), busted.it

local function path_of(far) return far.dir .. "/sync.json" end

local function with_file(far) return { "--baseline", path_of(far) } end

local function holding(text)
  return function(far) return { "--baseline", far:write("sync.json", text) } end
end

-- What is seen of the file, and what comes of calling once more.
local function call_again(far, run)
  run:finish()
  local kept = file.exists(path_of(far)) and json.decode(assert(file.read(path_of(far)))) or nil
  local again <close> = specimen.sync(far, "--baseline", path_of(far))
  return { kept = kept, again = again:finish() }
end

local function ended_by(signal)
  return function(far, run)
    run:wait_for_cycle()
    run:signal(signal)
    return call_again(far, run)
  end
end

local STEP = [[
local with = { AuthSessionName = "EntraConnect", PolicyType = "Delta", Wait = true, TimeoutSeconds = 4,
  PollIntervalSeconds = 0.2, SettleSeconds = 1 }
local function sync()
  local ok, result = pcall(idle.trigger_directory_sync, with, { Providers = providers })
  print(ok and "Completed" or result.kind, (ok and result.Data or result.data).Outcome,
    (ok and result.Data or result.data).Starts)
  return ok and result.Data or result.data
end
with.Baseline = sync().Baseline
with.TimeoutSeconds = "60"
sync()]]

local SLOW = { cycle_seconds = 8 }

local LATE = { start_delay_seconds = 7, faults = { { command = "Start-ADSyncSyncCycle", fault = "lose_answer" } } }

local HANGING = { faults = { { command = "Start-ADSyncSyncCycle", fault = "hang" } } }

local function killed_before_the_answer(far, run)
  eventually(function()
    return file.exists(path_of(far)) and assert(file.read(path_of(far))):find("maybe", 1, true) ~= nil
  end, "a start is noted")
  run:signal("KILL")
  run:finish()
  local again <close> = specimen.sync_for_people(far, "--baseline", path_of(far), "--wait-timeout", "4")
  return again:finish()
end

local FOREIGN = [[{ "Server": "AADC99", "Accepted": "yes", "T0": "2026-01-01T00:00:00Z", "RunIds": [] }]]

local baseline = {
  title = "a baseline",
  cases = {
    timed_out = { "--wait-timeout", "5", server = SLOW, prepare = with_file, act = call_again },
    doubtful = { "--wait-timeout", "4", server = LATE, prepare = with_file, act = call_again },
    no_wait = { "--no-wait", server = SLOW, prepare = with_file, act = call_again },
    killed = { server = SLOW, prepare = with_file, act = ended_by("KILL") },
    terminated = { server = SLOW, prepare = with_file, act = ended_by("TERM") },
    interrupted = { server = SLOW, prepare = with_file, act = ended_by("INT") },
    killed_early = { server = HANGING, prepare = with_file, act = killed_before_the_answer },
    killed_unsent = { prepare = holding("") },
    script = { script = STEP, server = SLOW },
    good = { prepare = with_file, act = function(far, run)
      run:finish()
      return file.exists(path_of(far))
    end },
    for_people = { "--wait-timeout", "5", for_people = true, server = SLOW, prepare = with_file },
    other_server = { prepare = holding(FOREIGN) },
    nonsense = { prepare = holding("{ nonsense") },
    other_file = { prepare = holding([[{ "name": "joiner" }]]) },
    folder = { prepare = function(far) return { "--baseline", far.dir } end },
    no_folder = { prepare = function(far) return { "--baseline", far.dir .. "/no/such/sync.json" } end },
  },
}

function baseline.specs(runs)
  local function goes_on(name, verdict, accepted)
    local outcome, later = runs[name]:finish()
    assert.equal(verdict, outcome.verdict)
    assert.equal(accepted, later.kept.Accepted)
    assert.equal("exit 0, Success, 1 started", later.again.verdict)
    assert.same({ 0, "Started" }, { later.again.data.Starts, later.again.data.Carried })
    assert.is_false(file.exists(path_of(runs[name].far)))
  end

  it("lets a wait go on after a timeout, without a second start", function()
    goes_on("timed_out", "exit 124, sync.timeout (applied), 1 started", "yes")
  end)

  it("lets a start be found later whose answer was lost, without a second start", function()
    goes_on("doubtful", "exit 3, sync.not_observed (unknown), 1 started", "maybe")
  end)

  it("lets a start be waited for later", function()
    goes_on("no_wait", "exit 0, NotWaited, 1 started", "yes")
  end)

  it("survives whatever ends the program", function()
    goes_on("killed", "exit KILL, no document, 1 started", "yes")
    goes_on("terminated", "exit 143, cancelled (applied), 1 started", "yes")
    goes_on("interrupted", "exit 130, cancelled (applied), 1 started", "yes")
  end)

  it("tells of a start whose answer nobody heard, and of none that was not sent", function()
    local outcome, again = runs.killed_early:finish()
    assert.equal("exit KILL, no document, 0 started", outcome.verdict)
    assert.equal("exit 3, no document, 0 started", again.verdict)
    assert.matches("^NotObserved: ", again.stdout)
    assert.matches("nothing was started now; the same call waits on; if no cycle was started, remove the file, and it "
      .. "starts one\n", again.stdout, 1, true)
    assert.equal("exit 0, Success, 1 started", runs.killed_unsent:finish().verdict)
  end)

  it("is in the error that a script catches", function()
    local outcome = runs.script:finish()
    assert.equal("sync.timeout\tTimeout\t1\nCompleted\tSuccess\t0\n", outcome.stdout)
    assert.equal(1, #outcome.ledger)
  end)

  it("is removed when the outcome is certain, and shown to people when it is not", function()
    local _, is_kept = runs.good:finish()
    assert.is_false(is_kept)
    local outcome = runs.for_people:finish()
    assert.equal(124, outcome.exit_code)
    assert.matches("^Timeout: the cycle still runs, or has not settled yet\n", outcome.stdout)
    assert.matches("kept in '[^\n]*/sync.json': the same call waits on\n", outcome.stdout)
  end)

  it("of another server is refused", function()
    local outcome = runs.other_server:finish()
    assert.equal("exit 65, input.with (none), 0 started", outcome.verdict)
    assert.matches("Baseline is that of server 'AADC99', but this is 'SYNC01'", outcome.stderr, 1, true)
  end)

  it("that is none is refused before anything is sent, and so is a file that can't be written", function()
    local expected = {
      nonsense = { "exit 65, input.json (none), 0 started", "/sync.json, line 1, column" },
      other_file = { "exit 65, input.json (none), 0 started", "is no baseline of a sync; remove it" },
      no_folder = { "exit 66, input.file (none), 0 started", "--baseline: cannot write '", "/no/such/sync.json'" },
      folder = { "exit 66, input.file (none), 0 started", "--baseline: cannot read '" },
    }
    for name, case in pairs(expected) do
      local outcome = runs[name]:finish()
      assert.equal(case[1], outcome.verdict)
      for index = 2, #case do assert.matches(case[index], outcome.stderr, 1, true) end
      assert.equal(0, runs[name].far:count_in_log("Connection from"))
    end
  end)
end

return baseline
