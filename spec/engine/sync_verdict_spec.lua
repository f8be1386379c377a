-- Rules 4 to 9 of DESIGN §6.2, one by one.
local errors = require("idle.engine.errors")
local play = require("spec.support.sync_play")

describe("idle.engine.sync_verdict", function()
  --- A server whose cycle begins one second after the start, and what is special about it.
  local function server_with(cycle, fields)
    local server = play.server(fields)
    function server:on_start(now)
      self.finish = self:cycle(now + 1, cycle)
      return { Started = true }
    end
    return server
  end

  local function unheard(fields)
    local server = play.server(fields)
    function server.on_start() return { Started = true } end
    return server
  end

  describe("rule 4, exported", function()
    it("is enough where nobody waits for the writeback", function()
      local done = play.play(server_with(), { until_ = "Export", poll_interval = 1 })
      assert.equal("Success", done.outcome)
      assert.equal(25, done.at)
      assert.equal(play.date(25), done.data.ExportEndUtc)
    end)

    it("is not a run that has only begun", function()
      local server = server_with()
      assert.is_true(play.play(server, { until_ = "Export" }).at >= 25)
    end)
  end)

  describe("rule 5, ended", function()
    it("when the AD export is over", function()
      local done = play.play(server_with(), { poll_interval = 1 })
      assert.equal("Success", done.outcome)
      assert.equal(30, done.at)
    end)

    it("when a later cycle imports", function()
      local server = server_with({ without = { writeback = true } })
      local on_start = server.on_start
      function server:on_start(now)
        local answer = on_start(self, now)
        self.busy[#self.busy + 1] = { self.finish, self.finish + 2 }
        self:cycle(self.finish + 2)
        return answer
      end
      local done = play.play(server, { poll_interval = 1 })
      assert.equal("Success", done.outcome)
      assert.equal(27, done.at)
    end)

    it("when the flag is down and the next start has moved, on two looks 2 s apart", function()
      local done = play.play(server_with({ without = { writeback = true } }), { poll_interval = 1 })
      assert.equal("Success", done.outcome)
      -- The cycle is over at 25; that is seen at once, and confirmed 2 s later.
      assert.equal(27, done.at)
    end)

    it("not when the flag was down for a moment only", function()
      local server = play.server({ shows = "end" })
      function server:on_start()
        self:run(1, 5, "ad", "Delta Import"):run(6, 10, "ad", "Delta Synchronization"):run(11, 15, "entra", "Export")
        self:run(30, 40, "ad", "Export")
        -- The flag comes up once more after a pause that looks like the end.
        self.busy = { { 1, 15 }, { 16.5, 40 } }
        self.next_starts[#self.next_starts + 1] = { at = 15, value = 1801 }
        return { Started = true }
      end
      assert.equal(40, play.play(server, { poll_interval = 1 }).at)
    end)

    it("when there is no flag, after nothing changed for SettleSeconds", function()
      local done = play.play(server_with({ without = { writeback = true } }, { flag = false }), { settle = 45 })
      assert.equal("Success", done.outcome)
      -- Seen at 26; quiet from there on.
      assert.is_true(done.at >= 70 and done.at <= 74)
    end)

    it("not in a pause of 27 s between two runs", function()
      local server = play.server({ flag = false, shows = "end" })
      function server:on_start()
        self:run(1, 5, "ad", "Delta Import"):run(32, 37, "ad", "Delta Synchronization")
        self:run(64, 70, "entra", "Export"):run(97, 100, "ad", "Export")
        return { Started = true }
      end
      local done = play.play(server)
      assert.equal("Success", done.outcome)
      assert.equal(100, done.at)
    end)
  end)

  describe("rule 6, no export", function()
    local without = { without = { export = true, writeback = true } }

    it("when a later cycle imports", function()
      local server = server_with(without)
      local on_start = server.on_start
      function server:on_start(now)
        local answer = on_start(self, now)
        self:cycle(self.finish + 1)
        return answer
      end
      local done = play.play(server, { poll_interval = 1 })
      assert.equal("NoExport", done.outcome)
      assert.equal(22, done.at)
    end)

    it("when the next start moved since the carrier was seen, then idle for SettleSeconds", function()
      local done = play.play(server_with(without), { poll_interval = 1, settle = 45 })
      assert.equal("NoExport", done.outcome)
      assert.is_true(done.at >= 65 and done.at <= 68)
      assert.is_true(done.is_warning)
      assert.is_nil(done.kind)
    end)

    it("when the carrier was first seen after it was over, on a server without a flag", function()
      local done = play.play(server_with(without, { flag = false, shows = "end", lag = 25 }))
      assert.equal("NoExport", done.outcome)
    end)

    it("when the flag was down for twice SettleSeconds", function()
      local server = server_with(without)
      server.next_start = function() end
      local done = play.play(server, { settle = 45 })
      assert.equal("NoExport", done.outcome)
      assert.is_true(done.at >= 110 and done.at <= 114)
    end)

    it("not while the last look could not read the history", function()
      local server = server_with(without, { history = function(now) return now < 25 or now > 200 end })
      local done = play.play(server)
      assert.equal("NoExport", done.outcome)
      assert.is_true(done.at > 200)
    end)

    it("is a failure where nothing was synchronized", function()
      local done = play.play(server_with({
        without = { sync = true, entra_sync = true, export = true, writeback = true },
      }))
      assert.equal("Failed", done.outcome)
      assert.equal("sync.failed", done.kind)
      assert.matches("no synchronization followed 'Delta Import' on 'corp.example'", done.message)
    end)

    it("is not claimed where entries were purged meanwhile", function()
      local server = server_with(without)
      server.purged_at = 30
      assert.equal("Unverified", play.play(server).outcome)
    end)
  end)

  describe("rule 7, not observed", function()
    it("when nothing happens for 120 s", function()
      local done = play.play(unheard())
      assert.equal("NotObserved", done.outcome)
      assert.equal("sync.not_observed", done.kind)
      assert.equal(120, done.at)
      assert.matches("no cycle that imports after the start was observed on sync server 'AADC01', and the server is "
        .. "idle for 120 s; look at its run history before another start", done.message)
    end)

    it("when only cycles are seen that began before the change", function()
      local server = unheard({ shows = "end", lag = 5, flag = false })
      server:cycle(-20)
      assert.equal("NotObserved", play.play(server).outcome)
    end)

    it("says so if the dates are implausible", function()
      local server = server_with(nil, { flag = false })
      server.date_offset = -3600
      local done = play.play(server)
      assert.equal("NotObserved", done.outcome)
      assert.matches("the server's dates are implausible", done.message)
    end)

    it("not while a cycle that begins late is still to come", function()
      local server = unheard()
      function server:on_start(now)
        self:cycle(now + 100)
        return { Started = true }
      end
      assert.equal("Success", play.play(server).outcome)
    end)
  end)

  describe("rule 8, unverified", function()
    it("when the next start moved to at least start + interval, then idle for SettleSeconds", function()
      local done = play.play(server_with(nil, { history = false, flag = false }), { settle = 45 })
      assert.equal("Unverified", done.outcome)
      assert.is_true(done.is_warning)
      assert.is_nil(done.kind)
      -- Over at 34, after two more looks for the history: seen 2 s later at most.
      assert.is_true(done.at >= 79 and done.at <= 83)
    end)

    it("not by the next start of a cycle that began before ours", function()
      local server = unheard({ history = false, flag = false })
      server.next_starts[#server.next_starts + 1] = { at = 20, value = 1795 - 5 }
      assert.equal("NotObserved", play.play(server).outcome)
    end)

    it("when the flag was up, then down for twice SettleSeconds", function()
      local server = server_with(nil, { history = false, next_start = function() end })
      local done = play.play(server, { settle = 45 })
      assert.equal("Unverified", done.outcome)
      assert.is_true(done.at >= 124 and done.at <= 136)
    end)

    it("by any move of the next start where the clock cannot be read, after twice the time", function()
      local done = play.play(server_with(nil, { clock = false, flag = false }), { settle = 45 })
      assert.equal("Unverified", done.outcome)
      assert.is_true(done.at >= 120)
    end)

    it("adopts nothing", function()
      local server = server_with(nil, { history = false })
      server:cycle(-10)
      server:cycle(30)
      local done = play.play(server)
      assert.equal("Unverified", done.outcome)
      assert.equal(1, #server.starts)
      assert.equal("Started", done.data.Carried)
    end)
  end)

  describe("rule 9, looks and the deadline", function()
    it("looks every PollIntervalSeconds while the flag is up, else every 2 s", function()
      local server = server_with({ without = { writeback = true } })
      local _, log = play.play(server, { poll_interval = 7 })
      assert.same({ 0, 0, 2, 9, 16, 23, 30, 32 }, play.times(log, "look"))
    end)

    it("looks every PollIntervalSeconds while the start waits its turn", function()
      local server = play.server({ on_start = function() return nil, errors.new("sync.busy", "busy") end })
      local _, log = play.play(server, { poll_interval = 4, timeout = 20 })
      assert.same({ 0, 4, 8, 12, 12.5, 16.5 }, play.times(log, "look"))
    end)

    it("never sleeps beyond the deadline", function()
      local server = unheard()
      server.busy = { { 0, 1000 } }
      local done = play.play(server, { poll_interval = 60, timeout = 90 })
      assert.equal(90, done.at)
    end)

    it("is not moved by looks that fail or say nothing", function()
      local server = server_with()
      local lost = errors.new("ssh.lost", "connection lost")
      function server.fails(now) return now > 3 and now < 30 and lost or nil end
      local unknown = { InProgress = false, State = "Unknown" }
      function server.answers(now) return now >= 30 and now < 40 and unknown or nil end
      assert.equal("Success", play.play(server).outcome)
    end)

    it("never takes unknown for idle", function()
      local server = server_with()
      local unknown = { InProgress = false, State = "Unknown", Details = {} }
      function server.answers(now) return now > 1 and unknown or nil end
      local done = play.play(server)
      assert.equal("NotObserved", done.outcome)
      assert.equal(600, done.at)
    end)

    it("does not count looks that failed as quiet", function()
      local server = server_with({ without = { export = true, writeback = true } }, { next_start = function() end })
      local lost = errors.new("ssh.lost", "connection lost")
      function server.fails(now) return now > 26 and now < 120 and lost or nil end
      assert.is_true(play.play(server).at > 200)
    end)

    it("starts nothing before the scheduler has answered", function()
      local server = unheard()
      function server.answers() return { InProgress = false, State = "Unknown", Details = {} } end
      local done = play.play(server, { timeout = 30 })
      assert.equal("Busy", done.outcome)
      assert.matches("the state of the sync server could not be read", done.message)
      assert.same({}, server.starts)
    end)

    it("gives up a server that never lets itself be looked at", function()
      local server = unheard()
      local lost = errors.new("ssh.connect", "cannot reach 'aadc'")
      function server.fails() return lost end
      local done, log = play.play(server)
      assert.equal("ssh.connect", done.kind)
      assert.equal(lost, done.error)
      assert.equal(3, #play.times(log, "look"))
    end)

    it("gives up at once where looking is refused", function()
      for _, kind in ipairs({ "sync.access", "sync.setup", "ssh.hostkey_changed", "ssh.auth", "session.contract" }) do
        local server = unheard()
        function server.fails() return errors.new(kind, "no") end
        local done, log = play.play(server)
        assert.equal(kind, done.kind)
        assert.equal(1, #play.times(log, "look"))
      end
    end)

    it("goes on looking after a start, whatever happens to the looks", function()
      local server = server_with()
      local denied = errors.new("sync.access", "no")
      function server.fails(now) return now > 1 and now < 40 and denied or nil end
      assert.equal("Success", play.play(server).outcome)
    end)

    it("says Busy at the deadline if nothing was sent", function()
      local server = unheard()
      server.busy = { { -10, 1000 } }
      server:run(-10, 1000, "entra", "Export")
      local done = play.play(server, { timeout = 60 })
      assert.equal("Busy", done.outcome)
      assert.equal("sync.busy", done.kind)
      assert.equal(60, done.data.BusySeconds)
      assert.equal("no", done.data.Baseline.Accepted)
      assert.matches("'Export' on 'contoso.onmicrosoft.com %- AAD' since 2026%-03%-01T07:59:50", done.message)
    end)

    it("says Timeout if a sign was seen", function()
      local done = play.play(server_with(), { timeout = 15 })
      assert.equal("Timeout", done.outcome)
      assert.equal("sync.timeout", done.kind)
      assert.matches("timeout waiting for completion", done.message)
      assert.equal("yes", done.data.Baseline.Accepted)
    end)

    it("says NotObserved if none was seen", function()
      local done = play.play(unheard(), { timeout = 15 })
      assert.equal("NotObserved", done.outcome)
    end)

    it("says why nothing was seen any more", function()
      local lost = errors.new("ssh.connect", "cannot reach 'aadc'")
      local function gone_after(server, second)
        function server.fails(now) return now > second and lost or nil end
        return play.play(server, { timeout = 15 })
      end
      local done = gone_after(unheard(), 1)
      assert.equal("NotObserved", done.outcome)
      assert.matches("within 15 s; .*; the last look failed: cannot reach 'aadc'$", done.message)
      done = gone_after(server_with(), 5)
      assert.equal("Timeout", done.outcome)
      assert.matches("no longer seen after 15 s.*; the last look failed: cannot reach 'aadc'$", done.message)
    end)

    it("is not put off by a clock that goes back", function()
      local machine = require("idle.engine.sync_cycle").new({
        policy_type = "Delta", wait = true, timeout = 60, poll_interval = 10, on_busy = "Wait", settle = 45,
        until_ = "CycleEnd", allow_disabled = false, random = math.random, now = 100,
      })
      assert.equal("look", machine:next(100).action)
      machine:saw(159, { InProgress = true, State = "InProgress" })
      assert.equal(1, machine:next(20).seconds)
      assert.equal("done", machine:next(160).action)
    end)
  end)
end)
