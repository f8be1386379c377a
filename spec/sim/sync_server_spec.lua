local sync_server = require("idle.sim.sync_server")
local value = require("idle.engine.value")

local EPOCH = 1000000000000

-- A clock that only moves when somebody sleeps.
local function new_clock()
  local clock = { ms = EPOCH }
  function clock.now_ms() return clock.ms end
  function clock.sleep(ms) clock.ms = clock.ms + ms end
  return clock
end

local clock

local function session_with(options)
  clock = new_clock()
  local server = sync_server(options, clock)
  return server:session(), server
end

local function start(session, policy)
  return session:InvokeCommand("Start-ADSyncSyncCycle", { PolicyType = policy or "Delta" })
end

local function scheduler(session) return (session:InvokeCommand("Get-ADSyncScheduler", {})) end

local function newest(session, count, with_details)
  local runs = session:InvokeCommand("Get-ADSyncRunProfileResult",
    { NumberRequested = count or 6, RunStepDetails = with_details })
  return value.is_list(runs) and runs or value.list({ runs })
end

local function refusal(session, command, parameters)
  local ok, err = pcall(session.InvokeCommand, session, command, parameters)
  assert.is_false(ok)
  return err
end

describe("idle.sim.sync_server", function()
  it("tells the time of its own clock, in its own zone", function()
    local session = session_with({ clock_skew_seconds = -60 })
    assert.equal("2001-09-09T02:45:40+01:00", (session:InvokeCommand("Get-Date", {})))
  end)

  it("comes up with its first command of the module, and not again before that moment", function()
    local session = session_with({ schedule_seconds = 60 })
    clock.ms = clock.ms + 3600000
    local next_start = scheduler(session).NextSyncCycleStartTimeInUTC
    assert.equal("2001-09-09T02:47:10", next_start)
    clock.ms = clock.ms - 365 * 24 * 3600000
    assert.matches("the simulated server came up at 2001%-09%-09T02:46:40", tostring(refusal(session,
      "Get-ADSyncScheduler")))
  end)

  it("shows the scheduler as a session returns it", function()
    local shown = scheduler((session_with({})))
    assert.equal("00:30:00", shown.CurrentlyEffectiveSyncCycleInterval)
    assert.equal("7.00:00:00", shown.PurgeRunHistoryInterval)
    assert.equal("Delta", shown.NextSyncCyclePolicyType)
    assert.equal("2001-09-09T02:01:40", shown.NextSyncCycleStartTimeInUTC)
    assert.is_true(value.is_null(shown.CustomizedSyncCycleInterval))
    assert.is_false(shown.SyncCycleInProgress)
    assert.is_true(shown.SyncCycleEnabled)
  end)

  it("accepts a start, shows its cycle, and enters it in the ledger", function()
    local session, server = session_with({})
    assert.equal("Success", start(session).Result)
    assert.is_false(scheduler(session).SyncCycleInProgress)
    clock.sleep(2000)
    assert.is_true(scheduler(session).SyncCycleInProgress)
    assert.same({ "Delta Import", "in-progress", false },
      { newest(session)[1].RunProfileName, newest(session)[1].Result, newest(session)[1].IsRunComplete })
    clock.sleep(10000)
    assert.is_false(scheduler(session).SyncCycleInProgress)
    local ledger = server:ledger()
    assert.equal(1, #ledger)
    assert.same({ 1, "2001-09-09T01:46:40.000Z", "Delta" }, { ledger[1].Seq, ledger[1].Utc, ledger[1].PolicyType })
  end)

  it("runs a full cycle for Initial", function()
    local session, server = session_with({})
    start(session, "initial")
    clock.sleep(20000)
    assert.equal("Full Import", newest(session)[6].RunProfileName)
    assert.equal("Full Synchronization", newest(session)[3].RunProfileName)
    assert.equal("Initial", server:ledger()[1].PolicyType)
  end)

  it("refuses a start during a cycle, with the service's text in message and id", function()
    local session, server = session_with({})
    start(session)
    local err = refusal(session, "Start-ADSyncSyncCycle", { PolicyType = "Delta" })
    assert.equal("remote.error", err.kind)
    assert.equal("WriteError", err.data.category)
    assert.equal("InvalidOperationException", err.data.reason)
    assert.equal(-2146233079, err.data.exceptions[1].hresult)
    assert.matches("^System%.InvalidOperationException: Sync is already running%. Cannot start a new run", err.data.id)
    assert.matches("Cmdlet%.StartADSyncSyncCycle$", err.data.id)
    assert.equal(1, #server:ledger())
  end)

  it("refuses the first starts as busy", function()
    local session, server = session_with({ busy_starts = 2 })
    for _ = 1, 2 do
      assert.equal("Busy", session:InvokeCommand("Get-ADSyncConnectorRunStatus", {}).RunState)
      assert.matches("Connector: contoso.onmicrosoft.com %- AAD is busy",
        refusal(session, "Start-ADSyncSyncCycle", {}).message)
    end
    assert.equal("Success", start(session).Result)
    assert.equal(1, #server:ledger())
  end)

  it("shows staging, a suspended and a disabled scheduler", function()
    assert.is_true(scheduler((session_with({ staging = true }))).StagingModeEnabled)
    assert.is_false(scheduler((session_with({ disabled = true }))).SyncCycleEnabled)
    local session = session_with({ suspended = true })
    assert.is_true(scheduler(session).SchedulerSuspended)
    assert.matches("Scheduler is already suspended via global parameters", refusal(session,
      "Start-ADSyncSyncCycle", {}).message)
  end)

  it("has no flag on an old server", function()
    assert.is_nil(scheduler((session_with({ old_server = true }))).SyncCycleInProgress)
  end)

  it("denies access to the whole module, or to the history", function()
    local err = refusal(session_with({ rights = false }), "Get-ADSyncScheduler", {})
    assert.matches("CLSID {835BEE60.*80070005", err.message)
    local session = session_with({ history = false })
    assert.matches("80070005", refusal(session, "Get-ADSyncRunProfileResult", {}).message)
    assert.is_false(scheduler(session).SyncCycleInProgress)
  end)

  it("has no such commands without the module", function()
    local err = refusal(session_with({ module = false }), "Get-ADSyncScheduler", {})
    assert.equal("remote.setup", err.kind)
    assert.equal("none", err.effect)
    assert.equal("CommandNotFoundException", err.data.id)
  end)

  it("gives steps with counters, and the objects that failed", function()
    local session = session_with({ result = { ["Entra Export"] = "completed-export-errors" } })
    start(session)
    clock.sleep(20000)
    local runs = newest(session, 6, true)
    local step = runs[2].RunStepResults[1]
    assert.equal("completed-export-errors", runs[2].Result)
    assert.same({ 1, 2, 1 }, { step.ExportAdd, step.ExportUpdate, step.ExportFailure })
    local failed = step.SyncErrors.SyncErrorsList[1]
    assert.same({ "AttributeValueMustBeUnique", "CN=Kim Example,OU=Staff,DC=contoso,DC=local" },
      { failed.ErrorType, failed.ObjectDn })
    assert.equal(0, #runs[1].RunStepResults[1].SyncErrors.SyncErrorsList)
    assert.equal(1, runs[6].RunStepResults[1].StageAdd)
    assert.is_true(value.is_null(newest(session)[2].RunStepResults))
  end)

  it("exports nothing where a run was stopped", function()
    local session = session_with({ result = { ["Entra Export"] = "stopped-deletion-threshold-exceeded" } })
    start(session)
    clock.sleep(20000)
    local export = newest(session, 2, true)[2]
    assert.equal("stopped-deletion-threshold-exceeded", export.Result)
    assert.equal(0, export.RunStepResults[1].ExportAdd)
  end)

  it("gives the history that was asked for", function()
    local session = session_with({ past_cycles = 9 })
    assert.equal(54, #newest(session, 1000))
    assert.equal(1, #newest(session, 1))
    local run = newest(session, 3)[3]
    assert.same(run, (session:InvokeCommand("Get-ADSyncRunProfileResult", { RunHistoryId = run.RunHistoryId })))
    local exports = session:InvokeCommand("Get-ADSyncRunProfileResult",
      { ConnectorId = run.ConnectorId, RunProfileId = run.RunProfileId })
    assert.equal(9, #exports)
  end)

  it("names its connectors and its product version", function()
    local session = session_with({})
    local connectors = session:InvokeCommand("Get-ADSyncConnector", {})
    assert.same({ "AD", "Extensible2" }, { connectors[1].ConnectorTypeName, connectors[2].ConnectorTypeName })
    assert.equal("b891884f-051e-4a83-95af-2544101c9083", connectors[2].Identifier)
    local parameters = session:InvokeCommand("Get-ADSyncGlobalSettings", {}).Parameters
    assert.equal("Microsoft.Synchronize.ServerConfigurationVersion", parameters[1].Name)
    assert.equal("2.5.79.0", parameters[1].Value)
  end)

  it("has its name in the registry, and nothing else there", function()
    local session = session_with({})
    local path = "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ActiveComputerName"
    assert.equal("SYNC01", session:InvokeCommand("Get-ItemPropertyValue", { Path = path, Name = "ComputerName" }))
    local err = refusal(session, "Get-ItemPropertyValue", { Path = "HKLM:\\SOFTWARE", Name = "ComputerName" })
    assert.matches("Cannot find path 'HKLM:\\SOFTWARE'", err.message, 1, true)
  end)

  it("shows which connector works, and none in the pauses", function()
    local session = session_with({})
    assert.is_nil((session:InvokeCommand("Get-ADSyncConnectorRunStatus", {})))
    start(session)
    clock.sleep(1500)
    assert.equal("contoso.local", session:InvokeCommand("Get-ADSyncConnectorRunStatus", {}).ConnectorName)
    clock.sleep(1300)
    assert.is_nil((session:InvokeCommand("Get-ADSyncConnectorRunStatus", {})))
  end)

  it("takes its time for the way there and back", function()
    local session = session_with({ latency_seconds = 3 })
    assert.equal("2001-09-09T02:46:41.5+01:00", (session:InvokeCommand("Get-Date", {})))
    assert.equal(EPOCH + 3000, clock.ms)
  end)

  describe("with a fault", function()
    local function with_fault(fault, nth)
      return session_with({ faults = { { command = "start-adsyncsynccycle", nth = nth, fault = fault } } })
    end

    it("loses the answer of a start that took effect", function()
      local session, server = with_fault("lose_answer")
      local err = refusal(session, "Start-ADSyncSyncCycle", {})
      assert.equal("remote.protocol", err.kind)
      assert.equal("unknown", err.effect)
      assert.equal(1, #server:ledger())
    end)

    it("ends before anything happens", function()
      local session, server = with_fault("exit")
      assert.equal("remote.protocol", refusal(session, "Start-ADSyncSyncCycle", {}).kind)
      assert.equal(0, #server:ledger())
    end)

    it("is unavailable for a moment", function()
      local session, server = with_fault("transient")
      local err = refusal(session, "Start-ADSyncSyncCycle", {})
      assert.equal("remote.error", err.kind)
      assert.is_true(err.transient)
      assert.equal(0, #server:ledger())
      assert.equal("Success", start(session).Result)
    end)

    it("answers nothing to a start that took effect", function()
      local session, server = with_fault("null")
      assert.is_nil((session:InvokeCommand("Start-ADSyncSyncCycle", {})))
      assert.equal(1, #server:ledger())
    end)

    it("never answers", function()
      local session, server = with_fault("hang")
      assert.equal("remote.protocol", refusal(session, "Start-ADSyncSyncCycle", {}).kind)
      assert.is_true(clock.ms > EPOCH + 3600 * 1000)
      assert.equal(0, #server:ledger())
    end)

    it("counts the calls of that command", function()
      local session = with_fault("null", 2)
      assert.equal("Success", start(session).Result)
      scheduler(session)
      clock.sleep(20000)
      assert.is_nil((session:InvokeCommand("Start-ADSyncSyncCycle", {})))
    end)
  end)

  describe("binding parameters", function()
    it("takes names in any case or abbreviated, and common ones", function()
      local session, server = session_with({})
      session:InvokeCommand("start-adsyncsynccycle", { policyt = "DELTA", ErrorAction = "Stop" })
      assert.equal(1, #server:ledger())
    end)

    it("refuses like the real one, before anything happens", function()
      local session, server = session_with({})
      local cases = {
        { { Policy = "Full" }, "CannotConvertArgumentNoMessage", "Unspecified, Delta, Initial" },
        { { PolicyTyp = {} }, "CannotConvertArgumentNoMessage", "policy" },
        { { Polcy = "Delta" }, "NamedParameterNotFound", "matches parameter name 'Polcy'" },
        { { InteractiveMode = "yes" }, "CannotConvertArgumentNoMessage", "accept only Boolean values" },
      }
      for _, case in ipairs(cases) do
        local err = refusal(session, "Start-ADSyncSyncCycle", case[1])
        assert.equal("remote.error", err.kind)
        assert.equal("none", err.effect)
        assert.matches("^" .. case[2], err.data.id)
        assert.matches(case[3]:lower(), err.message:lower())
      end
      assert.matches("MissingMandatoryParameter", refusal(session, "Write-Output", {}).data.id)
      assert.matches("AmbiguousParameter",
        refusal(session, "Get-ADSyncRunProfileResult", { Run = 1 }).data.id)
      assert.equal(0, #server:ledger())
    end)

    it("checks the command's name and its parameters like any session", function()
      local session = session_with({})
      assert.equal("input.command_name", refusal(session, "Get-Date; exit", {}).kind)
      assert.equal("input.parameter", refusal(session, "Get-Date", { X = print }).kind)
      assert.equal("input.parameter", refusal(session, "Get-Date", { "x" }).kind)
    end)
  end)

  it("delivers warnings beside the output", function()
    local session = session_with({})
    local output, facts = session:InvokeCommand("Write-Warning", { Message = "careful" })
    assert.is_nil(output)
    assert.same({ "careful" }, { table.unpack(facts.warnings) })
  end)

  it("refuses an unknown option", function()
    local ok, err = pcall(sync_server, { cycle_second = 1 })
    assert.is_false(ok)
    assert.equal("input.option", err.kind)
  end)
end)
