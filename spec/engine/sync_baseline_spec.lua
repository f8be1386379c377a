-- Rule 1 of DESIGN §6.2: what there was before, and a wait that is taken up again.
local errors = require("idle.engine.errors")
local play = require("spec.support.sync_play")
local sync_cycle = require("idle.engine.sync_cycle")

describe("idle.engine.sync_baseline", function()
  describe("a baseline", function()
    it("is taken at the first look", function()
      local done = play.play(play.server())
      assert.equal("AADC01", done.data.Baseline.Server)
      assert.equal(play.date(0), done.data.Baseline.T0)
      assert.equal(6, #done.data.Baseline.RunIds)
      assert.equal(play.date(1200), done.data.Baseline.NextStart)
      assert.equal("yes", done.data.Baseline.Accepted)
    end)

    it("counts entries that were seen once, also when they are purged later", function()
      local server = play.server({ shows = "end" })
      server.purged_at = 17
      assert.equal("Success", play.play(server).outcome)
    end)

    it("without a clock makes dates useless", function()
      assert.equal("Unverified", play.play(play.server({ clock = false })).outcome)
    end)

    it("with a run that is dated after it makes dates useless", function()
      assert.equal("Unverified", play.play(play.server({ date_offset = 3600 })).outcome)
    end)

    it("is looked for again if a run begins in the very moment of the first look", function()
      local server = play.server()
      server:cycle(0.5)
      local look = server.look
      -- The clock was read before the history.
      function server:look(now)
        local answer = look(self, now + 1)
        answer.Details.ServerTimeUtc = play.date(now)
        return answer
      end
      server.on_start = function(self, now)
        self:cycle(now + 1)
        return { Started = true }
      end
      local done = play.play(server)
      assert.equal("Success", done.outcome)
      assert.equal("Started", done.data.Carried)
    end)

    it("waits a little for a history that cannot be read at first", function()
      local server = play.server({ history = function(now) return now >= 2 end })
      local done = play.play(server)
      assert.equal("Success", done.outcome)
      assert.equal(play.date(2), done.data.Baseline.T0)
    end)

    it("distrusts entries that are dated ahead of the server's clock", function()
      local server = play.server()
      server.entries = {}
      server.date_offset = 3600
      assert.equal("Unverified", play.play(server).outcome)
    end)
  end)

  describe("with a former baseline", function()
    local function former(server, options)
      options = options or {}
      options.timeout = 10
      local done = play.play(server, options)
      assert.equal("Timeout", done.outcome)
      return done.data.Baseline
    end

    it("waits on, and starts nothing", function()
      local server = play.server()
      local baseline = former(server)
      local done = play.play(server, { baseline = baseline })
      assert.equal("Success", done.outcome)
      assert.equal("Started", done.data.Carried)
      assert.equal(1, #server.starts)
      assert.equal(0, done.data.Starts)
    end)

    it("waits on after a start whose answer was lost", function()
      local server = play.server({
        on_start = function(self, now)
          self:cycle(now + 1)
          return nil, errors.new("ssh.lost", "connection lost")
        end,
      })
      local baseline = former(server)
      assert.equal("maybe", baseline.Accepted)
      assert.equal("Success", play.play(server, { baseline = baseline }).outcome)
      assert.equal(1, #server.starts)
    end)

    it("goes on with a cycle that it had adopted", function()
      local server = play.server()
      server.busy[#server.busy + 1] = { 0, 5 }
      server:cycle(5, { results = { sync = "success" } })
      local baseline = former(server, { poll_interval = 6 })
      assert.equal("no", baseline.Accepted)
      local done = play.play(server, { baseline = baseline })
      assert.equal("Success", done.outcome)
      assert.equal("Adopted", done.data.Carried)
      assert.same({}, server.starts)
    end)

    it("of another server is refused", function()
      local done = play.play(play.server(), { baseline = { Server = "AADC02", Accepted = "yes" } })
      assert.equal("input.with", done.kind)
      assert.is_nil(done.outcome)
      assert.matches("'AADC02', but this is 'AADC01'", done.message)
    end)

    it("takes staging mode as it is: nothing is started", function()
      local server = play.server()
      local baseline = former(server)
      server.scheduler.StagingModeEnabled = true
      assert.equal("Success", play.play(server, { baseline = baseline }).outcome)
    end)

    it("that has no dates believes the signs only", function()
      local server = play.server({ clock = false })
      local baseline = former(server)
      assert.is_nil(baseline.T0)
      assert.equal("Unverified", play.play(server, { baseline = baseline }).outcome)
      assert.equal(1, #server.starts)
    end)
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
end)
