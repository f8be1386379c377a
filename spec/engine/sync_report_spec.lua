-- What a step reports: the `Data` of DESIGN §6.2.
local errors = require("idle.engine.errors")
local play = require("spec.support.sync_play")
local sync_history = require("idle.engine.sync_history")
local sync_report = require("idle.engine.sync_report")

describe("idle.engine.sync_report", function()
  local playing = play.cycle

  describe("who keeps the server busy", function()
    it("is the newest run that is not over", function()
      local server = play.server()
      server:run(-20, -16, "ad", "Delta Import"):run(-15, 5, "entra", "Delta Import"):run(-5, 5, "hr", "Full Import")
      local history = sync_history.new("Delta")
      history:merge(server:runs(0), play.date(0))
      assert.same({ Connector = "HR database", RunProfile = "Full Import", SinceUtc = play.date(-5) },
        sync_report.running(history))
      history:merge(server:runs(6), play.date(6))
      assert.same({}, sync_report.running(history))
    end)

    it("is said in as many words as are known", function()
      local words = sync_report.busy_words
      assert.equal("sync server 'AADC01' is busy: 'Export' on 'X - AAD' since 2026-03-01T08:00:00Z",
        words("AADC01", { Connector = "X - AAD", RunProfile = "Export", SinceUtc = "2026-03-01T08:00:00Z" }))
      assert.equal("the sync server is busy: connector 'X\\x1B'", words(nil, { Connector = "X\27" }))
      assert.equal("the sync server is busy with another cycle", words(nil, {}))
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
      function server.details(ids)
        asked = ids
        local runs = {}
        for _, entry in ipairs(server.entries) do
          local raw = server:entry(entry, 1e6)
          local stage = entry.profile == "Export" and "export" or "import"
          raw.RunStepResults = entry.connector.name ~= "corp.example" == (stage == "export") and STEPS[stage] or {}
          runs[#runs + 1] = raw
        end
        return runs
      end
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
end)
