--- Cycles that go well, and all the ways in which they do not.
local busted = require("busted")

local assert, it = require("luassert"), busted.it

local KIM = "CN=Kim Example,OU=Staff,DC=contoso,DC=local"

local function with_result(run, result) return { result = { [run] = result } } end

-- The pauses of 27 s between the runs of a cycle, and the 45 s for which nothing must change, at a tenth.
local function with_gaps(more)
  local server = { cycle_seconds = 2, gap_seconds = 2.7 }
  for name, v in pairs(more or {}) do server[name] = v end
  return { "--settle", "4.5", server = server }
end

local cycle = {
  title = "a cycle",
  cases = {
    good = {},
    for_people = { for_people = true },
    initial = { "--policy", "initial" },
    until_export = { "--until", "export", server = { cycle_seconds = 4 } },
    no_wait = { "--no-wait" },
    invisible = { server = { start_delay_seconds = 20 }, is_long = true },
    gaps = with_gaps(),
    gaps_flag_down = with_gaps({ flag_in_gaps = false }),
    gaps_flag_down_end = with_gaps({ flag_in_gaps = false, history_at = "end" }),
    nothing_pending = with_gaps({ flag_in_gaps = false, pending_export = false }),
    late_history = { server = { cycle_seconds = 3, history_at = "end", history_lag_seconds = 3 } },
    object_errors = { "--expect", KIM:lower(), server = with_result("Entra Export", "completed-export-errors") },
    other_object = { "--expect", "CN=Ann", server = with_result("Entra Export", "completed-export-errors") },
    strict = { "--strict", server = with_result("Entra Export", "completed-export-errors") },
    errors_for_people = { for_people = true, server = with_result("Entra Export", "completed-export-errors") },
    writeback = { server = with_result("AD Export", "stopped-server-down") },
    threshold = { server = with_result("Entra Export", "stopped-deletion-threshold-exceeded") },
    no_import = { server = with_result("AD Import", "no-start-credentials") },
    no_sync = { server = with_result("AD Sync", "stopped-user-termination-from-wmi-or-ui") },
    skewed = { server = { clock_skew_seconds = -7200 } },
    noisy = { server = { noise = true } },
    too_slow = { "--wait-timeout", "6", server = { cycle_seconds = 30 } },
    timed_out = { "--timeout", "10", server = { cycle_seconds = 60 }, is_long = true },
  },
}

function cycle.specs(runs)
  local function ends(name, ...) return runs[name]:ends(...) end

  local function names_of(runs_of_cycle)
    local names = {}
    for index, run in ipairs(runs_of_cycle) do
      names[index] = run.RunProfileName
      assert.not_equal("in-progress", run.Result)
    end
    return names
  end

  local ALL = { "Delta Import", "Delta Import", "Delta Synchronization", "Delta Synchronization", "Export", "Export" }

  it("is started once, watched, and reported with what it exported", function()
    local data = ends("good", "exit 0, Success, 1 started").data
    assert.same({ "Started", 1, "yes" }, { data.Carried, data.Starts, data.Baseline.Accepted })
    assert.same(ALL, names_of(data.Runs))
    assert.same({ 3, 3 }, { data.Imported.Total, data.Exported.Total })
    assert.same({ "SYNC01", "contoso.onmicrosoft.com - AAD", "2.5.79.0" },
      { data.Server.Name, data.Server.TenantConnector, data.Server.ProductVersion })
    assert.is_true(data.AcceptedUtc <= data.ImportStartUtc and data.ImportStartUtc < data.ExportEndUtc)
  end)

  it("leaves a record: triggered, accepted, waiting, looks, completed", function()
    runs.good:finish()
    local types = table.concat(runs.good.run:event_types(), " ")
    assert.matches("^Triggered Accepted Waiting Poll [Poll ]*Completed$", types)
  end)

  it("is described for people", function()
    local outcome = runs.for_people:finish()
    assert.equal(0, outcome.exit_code)
    assert.equal("", outcome.stderr)
    for _, text in ipairs({ "Success: the cycle has exported\n", "SYNC01, contoso.onmicrosoft.com - AAD, 2.5.79.0\n",
      "Delta, started by us, import began 20", "1 added, 2 updated\n" }) do
      assert.matches(text, outcome.stdout, 1, true)
    end
  end)

  it("may be a full one", function()
    local data = ends("initial", "exit 0, Success, 1 started").data
    assert.equal("Full Import", data.Runs[1].RunProfileName)
    assert.equal("Initial", runs.initial.far:ledger()[1].PolicyType)
  end)

  it("need not be waited for to its end", function()
    local data = ends("until_export", "exit 0, Success, 1 started").data
    assert.is_true(data.Runs[6] == nil or data.Runs[6].Result == "in-progress")
  end)

  it("need not be waited for at all", function()
    local outcome = ends("no_wait", "exit 0, NotWaited, 1 started")
    assert.equal("yes", outcome.data.Baseline.Accepted)
    assert.is_true(outcome.seconds < 30)
  end)

  it("may be invisible for 20 s after the start", function()
    local outcome = ends("invisible", "exit 0, Success, 1 started")
    assert.is_true(outcome.seconds > 20)
  end)

  it("may pause for long between its runs, with the flag up, or down", function()
    for _, name in ipairs({ "gaps", "gaps_flag_down", "gaps_flag_down_end" }) do
      assert.same(ALL, names_of(ends(name, "exit 0, Success, 1 started").data.Runs))
    end
  end)

  it("may have nothing to export, which is not claimed in one of its pauses", function()
    local data = ends("nothing_pending", "exit 0, NoExport, 1 started").data
    assert.equal(4, #names_of(data.Runs))
  end)

  it("may show in the history when it is long over", function()
    ends("late_history", "exit 0, Success, 1 started")
  end)

  it("may export with errors of single objects, which are named", function()
    local data = ends("object_errors", "exit 0, CompletedWithErrors, 1 started").data
    assert.same({ "completed-export-errors", 1, KIM, "AttributeValueMustBeUnique" }, { data.Runs[5].Result,
      data.Runs[5].ErrorCount, data.Runs[5].Errors[1].ObjectDn, data.Runs[5].Errors[1].ErrorType })
    assert.same({ true, "AttributeValueMustBeUnique" }, { data.Expected.IsAmongErrors, data.Expected.ErrorType })
    assert.is_false(runs.other_object:finish().data.Expected.IsAmongErrors)
    assert.matches("'Export' on 'contoso.onmicrosoft.com - AAD': completed-export-errors, 1 object failed\n",
      runs.errors_for_people:finish().stdout, 1, true)
    ends("strict", "exit 2, CompletedWithErrors, 1 started")
  end)

  it("may fail to write back to AD, although it exported", function()
    local outcome = ends("writeback", "exit 0, CompletedWithErrors, 1 started")
    assert.is_string(outcome.data.ExportEndUtc)
    assert.matches("'Export' on 'contoso.local' ended with 'stopped-server-down'",
      outcome.events[#outcome.events].Message, 1, true)
    assert.equal("Warning", outcome.events[#outcome.events].Data.Severity)
  end)

  it("may be stopped by the deletion threshold", function()
    local outcome = ends("threshold", "exit 2, sync.failed (applied), 1 started",
      "'Export' on 'contoso.onmicrosoft.com - AAD' ended with 'stopped-deletion-threshold-exceeded'",
      "review them, then let them pass once (Disable-ADSyncExportDeletionThreshold) or bring the objects back")
    assert.same({ "Failed", "threshold" }, { outcome.data.Outcome, outcome.data.FailureClass })
  end)

  it("may fail before it exports, which is never a success", function()
    ends("no_import", "exit 2, sync.failed (applied), 1 started", "'Delta Import' on 'contoso.local' ended with",
      "an administrator of the server must renew its password or rights")
    ends("no_sync", "exit 2, sync.failed (applied), 1 started", "somebody stopped the run on the server")
  end)

  it("is found although the server's clock is two hours off", function()
    local data = ends("skewed", "exit 0, Success, 1 started").data
    assert.is_true(math.abs(data.Server.ClockSkewSeconds + 7200) < 30)
  end)

  it("is found although the far end prints what nobody asked for", function()
    ends("noisy", "exit 0, Success, 1 started")
  end)

  it("may take too long: the wait ends, the cycle does not", function()
    local outcome = ends("too_slow", "exit 124, sync.timeout (applied), 1 started",
      "timeout waiting for completion: the sync cycle is still running after 6 s; wait on with its Baseline")
    assert.equal("yes", outcome.data.Baseline.Accepted)
    outcome = ends("timed_out", "exit 124, timeout (applied), 1 started", "the timeout of 10 s passed")
    assert.equal("yes", outcome.data.Baseline.Accepted)
    assert.is_true(outcome.seconds < 30)
  end)
end

return cycle
