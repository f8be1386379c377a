--- Scripts that chain a sync with other steps: what they end with, and what they leave behind.
local busted = require("busted")

local assert, it = require("luassert"), busted.it

local RUN = [[
local run <close> = idle.run{ name = "joiner", providers = providers, execution_options = {
  RetryProfiles = { stubborn = { MaxAttempts = 3, InitialDelayMilliseconds = 10, MaxDelayMilliseconds = 10 } },
  DefaultRetryProfile = "stubborn" } }
local function sync(name, changes)
  local with = { AuthSessionName = "EntraConnect", PolicyType = "Delta", Wait = true, TimeoutSeconds = 30,
    PollIntervalSeconds = 0.2, SettleSeconds = 1 }
  for key, v in pairs(changes or {}) do with[key] = v end
  return run:step(name, "IdLE.Step.TriggerDirectorySync", with)
end
]]

local CHAIN = RUN .. [[
run:step("Create", function() return "CN=Ann" end)
print(sync("First sync").Data.Outcome)
run:step("Order the laptop", function() idle.sleep(0.01) end)
print(sync("Second sync").Data.Outcome)
run:step("Note", "IdLE.Step.EmitEvent", { Message = "all done" })]]

local BY_KIND = RUN .. [[
local ok, err = pcall(sync, "Sync")
print(ok, err.kind, err.effect, err.step)
if err.kind == "sync.staging" then print("asks somebody") end
run:result()]]

local ONE = RUN .. [[print(sync("Sync", { TimeoutSeconds = 8 }).Data.Outcome)]]

local BUSY = RUN .. [[sync("Sync", { OnBusy = "Fail" })]]

local function with_fault(word)
  return { cycle_seconds = 2, faults = { { command = "Start-ADSyncSyncCycle", fault = word } } }
end

local script = {
  title = "a script",
  cases = {
    chain = { script = CHAIN },
    by_kind = { script = BY_KIND, server = { staging = true } },
    lost = { script = ONE, server = with_fault("lose_answer") },
    doubtful = { script = ONE, server = with_fault("transient") },
    stopped = { script = ONE, server = { result = { ["Entra Export"] = "stopped-deletion-threshold-exceeded" } } },
    too_slow = { script = ONE, server = { cycle_seconds = 60 } },
    busy = { script = BUSY, server = { foreign_starts = { -1 }, cycle_seconds = 60 } },
    no_server = { script = ONE, prepare = function(far) far:kill_sshd() end },
  },
}

function script.specs(runs)
  local function ends(name, exit_code, starts, ...)
    local outcome = runs[name]:finish()
    assert.equal(exit_code, outcome.exit_code, outcome.stderr)
    assert.equal(starts, #outcome.ledger)
    for _, text in ipairs({ ... }) do assert.matches(text, outcome.stderr, 1, true) end
    return outcome
  end

  local function count(outcome, type_name)
    local found = 0
    for _, event in ipairs(outcome.events) do found = found + (event.Type == type_name and 1 or 0) end
    return found
  end

  it("that chains steps starts one cycle for each sync, over one session", function()
    local outcome = ends("chain", 0, 2)
    assert.equal("Success\nSuccess\n", outcome.stdout)
    assert.equal("", outcome.stderr)
    assert.equal(1, runs.chain.far:count_in_log("Accepted publickey"))
    assert.same({ 2, 2, 1 }, { count(outcome, "DirectorySyncTriggered"), count(outcome, "DirectorySyncCompleted"),
      count(outcome, "RunCompleted") })
  end)

  it("can tell errors by their kind", function()
    local outcome = ends("by_kind", 0, 0)
    assert.equal("false\tsync.staging\tnone\tSync\nasks somebody\n", outcome.stdout)
  end)

  it("that retries never starts a second cycle", function()
    assert.equal("Success\n", ends("lost", 0, 1).stdout)
    local outcome = ends("doubtful", 3, 0, "the start was sent, but its answer does not say that it was accepted")
    assert.equal(1, count(outcome, "DirectorySyncTriggered"))
    outcome = ends("too_slow", 124, 1, "timeout waiting for completion")
    assert.equal(1, count(outcome, "DirectorySyncTriggered"))
  end)

  it("ends with what became of the sync", function()
    ends("stopped", 2, 1, "stopped-deletion-threshold-exceeded")
    ends("busy", 75, 0, "sync server 'SYNC01' is busy")
    ends("no_server", 75, 0, "connection refused")
  end)
end

return script
