local errors = require("idle.engine.errors")

describe("idle.engine.errors", function()
  describe("new", function()
    it("takes effect and transient from the kind", function()
      local err = errors.new("ssh.connect", "cannot reach 'dc1'")
      assert.equal("ssh.connect", err.kind)
      assert.equal("none", err.effect)
      assert.is_true(err.transient)
    end)

    it("believes who knows better than the kind", function()
      local err = errors.new("ssh.lost", "connection lost", { effect = "none", transient = true, data = { a = 1 } })
      assert.equal("none", err.effect)
      assert.is_true(err.transient)
      assert.same({ a = 1 }, err.data)
    end)

    it("lets a provider have kinds of its own, of unknown effect", function()
      assert.equal("unknown", errors.new("provider.quota", "no licence left").effect)
    end)

    it("refuses a kind that nobody listed", function()
      assert.has_error(function() errors.new("ssh.typo", "x") end, "unknown error kind 'ssh.typo'")
    end)

    it("reads as its message and its causes", function()
      local cause = errors.new("ssh.lost", "connection lost", { cause = "reset by peer" })
      assert.equal("no answer: connection lost: reset by peer",
        tostring(errors.new("remote.protocol", "no answer", { cause = cause })))
    end)

    it("never has a control character in its text", function()
      local err = errors.new("remote.error", "red \27[31m\nnext", { cause = "bell \7" })
      assert.equal("red \\x1B[31m\\x0Anext: bell \\x07", tostring(err))
    end)
  end)

  describe("escape", function()
    it("leaves what people write alone", function()
      assert.equal("grüße, 世界 🙂 \\ '", errors.escape("grüße, 世界 🙂 \\ '"))
    end)

    it("shows C0, DEL and C1 controls", function()
      assert.equal("\\x00\\x09\\x7F\\u{0085}", errors.escape("\0\t\127\u{85}"))
    end)

    it("shows marks that reorder text", function()
      assert.equal("\\u{202E}fdp.exe\\u{2066}", errors.escape("\u{202E}fdp.exe\u{2066}"))
    end)

    it("shows what nobody sees, but not what Persian and Indic names are spelt with", function()
      assert.equal("ad\\u{200B}min\\u{2060}\\u{E0061}", errors.escape("ad\u{200B}min\u{2060}\u{E0061}"))
      assert.equal("علی\u{200C}رضا", errors.escape("علی\u{200C}رضا"))
    end)

    it("shows bytes that are not UTF-8, wherever they stand", function()
      assert.equal("\\xFFé\\xC3\\xED\\xA0\\x80z", errors.escape("\xFFé\xC3\xED\xA0\x80z"))
    end)
  end)

  describe("from", function()
    it("returns our own errors as they are", function()
      local err = errors.new("ssh.auth", "refused")
      assert.equal(err, errors.from(err))
    end)

    it("completes what a C module returned", function()
      local err = errors.from({ kind = "ssh.resolve", message = "no address for 'dc1'" })
      assert.is_true(errors.is(err))
      assert.equal("none", err.effect)
      assert.is_true(err.transient)
    end)

    it("keeps a string, of unknown effect", function()
      local err = errors.from("boom")
      assert.equal("script.error", err.kind)
      assert.equal("boom", err.message)
      assert.equal("unknown", err.effect)
      assert.is_false(err.transient)
    end)

    it("keeps everything a stranger's table says and leaves the table alone", function()
      local theirs = { kind = "hr.down", message = "HR is down", ticket = 7, effect = "none", transient = true }
      local err = errors.from(theirs)
      assert.equal("hr.down", err.kind)
      assert.equal(7, err.ticket)
      assert.equal("none", err.effect)
      assert.is_true(err.transient)
      assert.is_nil(getmetatable(theirs))
    end)

    it("takes the message of an object from its tostring", function()
      local err = errors.from(setmetatable({}, { __tostring = function() return "object says no" end }))
      assert.equal("object says no", err.message)
    end)

    it("understands IdLE's transient marker, on the error or on a cause", function()
      local marks = { { ["Idle.IsTransient"] = true }, { IdleIsTransient = 1 }, { IdleIsTransient = " TRUE " } }
      for _, data in ipairs(marks) do
        assert.is_true(errors.from({ message = "throttled", data = data }).transient)
        assert.is_true(errors.from({ message = "failed", cause = { message = "throttled", data = data } }).transient)
      end
    end)

    it("takes nothing else for a transient marker", function()
      for _, mark in ipairs({ "yes", 2, false, {} }) do
        assert.is_false(errors.from({ message = "x", data = { IdleIsTransient = mark } }).transient)
      end
      assert.is_false(errors.from({ message = "x", transient = "true" }).transient)
    end)

    it("survives causes that form a ring", function()
      local ring = { message = "x" }
      ring.cause = ring
      assert.is_false(errors.from(ring).transient)
    end)
  end)

  describe("check", function()
    it("passes results on", function()
      assert.same({ 1, nil, 3, n = 3 }, table.pack(errors.check(1, nil, 3)))
      assert.is_nil(errors.check(nil))
    end)

    it("raises what a C module returned beside nil", function()
      local ok, err = pcall(errors.check, nil, { kind = "ssh.auth", message = "refused" })
      assert.is_false(ok)
      assert.is_true(errors.is(err))
      assert.equal("ssh.auth", err.kind)
    end)
  end)

  it("tells whether an error is of one of some kinds", function()
    local lost = errors.new("ssh.lost", "connection lost")
    assert.is_true(errors.has_kind(lost, { "^session%.", "^ssh%." }))
    assert.is_false(errors.has_kind(lost, { "^ssh$", "^timeout$" }))
    assert.is_false(errors.has_kind(lost, {}))
  end)

  it("tells Ctrl-C from the end of a cancelled task", function()
    assert.is_true(errors.is_ctrl_c("joiner.lua:3: interrupted!"))
    assert.is_false(errors.is_ctrl_c(errors.new("cancelled", "interrupted!")))
    assert.is_false(errors.is_ctrl_c(nil))
  end)

  describe("is_interruption", function()
    it("knows Ctrl-C and the end of a cancelled task, and nothing else", function()
      assert.is_true(errors.is_interruption("joiner.lua:3: interrupted!"))
      assert.is_true(errors.is_interruption(errors.new("cancelled", "cancelled during 'sleep'")))
      assert.is_false(errors.is_interruption("interrupted! or so"))
      assert.is_false(errors.is_interruption(errors.new("timeout", "interrupted!")))
      assert.is_false(errors.is_interruption(nil))
    end)
  end)

  describe("exit_status", function()
    local function status(kind, fields) return errors.exit_status(errors.new(kind, "x", fields)) end

    it("is 65 for a secret that is missing, or that others can read, and 66 for a file that can't be read", function()
      assert.equal(65, status("secret.missing"))
      assert.equal(65, status("secret.unsafe"))
      assert.equal(65, status("secret.closed"))
      assert.equal(66, status("secret.read"))
      assert.equal(65, status("secret.unsafe", { step = "Sync" }))
    end)

    it("is 1 for what says nothing about itself", function()
      assert.equal(1, errors.exit_status("boom"))
      assert.equal(1, errors.exit_status(nil))
      assert.equal(1, errors.exit_status({ code = 5 }))
      assert.equal(1, errors.exit_status({ kind = "my.kind", message = "x" }))
      assert.equal(1, errors.exit_status(errors.from("boom")))
    end)

    it("is 1 for a certain error outside of a step, 2 inside", function()
      assert.equal(1, status("ssh.auth"))
      assert.equal(2, status("ssh.auth", { step = "Sync" }))
      assert.equal(2, status("sync.failed"))
      assert.equal(2, status("sync.access"))
    end)

    it("is 3 for what may have changed something", function()
      assert.equal(3, status("ssh.lost"))
      assert.equal(3, status("remote.error"))
      assert.equal(3, status("sync.not_observed"))
      assert.equal(3, status("step.failed", { step = "Order" }))
      assert.equal(3, errors.exit_status({ kind = "hr.down", message = "x", effect = "unknown" }))
    end)

    it("is 75 for what may succeed later and changed nothing", function()
      assert.equal(75, status("ssh.connect"))
      assert.equal(75, status("sync.busy", { step = "Sync" }))
      assert.equal(75, status("ssh.lost", { effect = "none", transient = true }))
    end)

    it("puts doubt before temporary", function()
      assert.equal(3, status("ssh.lost", { transient = true }))
    end)

    it("tells wrong usage, a missing script and bad input apart", function()
      assert.equal(64, status("input.option"))
      assert.equal(66, status("input.script"))
      assert.equal(65, status("input.with", { step = "Sync" }))
      assert.equal(65, status("input.parameter"))
    end)

    it("is 70 for a fault of ours", function()
      assert.equal(70, status("internal"))
    end)

    it("is 124 for a deadline, unless a command was under way", function()
      assert.equal(124, status("sync.timeout", { step = "Sync" }))
      assert.equal(124, status("timeout"))
      assert.equal(124, status("timeout", { effect = "applied" }))
      assert.equal(3, status("timeout", { effect = "unknown" }))
    end)
  end)
end)
