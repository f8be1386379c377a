-- The outcome table of DESIGN §6.2, row by row, and what a step reports.
local errors = require("idle.engine.errors")
local play = require("spec.support.sync_play")
local sync_cycle = require("idle.engine.sync_cycle")

describe("idle.engine.sync_cycle", function()
  local function playing(cycle, options, fields)
    local server = play.server(fields)
    function server:on_start(now)
      self:cycle(now + 1, cycle)
      return { Started = true }
    end
    return play.play(server, options), server
  end

  describe("outcome", function()
    it("Success: the carrier's cycle exported and all went well", function()
      local done = playing({ results = { sync = "completed-no-objects", export = "completed-transient-objects" } })
      assert.equal("Success", done.outcome)
      assert.is_nil(done.kind)
      assert.is_nil(done.is_warning)
      assert.is_nil(done.data.Observations)
    end)

    it("CompletedWithErrors: it exported, with errors or warnings", function()
      for stage, result in pairs({
        import = "completed-discovery-errors", sync = "completed-sync-errors", export = "completed-export-errors",
        entra_sync = "completed-warnings",
      }) do
        local done = playing({ results = { [stage] = result } })
        assert.equal("CompletedWithErrors", done.outcome)
        assert.is_nil(done.kind)
        assert.is_true(done.is_warning)
        assert.matches(result, done.message, 1, true)
      end
    end)

    it("CompletedWithErrors: only the writeback to AD failed, or the import from Entra", function()
      assert.equal("CompletedWithErrors", playing({ results = { writeback = "no-start-connection" } }).outcome)
      assert.equal("CompletedWithErrors", playing({ results = { confirm = "stopped-server-down" } }).outcome)
    end)

    it("Failed: AD import, a synchronization or the Entra export stopped", function()
      for stage, result in pairs({
        import = "no-start-connection", sync = "stopped-database-connection-lost", entra_sync = "stopped-error-limit",
        export = "stopped-deletion-threshold-exceeded",
      }) do
        local done = playing({ results = { [stage] = result } })
        assert.equal("Failed", done.outcome)
        assert.equal("sync.failed", done.kind)
        assert.matches(result, done.message, 1, true)
      end
    end)

    it("Failed: says who must decide what", function()
      local done = playing({ results = { export = "stopped-deletion-threshold-exceeded" } })
      assert.matches("nothing is exported until somebody decides", done.message)
      assert.equal("threshold", done.data.FailureClass)
    end)

    it("Failed: also with a result that nobody knows", function()
      local done = playing({ results = { export = "call-failure:0x80230729" } })
      assert.equal("Failed", done.outcome)
      assert.equal("unknown", done.data.FailureClass)
    end)

    it("Unverified: the history could not be read", function()
      local done = playing(nil, nil, { history = false })
      assert.equal("Unverified", done.outcome)
      assert.is_true(done.is_warning)
    end)

    it("NoExport: nothing was pending", function()
      local done = playing({ without = { export = true, writeback = true } })
      assert.equal("NoExport", done.outcome)
      assert.is_true(done.is_warning)
    end)

    it("NotWaited: the start was sent", function()
      assert.equal("NotWaited", playing(nil, { wait = false }).outcome)
    end)

    it("Busy: nothing was sent", function()
      local server = play.server({ on_start = function() return nil, errors.new("sync.busy", "busy") end })
      local done = play.play(server, { timeout = 50 })
      assert.equal("Busy", done.outcome)
      assert.equal("sync.busy", done.kind)
      assert.equal(0, done.data.Starts)
    end)

    it("NotObserved: nothing was seen", function()
      local done = play.play(play.server({ on_start = function() return { Started = true } end }))
      assert.equal("NotObserved", done.outcome)
      assert.equal("sync.not_observed", done.kind)
    end)

    it("Timeout: it still runs", function()
      local done = playing(nil, { timeout = 20 })
      assert.equal("Timeout", done.outcome)
      assert.equal("sync.timeout", done.kind)
    end)

    it("Timeout: also for a cycle that was adopted", function()
      local server = play.server()
      server.busy[#server.busy + 1] = { 0, 5 }
      server:cycle(5)
      local done = play.play(server, { timeout = 20 })
      assert.equal("Timeout", done.outcome)
      assert.equal("Adopted", done.data.Carried)
    end)
  end)

  describe("data", function()
    local STEPS = {
      import = { { StepNumber = 1, StageAdd = 1, StageUpdate = 2 } },
      export = { { StepNumber = 1, ExportAdd = 1, ExportFailure = 1, SyncErrors = { { ObjectDn = "CN=Kim,OU=Staff,DC=x",
        ErrorType = "AttributeValueMustBeUnique" } } } },
    }

    --- Hands out steps only when they are asked for, as the provider does.
    local function with_steps(options)
      local server, asked = play.server(), {}
      function server:on_start(now)
        self:cycle(now + 1, { results = { export = "completed-export-errors" } })
        return { Started = true }
      end
      function server:details(ids)
        asked = ids
        local runs = {}
        for _, entry in ipairs(self.entries) do
          local raw = self:entry(entry, 1e6)
          local stage = entry.profile == "Export" and "export" or "import"
          raw.RunStepResults = entry.connector.name ~= "corp.example" == (stage == "export") and STEPS[stage] or {}
          runs[#runs + 1] = raw
        end
        return runs
      end
      server.details = (function(details) return function(ids) return details(server, ids) end end)(server.details)
      return play.play(server, options), asked
    end

    it("names the moments of the cycle by the server's clock", function()
      local done = playing()
      assert.equal(play.date(0), done.data.AcceptedUtc)
      assert.equal(play.date(1), done.data.ImportStartUtc)
      assert.equal(play.date(25), done.data.ExportEndUtc)
      assert.equal("Started", done.data.Carried)
      assert.equal("Delta", done.data.PolicyType)
      assert.equal(0, done.data.BusySeconds)
    end)

    it("describes the server", function()
      assert.same({
        Name = "AADC01", TenantConnector = "contoso.onmicrosoft.com - AAD", ProductVersion = "2.5.79.0",
        ClockSkewSeconds = 3,
      }, playing().data.Server)
    end)

    it("takes no time within a look for an error of the server's clock", function()
      local function skew(server_seconds)
        local machine = sync_cycle.new({ policy_type = "Delta", timeout = 600, poll_interval = 10, settle = 45,
          until_ = "CycleEnd", on_busy = "Wait", wait = true, now = 0 })
        machine:saw(8, { InProgress = false, State = "Idle", Details = { ServerTimeUtc = play.date(server_seconds) } },
          play.date(8), play.date(0))
        return machine.clock_skew
      end
      assert.equal(0, skew(0))
      assert.equal(0, skew(5))
      assert.equal(-90, skew(-90))
      assert.equal(90, skew(98))
    end)

    it("lists the runs of the cycle, and of no other", function()
      local runs = playing().data.Runs
      assert.equal(6, #runs)
      assert.same({
        RunHistoryId = "run-007", ConnectorName = "corp.example", RunProfileName = "Delta Import", Result = "success",
        StartUtc = play.date(1), EndUtc = play.date(5),
      }, runs[1])
    end)

    it("asks for the steps of imports, of the export and of whatever did not go well", function()
      local _, asked = with_steps()
      assert.same({ "run-007", "run-011" }, asked)
    end)

    it("counts what was imported and exported", function()
      local data = with_steps().data
      assert.equal(3, data.Imported.Total)
      assert.equal(1, data.Exported.Add)
      assert.equal(1, data.Exported.Failure)
    end)

    it("shows the first objects with errors", function()
      local run = with_steps().data.Runs[5]
      assert.equal(1, run.ErrorCount)
      assert.equal("CN=Kim,OU=Staff,DC=x", run.Errors[1].ObjectDn)
    end)

    it("says whether an object is among the errors", function()
      local expected = with_steps({ expect = "cn=kim, ou=staff, dc=x" }).data.Expected
      assert.is_true(expected.IsAmongErrors)
      assert.equal("AttributeValueMustBeUnique", expected.ErrorType)
      assert.equal("Export", expected.RunProfileName)
      assert.is_false(with_steps({ expect = "CN=Sam,OU=Staff,DC=x" }).data.Expected.IsAmongErrors)
    end)

    it("leaves open whether it is where the history does not tell", function()
      assert.is_nil(playing(nil, { expect = "CN=Kim" }).data.Expected.IsAmongErrors)
    end)

    it("keeps the last 20 looks of everything but a success", function()
      local looks = playing(nil, { timeout = 80 }, { history = false }).data.Observations
      assert.equal(20, #looks)
      assert.equal(78, looks[20].AtSeconds)
      assert.equal("Idle", looks[20].State)
      assert.is_nil(looks[20].RunCount)
    end)

    it("keeps why looks failed", function()
      local server = play.server({ on_start = function() return { Started = true } end })
      function server.fails(now) return now > 1 and errors.new("ssh.lost", "connection lost\27") or nil end
      local looks = play.play(server, { timeout = 5 }).data.Observations
      assert.equal("connection lost\\x1B", looks[#looks].Error)
      assert.is_nil(looks[#looks].State)
    end)
  end)

  it("never shows control characters of what the server said", function()
    local server = play.server()
    function server:on_start(now)
      self:cycle(now + 1, { results = { export = "stopped-\27[31m" } })
      return { Started = true }
    end
    assert.matches("'stopped-\\x1B[31m'", play.play(server).message, 1, true)
  end)

  it("says the same when it is asked twice", function()
    local machine = require("idle.engine.sync_cycle").new({
      policy_type = "Delta", wait = true, timeout = 60, poll_interval = 10, on_busy = "Wait", settle = 45,
      until_ = "CycleEnd", allow_disabled = false, random = math.random, now = 0,
    })
    assert.equal("look", machine:next(0).action)
    assert.equal("look", machine:next(0).action)
    machine:saw(0, play.server():look(0))
    assert.equal("start", machine:next(0).action)
    assert.equal("start", machine:next(0).action)
  end)

  it("works with a provider that knows the state only", function()
    local server = play.server()
    function server.answers(now)
      local is_up = now >= 1 and now < 30
      return { InProgress = is_up, State = is_up and "InProgress" or "Idle" }
    end
    function server.on_start() return { Started = true, Message = "triggered" } end
    local done = play.play(server)
    assert.equal("Unverified", done.outcome)
    assert.equal("yes", done.data.Baseline.Accepted)
  end)
end)
