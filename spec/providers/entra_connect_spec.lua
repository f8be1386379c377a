local contract = require("spec.contract.provider")
local entra_connect = require("idle.providers.entra_connect")
local errors = require("idle.engine.errors")
local sync_server = require("idle.sim.sync_server")
local value = require("idle.engine.value")

contract({
  name = "idle.providers.entra_connect",
  new = entra_connect,
  methods = {
    ["IdLE.DirectorySync.Trigger"] = { "StartSyncCycle" },
    ["IdLE.DirectorySync.Status"] = { "GetSyncCycleState" },
  },
  calls = { { "StartSyncCycle", "Delta" }, { "GetSyncCycleState" } },
})

describe("idle.providers.entra_connect", function()
  local SCHEDULER = { SyncCycleInProgress = false, NextSyncCycleStartTimeInUTC = "2026-03-01T08:30:00" }

  --- A session as a user may write one: a table of answers by command; a function is called, and what
  --- is not there is unknown to PowerShell.
  local function session(answers)
    local log = {}
    return {
      log = log,
      InvokeCommand = function(_, name, parameters)
        log[#log + 1] = { name, parameters }
        local answer = answers[name]
        if answer == nil then error(("The term '%s' is not recognized as the name of a cmdlet"):format(name), 0) end
        if type(answer) == "function" then return answer(parameters) end
        return answer
      end,
    }
  end

  local function raising(raised) return function() error(raised, 0) end end

  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  local function start(answer, policy)
    local provider = entra_connect()
    return provider:StartSyncCycle(policy or "Delta", session({ ["Start-ADSyncSyncCycle"] = answer }))
  end

  local function look(answers)
    answers["Get-ADSyncScheduler"] = answers["Get-ADSyncScheduler"] or SCHEDULER
    return entra_connect():GetSyncCycleState(session(answers))
  end

  it("has no options", function()
    assert.equal("input.setup", failure(entra_connect, { depth = 4 }).kind)
  end)

  describe("StartSyncCycle", function()
    it("sends the policy as data", function()
      local provider, s = entra_connect(), session({ ["Start-ADSyncSyncCycle"] = { Result = "Success" } })
      local answer = provider:StartSyncCycle("Delta", s)
      assert.is_true(answer.Started)
      assert.matches("triggered", answer.Message)
      assert.matches("Delta", answer.Message)
      assert.same({ { "Start-ADSyncSyncCycle", { PolicyType = "Delta" } } }, s.log)
    end)

    it("takes policies in any case, and no others", function()
      assert.is_true(start({ Result = "Success" }, "initial").Started)
      for _, policy in ipairs({ "Full", "", 5, {} }) do
        local err = failure(start, { Result = "Success" }, policy)
        assert.equal("input.parameter", err.kind)
        assert.matches("must be 'Delta' or 'Initial'", err.message)
      end
    end)

    it("believes nothing but Success", function()
      assert.is_false(start({ Result = "Busy" }).Started)
      assert.is_false(start(function() end).Started)
      assert.is_false(start("Success").Started)
      assert.is_false(start({}).Started)
      assert.matches("answered 'Bus\\x1By'", start({ Result = "Bus\27y" }).Message, 1, true)
      assert.is_true(start(value.list({ { Result = "success" } })).Started)
    end)
  end)

  describe("error class", function()
    local function class(raised)
      return failure(start, raising(raised))
    end

    -- As it comes from the remote PowerShell: the service's text is message and id (facts A.2).
    local function record(message, fields)
      local exception = { type = "System.InvalidOperationException", message = message, hresult = -2146233079 }
      for name, field in pairs(fields or {}) do exception[name] = field end
      return errors.new("remote.error", "'Start-ADSyncSyncCycle' failed", {
        data = { id = message .. ",Start-ADSyncSyncCycle", category = "WriteError", exceptions = { exception } },
      })
    end

    it("busy: a cycle runs", function()
      for _, raised in ipairs({
        "Sync is already running. Cannot start a new run till this one completes.",
        record("System.InvalidOperationException: Sync is already running. Cannot start a new run till this one "
          .. "completes.\r\n   at Microsoft.MetadirectoryServices.Scheduler"),
        "AAD is busy", record("the run ended with no-start-ma-already-running"),
      }) do
        local err = class(raised)
        assert.equal("sync.busy", err.kind)
        assert.equal("none", err.effect)
        assert.is_true(err.transient)
        assert.is_not_nil(err.cause)
      end
    end)

    it("busy: a connector runs, and which", function()
      local err = class(record("System.InvalidOperationException: Connector: contoso.onmicrosoft.com - AAD is busy."))
      assert.equal("sync.busy", err.kind)
      assert.equal("contoso.onmicrosoft.com - AAD", err.data.Connector)
      assert.matches("connector 'contoso.onmicrosoft.com %- AAD' is busy", err.message)
    end)

    it("suspended: a wizard or an upgrade", function()
      local err = class(record("Scheduler is already suspended via global parameters."))
      assert.equal("sync.suspended", err.kind)
      assert.matches("wizard or an upgrade", err.message)
    end)

    it("access: by code, by class id, by type and by text", function()
      for _, raised in ipairs({
        record("Retrieving the COM class factory for remote component with CLSID "
          .. "{835BEE60-8731-4159-8BFF-941301D76D05} from machine AADC01 failed due to the following error: 80070005"),
        record("odd", { hresult = -2147024891 }), record("odd", { type = "System.UnauthorizedAccessException" }),
        "Access to the path is denied", "You need elevation to do this",
      }) do
        local err = class(raised)
        assert.equal("sync.access", err.kind)
        assert.equal("none", err.effect)
        assert.matches("missing privileges or elevation", err.message)
        assert.matches("ADSyncOperators", err.message)
      end
    end)

    it("setup: no module", function()
      for _, raised in ipairs({
        "The term 'Start-ADSyncSyncCycle' is not recognized as the name of a cmdlet, function, …",
        errors.new("remote.setup", "command not found at the far end", { data = { id = "CommandNotFoundException" } }),
        record("The specified module 'ADSync' was not loaded because no valid module file was found in any module "
          .. "directory."),
      }) do
        local err = class(raised)
        assert.equal("sync.setup", err.kind)
        assert.matches("^Start%-ADSyncSyncCycle not found", err.message)
      end
      local err = failure(look, { ["Get-ADSyncScheduler"] = raising("CommandNotFoundException") })
      assert.matches("^Get%-ADSyncScheduler not found", err.message)
    end)

    it("transport: kept as it is, whatever it quotes", function()
      for _, kind in ipairs({ "ssh.lost", "ssh.busy", "remote.protocol", "timeout", "session.contract" }) do
        local raised = errors.new(kind, "Sync is already running; access is denied")
        assert.equal(raised, class(raised))
      end
    end)

    it("unknown: kept whole, and its effect is unknown", function()
      local err = class(record("A thing went wrong that nobody has seen"))
      assert.equal("remote.error", err.kind)
      assert.equal("unknown", err.effect)
      assert.equal("A thing went wrong that nobody has seen", err.data.exceptions[1].message)
      assert.equal("script.error", class("odd").kind)
    end)

    it("is found in causes too", function()
      local err = class(errors.new("remote.error", "failed", { cause = { message = "Sync is already running." } }))
      assert.equal("sync.busy", err.kind)
    end)

    it("is not guessed from broad words", function()
      for _, text in ipairs({ "ask your administrator", "the permission set 'Full' was not found" }) do
        assert.equal("script.error", class(text).kind)
      end
    end)
  end)

  describe("GetSyncCycleState", function()
    it("tells the flag", function()
      local function state(flag)
        local answer = look({ ["Get-ADSyncScheduler"] = { SyncCycleInProgress = flag, SyncCycleEnabled = true } })
        return answer.State, answer.InProgress
      end
      assert.same({ "InProgress", true }, { state(true) })
      assert.same({ "Idle", false }, { state(false) })
      assert.same({ "Unknown", false }, { state(nil) })
      assert.same({ "Unknown", false }, { state("True") })
    end)

    it("knows nothing if the scheduler says nothing", function()
      local answer = look({ ["Get-ADSyncScheduler"] = function() end })
      assert.equal("Unknown", answer.State)
      assert.is_nil(answer.Details.SyncCycleEnabled)
    end)

    it("reads the clock before the history, in UTC", function()
      local s = session({
        ["Get-Date"] = "2026-03-01T09:00:00.1230000+01:00", ["Get-ADSyncScheduler"] = SCHEDULER,
        ["Get-ADSyncRunProfileResult"] = value.list(),
      })
      local answer = entra_connect():GetSyncCycleState(s)
      assert.equal("2026-03-01T08:00:00.123Z", answer.Details.ServerTimeUtc)
      assert.equal("Get-Date", s.log[1][1])
      assert.equal("Get-ADSyncRunProfileResult", s.log[3][1])
      assert.is_true(s.log[3][2].NumberRequested >= 50)
    end)

    it("has no clock where the date has no zone, or is none", function()
      for _, date in ipairs({ "2026-03-01T09:00:00", "today", { 1 }, function() end }) do
        assert.is_nil(look({ ["Get-Date"] = date }).Details.ServerTimeUtc)
      end
    end)

    it("tells no history from an unreadable one", function()
      assert.same({}, look({ ["Get-ADSyncRunProfileResult"] = value.list() }).Details.Runs)
      assert.same({ { RunHistoryId = "a" } },
        look({ ["Get-ADSyncRunProfileResult"] = { RunHistoryId = "a" } }).Details.Runs)
      assert.is_true(value.is_null(look({ ["Get-ADSyncRunProfileResult"] = function() end }).Details.Runs))
      assert.is_true(value.is_null(look({ ["Get-ADSyncRunProfileResult"] = raising("denied") }).Details.Runs))
    end)

    it("believes that there is no history where a session says that nothing came, until an entry was seen", function()
      local answer = nil
      local s = session({
        ["Get-ADSyncScheduler"] = SCHEDULER,
        ["Get-ADSyncRunProfileResult"] = function() return answer, { warnings = {} } end,
      })
      local provider = entra_connect()
      local function runs() return provider:GetSyncCycleState(s).Details.Runs end
      assert.same({}, runs())
      assert.is_true(value.is_list(runs()))
      answer = { RunHistoryId = "a" }
      assert.same({ { RunHistoryId = "a" } }, runs())
      answer = nil
      assert.is_true(value.is_null(runs()))
      answer = value.list()
      assert.same({}, runs())
    end)

    it("needs no command but the scheduler's", function()
      local answer = look({})
      assert.equal("Idle", answer.State)
      assert.is_nil(answer.Details.ServerTimeUtc)
      assert.is_true(value.is_null(answer.Details.Runs))
    end)

    it("passes the scheduler's fields on", function()
      assert.equal("2026-03-01T08:30:00", look({}).Details.NextSyncCycleStartTimeInUTC)
    end)

    it("asks for facts of the server once", function()
      local s = session({
        ["Get-ADSyncScheduler"] = SCHEDULER,
        ["Get-ADSyncConnector"] = value.list({
          { Name = "corp.example", Identifier = "1", ConnectorTypeName = "AD", Partitions = {} },
          { Name = "contoso.onmicrosoft.com - AAD", Identifier = "B891884F-051E-4A83-95AF-2544101C9083" },
        }),
        ["Get-ADSyncGlobalSettings"] = { Parameters = value.list({
          { Name = "Microsoft.Synchronize.StagingMode", Value = "False" },
          { Name = "Microsoft.Synchronize.ServerConfigurationVersion", Value = "2.5.79.0" },
        }) },
        ["Get-ItemPropertyValue"] = "AADC01",
      })
      local provider = entra_connect()
      local details = provider:GetSyncCycleState(s).Details
      assert.same({ Name = "AADC01", TenantConnector = "contoso.onmicrosoft.com - AAD", ProductVersion = "2.5.79.0" },
        details.Server)
      assert.same({ Name = "corp.example", Identifier = "1", ConnectorTypeName = "AD" }, details.Connectors[1])
      local first = #s.log
      assert.same(details.Server, provider:GetSyncCycleState(s).Details.Server)
      assert.equal(first + 3, #s.log)
    end)

    it("asks for facts once also where they cannot be had", function()
      local s, provider = session({ ["Get-ADSyncScheduler"] = SCHEDULER }), entra_connect()
      provider:GetSyncCycleState(s)
      local first = #s.log
      provider:GetSyncCycleState(s)
      assert.equal(first + 3, #s.log)
    end)

    it("gives up at the first command if the server cannot be reached", function()
      local calls = 0
      local s = { InvokeCommand = function()
        calls = calls + 1
        errors.raise("ssh.connect", "refused")
      end }
      assert.equal("ssh.connect", failure(function() entra_connect():GetSyncCycleState(s) end).kind)
      assert.equal(1, calls)
    end)
  end)

  describe("GetSyncRunDetails", function()
    it("asks for one entry with its steps", function()
      local s = session({ ["Get-ADSyncRunProfileResult"] = { RunHistoryId = "a", RunStepResults = {} } })
      assert.equal("a", entra_connect():GetSyncRunDetails("a", s).RunHistoryId)
      assert.same({ { "Get-ADSyncRunProfileResult", { RunHistoryId = "a", RunStepDetails = true } } }, s.log)
    end)

    it("takes no other entry for it", function()
      local s = session({ ["Get-ADSyncRunProfileResult"] = value.list({ { RunHistoryId = "b" } }) })
      assert.is_nil(entra_connect():GetSyncRunDetails("a", s))
      assert.is_nil(entra_connect():GetSyncRunDetails("a", session({})))
    end)
  end)

  describe("with a simulated server", function()
    it("sees its state, its clock and its history", function()
      local provider, s = entra_connect(), sync_server({ foreign_starts = { -1 } }):session()
      local answer = provider:GetSyncCycleState(s)
      assert.equal("InProgress", answer.State)
      assert.matches("^%d+%-%d%d%-%d%dT.*Z$", answer.Details.ServerTimeUtc)
      assert.equal("Delta Import", answer.Details.Runs[1].RunProfileName)
      assert.equal("contoso.onmicrosoft.com - AAD", answer.Details.Server.TenantConnector)
      assert.equal("SYNC01", answer.Details.Server.Name)
      local id = answer.Details.Runs[2].RunHistoryId
      assert.equal(id, provider:GetSyncRunDetails(id, s).RunHistoryId)
      assert.is_table(provider:GetSyncRunDetails(id, s).RunStepResults[1])
    end)

    it("recognises its refusals", function()
      for kind, options in pairs({
        ["sync.busy"] = { busy_starts = 1 }, ["sync.suspended"] = { suspended = true },
        ["sync.access"] = { rights = false }, ["sync.setup"] = { module = false },
      }) do
        local s = sync_server(options):session()
        assert.equal(kind, failure(function() entra_connect():StartSyncCycle("Delta", s) end).kind)
      end
    end)

    it("cannot read a denied history", function()
      local answer = entra_connect():GetSyncCycleState(sync_server({ history = false }):session())
      assert.is_true(value.is_null(answer.Details.Runs))
      assert.equal("Idle", answer.State)
    end)
  end)
end)
