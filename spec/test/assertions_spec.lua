local asserting = require("spec.support.asserting")
local luassert = require("luassert")
local specs = require("spec.support.specs")
local spy = require("luassert.spy")

require("idle.test.assertions")

describe("idle.test.assertions", function()
  local message, result, step = asserting.message, asserting.result, asserting.step

  it("tell the line of the spec that asserts", function()
    assert.matches("^spec/test/assertions_spec.lua:%d+: Expected these steps",
      message(function() assert.ran_steps(result({}), { "Sync" }) end))
    assert.matches("^spec/test/assertions_spec.lua:%d+: outcome: there is no outcome 'Succes'; did you mean",
      message(function() assert.outcome({ Data = {} }, "Succes") end))
  end)

  it("may be loaded again, as each spec file does", function()
    local before = package.loaded["idle.test.assertions"]
    package.loaded["idle.test.assertions"] = nil
    assert.not_equal(before, require("idle.test.assertions"))
    assert.ran_steps(result({ step("A") }), { "A" })
    local called = spy.new(function() end)
    called()
    assert.spy(called).was.called(1)
  end)

  it("leave an assertion of the helper's as it is, in every spec file", function()
    local text = [[
      require("idle.test.assertions")
      it("means the helper's", function()
        assert.outcome("well")
        assert.error_matches(function() assert.outcome("ill") end, "no outcome")
      end)]]
    local run = specs.run({ ["a_spec.lua"] = text, ["b_spec.lua"] = text, ["helper.lua"] = [[
      require("say"):set("my.outcome", "no outcome")
      require("luassert"):register("assertion", "outcome", function(_, arguments)
        return arguments[1] == "well"
      end, "my.outcome", "my.outcome")]] }, { "test", ".", "--helper=helper.lua" })
    assert.matches("^%+%+\n", run.outcome.stdout)
  end)

  it("leave luassert's own `called` as it is", function()
    local called = spy.new(function() end)
    assert.spy(called).was_not_called()
    called("x")
    assert.spy(called).was.called()
    assert.spy(called).was.called_with("x")
    assert.matches("Expected to be called 2 time%(s%), but was called 1 time%(s%)",
      message(function() assert.spy(called).was.called(2) end))
    assert.matches("Expected to be called 0 time%(s%), but was called 1 time%(s%)",
      message(function() assert.spy(called).was_not_called() end))
    assert.matches("Expected not to be called exactly 1 time%(s%), but it was",
      message(function() assert.spy(called).was_not_called(1) end))
  end)

  it("show the words of the spec above their own", function()
    local run = result({ step("A") })
    assert.matches("^spec/test/assertions_spec.lua:%d+: the whole flow\nExpected these steps",
      message(function() assert.message("the whole flow").ran_steps(run, { "B" }) end))
    assert.matches("^spec/test/assertions_spec.lua:%d+: the whole flow\nExpected these steps",
      message(function() assert.ran_steps(run, { "B" }, "the whole flow") end))
    assert.matches("^spec/test/assertions_spec.lua:%d+: the whole flow\nDid not expect these steps",
      message(function() assert.message("the whole flow").is_not.ran_steps(run, { "A" }) end))
    assert.matches("^spec/test/assertions_spec.lua:%d+: twice\nExpected 'Get%-Date' to be called",
      message(function() assert.called({ calls = {} }, "Get-Date", nil, 2, "twice") end))
  end)

  it("are those of luassert that every spec has", function() assert.equal(luassert, assert) end)
end)
