local idle = require("idle")
local loop = require("idle.loop")

describe("idle.test.answers", function()
  local test = idle.test

  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  local function session_with(entry) return test.fake_session({ ["Get-Thing"] = entry }) end
  local function answer_of(entry) return session_with(entry):InvokeCommand("Get-Thing") end

  local function error_of(entry)
    local session = session_with(entry)
    return failure(session.InvokeCommand, session, "Get-Thing")
  end

  describe("answer", function()
    it("is a value with its warnings", function()
      local output, facts = answer_of(test.answer({ Id = 7 }, { warnings = { "old" } }))
      assert.same({ Id = 7 }, output)
      assert.same({ "old" }, { table.unpack(facts.warnings) })
      assert.is_nil((answer_of(test.answer())))
    end)

    it("refuses what it would pass over", function()
      assert.matches("^spec/test/answers_spec.lua:%d+: the fields of answer: unknown field 'warning'; did you mean "
        .. "'warnings'%?", failure(test.answer, 5, { warning = "old" }))
      assert.matches("^spec/test/answers_spec.lua:%d+: answer is called with a dot: idle.test.answer%(…%)",
        failure(test.answer, test, 5))
    end)
  end)

  describe("fails", function()
    it("raises an idle.Error with the meaning of its kind", function()
      local err = error_of(test.fails("sync.busy", "somebody syncs"))
      assert.is_true(idle.is_error(err))
      assert.same({ "sync.busy", "somebody syncs", "none", true }, { err.kind, err.message, err.effect, err.transient })
    end)

    it("raises it with fields of its own", function()
      local err = error_of(test.fails("ssh.lost", "gone", { effect = "none", data = { Port = 22 } }))
      assert.same({ "none", { Port = 22 } }, { err.effect, err.data })
    end)

    it("raises a new error each time", function()
      local session = session_with(test.fails("ssh.lost", "gone"))
      local first = failure(session.InvokeCommand, session, "Get-Thing")
      first.effect = "changed"
      assert.equal("unknown", failure(session.InvokeCommand, session, "Get-Thing").effect)
    end)

    it("raises anything else as it is", function()
      assert.equal("boom", error_of(test.fails("boom")))
      local own = { code = 5 }
      assert.equal(own, error_of(test.fails(own)))
      assert.equal("acme.locked", error_of(test.fails("acme.locked", "locked")).kind)
    end)

    it("wants a message for a kind, and knows a misspelled one", function()
      assert.matches("^spec/test/answers_spec.lua:%d+: fails: an error has a message",
        failure(test.fails, "sync.busy"))
      assert.matches("^spec/test/answers_spec.lua:%d+: fails: unknown error kind 'sync.bussy'; did you mean "
        .. "'sync.busy'%?", failure(test.fails, "sync.bussy", "x"))
      assert.matches("fails: kind and message must be texts", failure(test.fails, {}, "x"))
    end)

    it("knows what an error may say", function()
      assert.matches("^spec/test/answers_spec.lua:%d+: the fields of fails: unknown field 'efect'; did you mean "
        .. "'effect'%?", failure(test.fails, "ssh.lost", "gone", { efect = "none" }))
      assert.matches("^spec/test/answers_spec.lua:%d+: fails: effect is 'none', 'applied' or 'unknown', not 'nothing'",
        failure(test.fails, "ssh.lost", "gone", { effect = "nothing" }))
    end)
  end)

  describe("after", function()
    it("lets time pass first", function()
      test.virtual_time(function()
        local began = loop.monotonic()
        assert.equal("x", (answer_of(test.after(90, "x"))))
        assert.equal(90, loop.monotonic() - began)
      end)
    end)

    it("goes on with any other answer", function()
      assert.equal("sync.busy", error_of(test.after(0, test.fails("sync.busy", "x"))).kind)
      assert.equal(1, (answer_of(test.after(0, function(_, call) return call.number end))))
    end)

    it("wants seconds", function()
      assert.matches("^spec/test/answers_spec.lua:%d+: after: seconds must be a number", failure(test.after, "x"))
      assert.matches("got '5'$", failure(test.after, "5"))
      assert.matches("after: seconds", failure(test.after, -1))
    end)
  end)

  describe("loses_answer", function()
    it("takes effect and leaves its caller in doubt", function()
      local has_run = false
      local err = error_of(test.loses_answer(function() has_run = true return "x" end))
      assert.is_true(has_run)
      assert.same({ "ssh.lost", "unknown", false }, { err.kind, err.effect, err.transient })
      assert.equal("the connection was lost, while 'Get-Thing' ran there", err.message)
    end)

    it("is called with a dot", function()
      assert.matches("loses_answer is called with a dot", failure(test.loses_answer, test, "x"))
    end)

    it("raises what the command itself raises", function()
      assert.equal("sync.busy", error_of(test.loses_answer(test.fails("sync.busy", "x"))).kind)
    end)
  end)

  describe("in_turn", function()
    it("answers one call after the other", function()
      local session = session_with(test.in_turn({ "a", test.fails("sync.busy", "x"), idle.null, after_that = "z" }))
      assert.equal("a", (session:InvokeCommand("Get-Thing")))
      assert.equal("sync.busy", failure(session.InvokeCommand, session, "Get-Thing").kind)
      assert.is_nil((session:InvokeCommand("Get-Thing")))
      assert.equal("z", (session:InvokeCommand("Get-Thing")))
      assert.equal("z", (session:InvokeCommand("Get-Thing")))
    end)

    it("counts each command of each fake for itself", function()
      local both = test.in_turn({ 1, 2 })
      local one = test.fake_session({ ["Get-A"] = both, ["Get-B"] = both })
      local other = test.fake_session({ ["Get-A"] = both })
      assert.same({ 1, 1, 2, 1 }, { (one:InvokeCommand("Get-A")), (one:InvokeCommand("Get-B")),
        (one:InvokeCommand("Get-A")), (other:InvokeCommand("Get-A")) })
    end)

    it("says which call was one too many, and where its answers are", function()
      local session = session_with(test.in_turn({ "a" }))
      session:InvokeCommand("Get-Thing")
      local err = failure(session.InvokeCommand, session, "Get-Thing")
      assert.equal("input.setup", err.kind)
      assert.matches("^'Get%-Thing' was called 2 times, and in_turn %(spec/test/answers_spec.lua:%d+%) has 1 answers",
        err.message)
    end)

    it("wants answers", function()
      assert.matches("^spec/test/answers_spec.lua:%d+: in_turn takes a table", failure(test.in_turn, {}))
      assert.matches("in_turn takes a table", failure(test.in_turn, "a"))
      assert.matches("in_turn: answer 1 is nil; for no output write answer%(%)", failure(test.in_turn, { nil, 2 }))
      assert.matches("in_turn: answer 2 is nil; for no output write answer%(%)", failure(test.in_turn, { 1, nil, 3 }))
      assert.matches("in_turn: unknown field 'after'; besides answers it takes after_that",
        failure(test.in_turn, { 1, after = 2 }))
    end)
  end)

  it("may be what a function returns", function()
    assert.equal("sync.busy", error_of(function() return test.fails("sync.busy", "x") end).kind)
  end)
end)
