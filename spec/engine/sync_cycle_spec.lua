-- The outcome table of DESIGN §6.2, row by row.
local errors = require("idle.engine.errors")
local play = require("spec.support.sync_play")
local sync_cycle = require("idle.engine.sync_cycle")

describe("idle.engine.sync_cycle", function()
  local playing = play.cycle

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

  it("never shows control characters of what the server said", function()
    local server = play.server()
    function server:on_start(now)
      self:cycle(now + 1, { results = { export = "stopped-\27[31m" } })
      return { Started = true }
    end
    assert.matches("'stopped-\\x1B[31m'", play.play(server).message, 1, true)
  end)

  it("says the same when it is asked twice", function()
    local machine = sync_cycle.new({
      policy_type = "Delta", wait = true, timeout = 60, poll_interval = 10, on_busy = "Wait", settle = 45,
      until_ = "CycleEnd", allow_disabled = false, random = math.random, now = 0,
    })
    assert.equal("look", machine:next(0).action)
    assert.equal("look", machine:next(0).action)
    machine:saw(0, play.server():look(0))
    assert.equal("start", machine:next(0).action)
    assert.equal("start", machine:next(0).action)
  end)

  it("believes no dates any more once the server's clock was set back", function()
    local server = play.server()
    local look = server.look
    function server:look(now)
      self.clock_offset = now > 12 and -60 or 0
      return look(self, now)
    end
    assert.equal("Unverified", play.play(server).outcome)
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
