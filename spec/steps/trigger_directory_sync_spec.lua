local errors = require("idle.engine.errors")
local play = require("spec.support.sync_play")
local support = require("spec.support.sync_step")
local trigger_directory_sync = require("idle.steps.trigger_directory_sync")

local run, failure, server_that, raising = support.run, support.failure, support.server_that, support.raising

describe("idle.steps.trigger_directory_sync", function()
  describe("session", function()
    it("is acquired once, by name and options", function()
      local world = support.world()
      run(world, { AuthSessionOptions = { Role = "Admin" } })
      assert.same({ { name = "EntraConnect", options = { Role = "Admin" } } }, world.sessions)
      for _, call in ipairs(world.provider.calls) do assert.equal(world.session, call[2]) end
    end)

    it("is chosen by the computer's name too, where a file gives one", function()
      local world = support.world()
      run(world, { ComputerName = "aadc01" })
      assert.same({ ComputerName = "aadc01" }, world.sessions[1].options)
      assert.equal("aadc01", support.events(world, "Triggered")[1].Data.ComputerName)
    end)

    it("that cannot be had fails the step after DirectorySyncTriggered", function()
      local world = support.world()
      function world.context.AcquireAuthSession() errors.raise("session.missing", "no session 'EntraConnect'") end
      assert.equal("session.missing", failure(world).kind)
      assert.same({ "Triggered", "Failed" }, support.types(world))
    end)
  end)

  describe("result and events", function()
    it("of a success", function()
      local world = support.world()
      local result = run(world)
      assert.equal("Completed", result.Status)
      assert.is_true(result.Changed)
      assert.equal("Success", result.Data.Outcome)
      assert.same({ "Triggered", "Accepted", "Waiting", "Poll", "Poll", "Poll", "Poll", "Poll", "Completed" },
        support.types(world))
      for _, event in ipairs(world.events) do assert.equal("Sync", event.StepName) end
      assert.same({ PolicyType = "Delta" }, world.events[1].Data)
      assert.same({ TimeoutSeconds = 600, PollIntervalSeconds = 10 }, world.events[3].Data)
      assert.same({ Outcome = "Success", Attempts = 5, ElapsedSeconds = 32 }, world.events[9].Data)
    end)

    it("tell how an interrupted wait is taken up", function()
      local world = support.world()
      run(world)
      local data = support.events(world, "Accepted")[1].Data
      assert.equal("yes", data.Baseline.Accepted)
      assert.equal(play.date(0), data.ServerTimeUtc)
      assert.equal(1, data.Attempt)
    end)

    it("of a poll, the first at once", function()
      local world = support.world()
      run(world)
      local polls = support.events(world, "Poll")
      assert.same({ Attempt = 1, ElapsedSeconds = 0, State = "Idle", InProgress = false }, polls[1].Data)
      assert.equal("InProgress", polls[2].Data.State)
      assert.is_true(polls[2].Data.InProgress)
      assert.equal(2, polls[2].Data.ElapsedSeconds)
      assert.equal("Delta Import", polls[2].Data.RunProfile)
      assert.equal("corp.example", polls[2].Data.Connector)
    end)

    it("of a poll that failed", function()
      local world = support.world()
      local lost = errors.new("ssh.lost", "connection lost")
      function world.server.fails(now) return now > 1 and now < 3 and lost or nil end
      run(world)
      local data = support.events(world, "Poll")[2].Data
      assert.equal("Unknown", data.State)
      assert.is_true(data.InProgress)
      assert.equal("connection lost", data.Error)
    end)

    it("of a warning", function()
      local world = support.world(server_that(function(self, now)
        self:cycle(now + 1, { results = { export = "completed-export-errors" } })
        return { Started = true }
      end))
      assert.equal("CompletedWithErrors", run(world).Data.Outcome)
      local data = support.events(world, "Completed")[1].Data
      assert.equal("Warning", data.Severity)
      assert.equal("CompletedWithErrors", data.Outcome)
    end)

    it("without waiting", function()
      local world = support.world()
      local result = run(world, { Wait = false })
      assert.equal("NotWaited", result.Data.Outcome)
      assert.is_true(result.Changed)
      assert.same({ "Triggered", "Accepted", "Completed" }, support.types(world))
      assert.same({ PolicyType = "Delta", Outcome = "NotWaited", Accepted = "yes" }, world.events[3].Data)
    end)

    it("do not wait unless told so", function()
      local world = support.world()
      local result = trigger_directory_sync(world.context, { AuthSessionName = "X", PolicyType = "Delta" })
      assert.equal("NotWaited", result.Data.Outcome)
      assert.equal("TriggerDirectorySync", world.events[1].StepName)
    end)

    it("of a cycle that is adopted: nothing was changed", function()
      local server = play.server()
      server.busy[#server.busy + 1] = { 0, 5 }
      server:cycle(5)
      local world = support.world(server)
      local result = run(world)
      assert.equal("Adopted", result.Data.Carried)
      assert.is_false(result.Changed)
      assert.same({}, support.events(world, "Accepted"))
    end)

    it("of a busy server: who, since when, and when it is tried again", function()
      local world = support.world(server_that(function(self, now, nth)
        if nth == 1 then
          return nil, errors.new("sync.busy", "busy", { data = { Connector = "X - AAD" } })
        end
        self:cycle(now + 1)
        return { Started = true }
      end))
      assert.equal("Success", run(world).Data.Outcome)
      local busy = support.events(world, "Busy")
      assert.equal(1, #busy)
      assert.same({ Connector = "X - AAD", SinceUtc = play.date(0), NextAttemptSeconds = 12.5, ElapsedSeconds = 0,
        Attempt = 1 }, busy[1].Data)
    end)

    it("of a server whose flag is up, once for each run that is seen", function()
      local server = play.server()
      server:cycle(-10)
      local world = support.world(server)
      run(world)
      local runs = {}
      for index, event in ipairs(support.events(world, "Busy")) do runs[index] = event.Data.RunProfile end
      assert.same({ "Delta Synchronization", "Export" }, runs)
    end)
  end)

  describe("failure", function()
    --- Exactly one event ends a step.
    local function is_failed_once(world)
      assert.equal(1, #support.events(world, "Failed"))
      assert.same({}, support.events(world, "Completed"))
      assert.equal("DirectorySyncFailed", world.events[#world.events].Type)
      return support.events(world, "Failed")[1].Data
    end

    it("carries the step's Data, and the effect of the table", function()
      for outcome, expected in pairs({
        Failed = { "sync.failed", "applied", function(self, now)
          self:cycle(now + 1, { results = { export = "stopped-deletion-threshold-exceeded" } })
          return { Started = true }
        end },
        NotObserved = { "sync.not_observed", "unknown", function() return { Started = true } end },
        Timeout = { "sync.timeout", "applied", function(self, now)
          self:cycle(now + 1)
          self.busy[#self.busy + 1] = { 0, 10000 }
          self.entries[#self.entries].to = 10000
          self.next_start = function() end
          return { Started = true }
        end },
        Busy = { "sync.busy", "none", raising("sync.busy") },
      }) do
        local world = support.world(server_that(expected[3]))
        local err = failure(world)
        assert.equal(expected[1], err.kind)
        assert.equal(expected[2], err.effect)
        assert.equal(outcome == "Busy", err.transient)
        assert.equal(outcome, err.data.Outcome)
        local data = is_failed_once(world)
        assert.equal(outcome, data.Outcome)
        assert.equal(expected[1], data.Kind)
        assert.equal(tostring(err), data.Error)
      end
    end)

    it("by timeout says what was seen last", function()
      local world = support.world()
      local err = failure(world, { TimeoutSeconds = 15 })
      assert.matches("timeout waiting for completion", err.message)
      assert.equal(124, errors.exit_status(err))
      local data = is_failed_once(world)
      assert.equal(15, data.TimeoutSeconds)
      assert.equal(15, data.ElapsedSeconds)
      assert.equal("InProgress", data.LastKnownState)
    end)

    it("leads to a wait that goes on with its baseline, and starts nothing again", function()
      local world = support.world()
      local baseline = failure(world, { TimeoutSeconds = 15 }).data.Baseline
      local result = run(world, { Baseline = baseline })
      assert.equal("Success", result.Data.Outcome)
      assert.is_false(result.Changed)
      assert.equal(1, #world.server.starts)
    end)

    it("before the start changes nothing, whatever the kind leaves open", function()
      local world = support.world()
      function world.server.fails() return errors.new("remote.protocol", "what is this") end
      local err = failure(world)
      assert.equal("remote.protocol", err.kind)
      assert.equal("none", err.effect)
      assert.same({}, world.server.starts)
    end)

    it("by refusal keeps kind, message and cause", function()
      local world = support.world()
      function world.server.fails()
        return errors.new("sync.access", "missing privileges or elevation", { cause = "80070005" })
      end
      local err = failure(world)
      assert.equal("sync.access", err.kind)
      assert.equal("missing privileges or elevation: 80070005", tostring(err))
      assert.equal(0, err.data.Starts)
      assert.equal("sync.access", is_failed_once(world).Kind)
    end)

    it("of a kind that only a provider knows is kept too", function()
      local world = support.world()
      function world.server.fails() return { kind = "mine.quota", message = "no more looks", effect = "none" } end
      assert.equal("mine.quota", failure(world).kind)
    end)
  end)

  it("completes its report with the steps of the runs, where the provider can tell", function()
    local world, asked = support.world(), {}
    function world.provider.GetSyncRunDetails(_, id, session)
      asked[#asked + 1] = id
      assert.equal(world.session, session)
      if id == "run-011" then error("no such run", 0) end
      return { RunHistoryId = id, ConnectorName = "corp.example", RunProfileName = "Delta Import", Result = "success",
        RunStepResults = { { StepNumber = 1, StageAdd = 7 } } }
    end
    local data = run(world).Data
    assert.same({ "run-007", "run-011" }, asked)
    assert.equal(7, data.Imported.Add)
    assert.is_nil(data.Exported)
  end)
end)
