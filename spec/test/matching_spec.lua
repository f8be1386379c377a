local idle = require("idle")
local match = require("luassert.match")
local matching = require("idle.test.matching")

describe("idle.test.matching", function()
  local function difference(...) return matching.difference(...) end

  describe("difference", function()
    it("is none where all that is expected is there", function()
      assert.is_nil(difference({ A = 1 }, { A = 1, B = 2 }))
      assert.is_nil(difference({ A = { B = { "x", "y" } } }, { A = { B = idle.list({ "x", "y" }), C = 1 } }))
      assert.is_nil(difference({}, { A = 1 }))
      assert.is_nil(difference({ A = {} }, { A = idle.list() }))
      assert.is_nil(difference({ A = idle.list() }, { A = {} }))
      assert.is_nil(difference("x", "x"))
      assert.is_nil(difference(1, 1.0))
      assert.is_nil(difference({ A = idle.null }, { A = idle.null }))
      assert.is_nil(difference(idle.bytes("a"), idle.bytes("a")))
    end)

    it("names the way to the first field that differs", function()
      assert.equal("Data.Outcome: expected 'Success', got 'Timeout'",
        difference({ Data = { Outcome = "Success" } }, { Data = { Outcome = "Timeout" } }))
      assert.equal("Runs[2].Result: expected 'success', got nil",
        difference({ Runs = { {}, { Result = "success" } } }, { Runs = { {}, {} } }))
      assert.equal("expected 1, got '1'", difference(1, "1"))
      assert.equal("A: expected null, got nil", difference({ A = idle.null }, {}))
      assert.equal("A: expected { B = 1 }, got 'x'", difference({ A = { B = 1 } }, { A = "x" }))
      assert.equal("expected bytes 'a', got { 'a' }", difference(idle.bytes("a"), { "a" }))
    end)

    it("counts the elements of a list", function()
      assert.equal("A: expected 1 elements, got 2: { 1, 2 }", difference({ A = { 1 } }, { A = { 1, 2 } }))
      assert.equal("A[2]: expected 2, got nil", difference({ A = { 1, 2 } }, { A = { 1 } }))
      assert.equal("A: expected a list, got { B = 1 }", difference({ A = { 1 } }, { A = { B = 1 } }))
      assert.equal("A: expected 0 elements, got 1: { 1 }", difference({ A = idle.list() }, { A = { 1 } }))
    end)

    it("asks functions and matchers of luassert", function()
      assert.is_nil(difference({ A = function(v) return v > 3 end }, { A = 4 }))
      assert.equal("A: the function refuses 2", difference({ A = function(v) return v > 3 end }, { A = 2 }))
      assert.is_nil(difference({ A = match.is_string() }, { A = "x" }))
      assert.equal("A: match.string() refuses 2", difference({ A = match.is_string() }, { A = 2 }))
    end)
  end)

  describe("show", function()
    it("is one line, the same for the same value", function()
      assert.equal("{ A = 1, B = { 'x', null }, ['b c'] = true }",
        matching.show({ ["b c"] = true, B = { "x", idle.null }, A = 1 }))
      assert.equal("{}", matching.show({}))
      assert.equal("a function", matching.show(print))
      assert.equal("{ A = match._, B = match.is_not.matches('^x') }",
        matching.show({ A = match._, B = match.is_not.matches("^x") }))
    end)

    it("shows no control character, no secret, and no end of a long value", function()
      assert.equal("'a\\x1Bb'", matching.show("a\27b"))
      assert.equal("[REDACTED]", matching.show(require("idle.secret").new("hunter2")))
      assert.is_true(#matching.show(("x"):rep(9999)) < 300)
      assert.equal("{ { { { { … } } } } }", matching.show({ { { { { 1 } } } } }))
    end)
  end)
end)
