-- Rule 3 of DESIGN §6.2: when a start is sent, and what its answer means.
local errors = require("idle.engine.errors")
local play = require("spec.support.sync_play")

describe("idle.engine.sync_start", function()
  local function busy_error()
    return errors.new("sync.busy", "connector 'X - AAD' is busy", { data = { Connector = "X - AAD" } })
  end

  --- Answers the first starts with these, and accepts those that follow.
  local function answering(...)
    local answers, accept = table.pack(...), play.server().on_start
    return play.server({
      on_start = function(self, now, nth)
        if nth > answers.n then return accept(self, now) end
        return answers[nth]()
      end,
    })
  end

  local function raising(kind, fields)
    return function() return nil, errors.new(kind, "it said " .. kind, fields) end
  end

  local function verdict_of(log)
    for _, entry in ipairs(log) do
      if entry.action == "start" then return entry.word end
    end
  end

  it("sends one start if the server is free", function()
    local server = play.server()
    local done = play.play(server)
    assert.same({ 0 }, server.starts)
    assert.equal(1, done.data.Starts)
    assert.equal("yes", done.data.Baseline.Accepted)
    assert.equal(play.date(0), done.data.AcceptedUtc)
  end)

  it("waits while the flag is up, and says for how long", function()
    local server = play.server()
    server:cycle(-10)
    local done = play.play(server)
    assert.same({ 20 }, server.starts)
    assert.equal("Success", done.outcome)
    assert.equal(20, done.data.BusySeconds)
  end)

  it("starts after a busy answer again, at least 10 s later", function()
    local server = answering(busy_error, busy_error, busy_error)
    server.on_start = (function(on_start)
      return function(...)
        local answer = on_start(...)
        if errors.is(answer) then return nil, answer end
        return answer
      end
    end)(server.on_start)
    local done = play.play(server)
    assert.same({ 0, 12.5, 25, 37.5 }, server.starts)
    assert.equal("Success", done.outcome)
    assert.equal(37.5, done.data.BusySeconds)
    assert.equal(1, done.data.Starts)
  end)

  it("gives up at once when busy if it shall fail", function()
    local refusing = play.server({ on_start = function() return nil, busy_error() end })
    local answered = play.play(refusing, { on_busy = "Fail" })
    assert.equal("Busy", answered.outcome)
    assert.equal("sync.busy", answered.kind)
    assert.equal(0, answered.at)
    assert.matches("sync server 'AADC01' is busy: connector 'X %- AAD'", answered.message)

    local server = play.server()
    server:cycle(-10)
    local seen = play.play(server, { on_busy = "Fail" })
    assert.equal("Busy", seen.outcome)
    assert.matches("'Delta Synchronization' on 'corp.example' since 2026%-03%-01T08:00:00", seen.message)
    assert.same({}, server.starts)
  end)

  it("retries a scheduler that says it is suspended, slowly and until the deadline", function()
    local server = play.server({ on_start = raising("sync.suspended") })
    local done = play.play(server, { timeout = 100 })
    assert.same({ 0, 32.5, 65, 97.5 }, server.starts)
    assert.equal("sync.suspended", done.kind)
    assert.is_nil(done.outcome)
    assert.equal(100, done.at)
  end)

  it("takes no for an answer: missing rights, missing module", function()
    for _, kind in ipairs({ "sync.access", "sync.setup", "session.contract", "ssh.auth", "input.parameter" }) do
      local server = play.server({ on_start = raising(kind) })
      local done, log = play.play(server)
      assert.equal("refused", verdict_of(log))
      assert.equal(kind, done.kind)
      assert.is_nil(done.outcome)
      assert.equal(0, done.data.Starts)
      assert.equal("no", done.data.Baseline.Accepted)
    end
  end)

  it("tries again when the connection was lost before anything was sent", function()
    local server = answering(raising("ssh.lost", { effect = "none", transient = true }))
    local done = play.play(server)
    assert.equal("Success", done.outcome)
    assert.equal(2, #server.starts)
  end)

  describe("counts as sent, and sends nothing more, after", function()
    local function is_maybe(said, answer)
      for _, takes_effect in ipairs({ true, false }) do
        local server = play.server({
          on_start = function(self, now)
            if takes_effect then self:cycle(now + 1) end
            return answer()
          end,
        })
        local done, log = play.play(server)
        assert.equal("maybe", verdict_of(log))
        assert.equal(takes_effect and "Success" or "NotObserved", done.outcome)
        assert.equal(1, #server.starts)
        assert.equal(1, done.data.Starts)
        assert.equal("maybe", done.data.Baseline.Accepted)
        if not takes_effect then
          assert.matches("its answer does not say that it was accepted: " .. said, done.message)
        end
      end
    end

    it("no answer", function() is_maybe("there is none", function() end) end)
    it("an answer that does not say Success", function()
      is_maybe("perhaps", function() return { Started = false, Message = "perhaps" } end)
    end)
    it("an answer of another shape", function() is_maybe("it has another shape", function() return "Success" end) end)
    it("a lost connection", function() is_maybe("it said ssh.lost", raising("ssh.lost")) end)
    it("an error that nobody knows", function() is_maybe("it said remote.error", raising("remote.error")) end)
    it("an error of a session that does not say what it changed", function()
      is_maybe("something went wrong", function() return nil, errors.from("something went wrong") end)
    end)
    it("a wait that was cut short, whatever that says", function()
      is_maybe("it said timeout", raising("timeout", { effect = "none" }))
    end)
  end)

  describe("refuses to start", function()
    local function refused(scheduler, options)
      local server = play.server({ scheduler = scheduler })
      local done = play.play(server, options)
      return done, server
    end

    it("in staging mode", function()
      local done, server = refused({ StagingModeEnabled = true })
      assert.equal("sync.staging", done.kind)
      assert.same({}, server.starts)
      assert.matches("sync server 'AADC01' is in staging mode", done.message)
      assert.equal(0, done.data.Starts)
    end)

    it("while the scheduler is suspended", function()
      assert.equal("sync.suspended", (refused({ SchedulerSuspended = true })).kind)
    end)

    it("when the schedule is disabled, unless that is allowed", function()
      assert.equal("sync.disabled", (refused({ SyncCycleEnabled = false })).kind)
      assert.equal("Success", (refused({ SyncCycleEnabled = false }, { allow_disabled = true })).outcome)
    end)

    it("when that changes while the start waits its turn", function()
      local server = play.server({ scheduler = { StagingModeEnabled = function(now) return now > 5 end } })
      server:cycle(-10)
      assert.equal("sync.staging", play.play(server).kind)
      assert.same({}, server.starts)
    end)
  end)

  describe("without waiting", function()
    it("ends with the start", function()
      local done = play.play(play.server(), { wait = false })
      assert.equal("NotWaited", done.outcome)
      assert.is_nil(done.kind)
      assert.equal("Started", done.data.Carried)
      assert.equal("yes", done.data.Baseline.Accepted)
      assert.equal(0, done.at)
    end)

    it("says how sure the start is", function()
      local done = play.play(play.server({ on_start = raising("ssh.lost") }), { wait = false })
      assert.equal("NotWaited", done.outcome)
      assert.equal("maybe", done.data.Baseline.Accepted)
    end)

    it("still waits its turn, and starts nothing where a carrier runs already", function()
      local server = play.server()
      server.busy[#server.busy + 1] = { 0, 5 }
      server:cycle(5)
      local done = play.play(server, { wait = false })
      assert.equal("NotWaited", done.outcome)
      assert.equal("Adopted", done.data.Carried)
      assert.same({}, server.starts)
    end)

    it("does not ask again for a history that cannot be read", function()
      local done = play.play(play.server({ history = false }), { wait = false })
      assert.equal("NotWaited", done.outcome)
      assert.equal(0, done.at)
    end)
  end)
end)
