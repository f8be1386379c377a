local errors = require("idle.engine.errors")
local play = require("spec.support.sync_play")
local support = require("spec.support.sync_step")
local trigger_directory_sync = require("idle.steps.trigger_directory_sync")

local run, failure = support.run, support.failure

describe("idle.steps.trigger_directory_sync", function()
  local function server_that(on_start) return play.server({ on_start = on_start }) end

  local function raising(kind, fields)
    return function() return nil, errors.new(kind, "it said " .. kind, fields) end
  end

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

  describe("a start", function()
    it("is noted before it is sent, and no more if it is refused", function()
      local noted = {}
      local world = support.world(server_that(function(self, now, nth)
        assert.equal("maybe", noted[#noted].Accepted)
        if nth == 1 then return nil, errors.new("sync.busy", "busy") end
        self:cycle(now + 1)
        return { Started = true }
      end))
      function world.context.NoteStart(intent) noted[#noted + 1] = intent or "refused" end
      local data = run(world).Data
      assert.equal(3, #noted)
      assert.equal("refused", noted[2])
      assert.same({ "maybe", data.Baseline.T0, data.Baseline.RunIds },
        { noted[3].Accepted, noted[3].T0, noted[3].RunIds })
      assert.equal("yes", data.Baseline.Accepted)
    end)

    it("is not sent if it can't be noted", function()
      local world = support.world()
      function world.context.NoteStart() errors.raise("input.file", "the disk is full") end
      local err = failure(world)
      assert.same({ "input.file", "none" }, { err.kind, err.effect })
      assert.same({}, world.server.starts)
    end)

    it("is never sent twice, not even if its error looks transient", function()
      for _, raised in ipairs({
        errors.new("ssh.lost", "connection lost", { transient = true }), "the pipe broke",
        { message = "throttled", data = { ["Idle.IsTransient"] = true } },
      }) do
        local world = support.world(server_that(function() return nil, raised end))
        local err = failure(world)
        assert.equal("NotObserved", err.data.Outcome)
        assert.equal(1, #world.server.starts)
        assert.is_false(err.transient)
      end
    end)
  end)

  describe("bounded by the deadline", function()
    local function with_timeouts(world)
      world.limits = {}
      function world.clock.with_timeout(seconds, f)
        world.limits[#world.limits + 1] = seconds
        local before = world.clock.seconds
        local answer = table.pack(pcall(f))
        if world.clock.seconds - before > seconds then
          world.clock.seconds = before + seconds
          errors.raise("timeout", "not done in time")
        end
        if not answer[1] then error(answer[2], 0) end
        return table.unpack(answer, 2, answer.n)
      end
      return world
    end

    it("each call to the provider is", function()
      local world = with_timeouts(support.world())
      run(world, { TimeoutSeconds = 40 })
      assert.equal(40, world.limits[1])
      for _, seconds in ipairs(world.limits) do assert.is_true(seconds > 0 and seconds <= 40) end
    end)

    it("a start that hangs counts as sent, whatever the clock says about its effect", function()
      local world = with_timeouts(support.world())
      function world.server.on_start(server, now)
        server:cycle(now + 1)
        world.clock.seconds = world.clock.seconds + 10000
      end
      local result = run(world)
      assert.equal("maybe", result.Data.Baseline.Accepted)
      assert.equal(1, #world.server.starts)
    end)

    it("a look that hangs is a look that failed", function()
      local world, hung = with_timeouts(support.world()), false
      function world.server.fails(now)
        if now > 1 and not hung then
          hung, world.clock.seconds = true, world.clock.seconds + 10000
        end
      end
      assert.equal("Success", run(world).Data.Outcome)
    end)

    -- Looks that take a second each, and a last one that has less.
    it("a look that has no time left takes nothing back of what was seen before", function()
      local world = with_timeouts(support.world())
      function world.server.fails() world.clock.seconds = world.clock.seconds + 1 end
      local err = failure(world, { TimeoutSeconds = 20.5, PollIntervalSeconds = 1 })
      assert.is_true(world.limits[#world.limits] < 1)
      assert.equal("timeout waiting for completion: the sync cycle is still running after 20 s; wait on with its "
        .. "Baseline", err.message)
    end)

    it("a look that had to connect again does, for nobody knows whether there is still a server", function()
      local world = with_timeouts(support.world())
      function world.server.fails(now)
        world.clock.seconds = world.clock.seconds + (world.limits[#world.limits] < 1 and 10000 or 1)
        return now > 14 and errors.new("ssh.lost", "it was lost", { effect = "none" }) or nil
      end
      local err = failure(world, { TimeoutSeconds = 20.5, PollIntervalSeconds = 1 })
      assert.is_true(world.limits[#world.limits] < 1)
      assert.matches("the sync cycle is no longer seen after 20 s; .*; the last look failed: not done in time",
        err.message)
    end)
  end)

  describe("ended from outside", function()
    it("passes a cancellation on, after one event", function()
      local world = support.world()
      function world.clock.sleep() errors.raise("cancelled", "the task was cancelled") end
      assert.equal("cancelled", failure(world).kind)
      assert.equal(1, #support.events(world, "Failed"))
    end)

    it("does not take a cancellation within a look for a look that failed", function()
      local world = support.world()
      function world.server.fails(now) return now > 1 and errors.new("cancelled", "the task was cancelled") or nil end
      assert.equal("cancelled", failure(world).kind)
    end)

    -- The session can't know what a command does: whatever was out, it says "unknown".
    it("says of a look that was cut off what is known of the start", function()
      local function effect_of_a_cut(is_cut, on_start)
        local world = support.world(on_start and server_that(on_start))
        function world.server.fails(now)
          return is_cut(now) and errors.new("cancelled", "cancelled by SIGTERM", { effect = "unknown" }) or nil
        end
        return failure(world).effect
      end
      local function at_once() return true end
      local function later(now) return now > 1 end
      assert.equal("none", effect_of_a_cut(at_once))
      assert.equal("applied", effect_of_a_cut(later))
      assert.equal("unknown", effect_of_a_cut(later, raising("ssh.lost", { effect = "unknown" })))
    end)

    it("passes Ctrl-C on as it is", function()
      for _, method in ipairs({ "StartSyncCycle", "GetSyncCycleState" }) do
        local world = support.world()
        world.provider[method] = function() error("sync.lua:1: interrupted!", 0) end
        assert.equal("sync.lua:1: interrupted!", failure(world))
        assert.equal(1, #support.events(world, "Failed"))
      end
    end)

    it("tells how to wait on for a start that was still out", function()
      for _, raised in ipairs({ "sync.lua:1: interrupted!", errors.new("cancelled", "cancelled by SIGTERM") }) do
        local world = support.world()
        world.provider.StartSyncCycle = function() error(raised, 0) end
        local err = failure(world)
        assert.equal("maybe", support.events(world, "Accepted")[1].Data.Baseline.Accepted)
        if errors.is(err) then
          assert.equal("maybe", err.data.Baseline.Accepted)
          assert.equal("unknown", err.effect)
        end
      end
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
