local asserting = require("spec.support.asserting")
local idle = require("idle")

require("idle.test.assertions")

describe("idle.test.about_errors", function()
  local message = asserting.message

  local function refuse() idle.error("sync.access", "missing privileges", { effect = "none", data = { Code = 5 } }) end

  it("knows an error by its kind or its fields, and returns it", function()
    local err = assert.fails_with(refuse, "sync.access")
    assert.equal("missing privileges", tostring(err))
    assert.fails_with(refuse, { effect = "none", message = match.matches("^missing"), data = { Code = 5 } })
    assert.fails_with(function() error("boom", 0) end, { kind = "script.error", message = "boom" })
    assert.fails_with(function() error({ kind = "my.own", message = "mine" }) end, "my.own")
    assert.is_not.fails_with(refuse, "sync.busy")
    assert.is_not.fails_with(function() end, "sync.busy")
  end)

  it("lets an assertion fail that stands in the function", function()
    local function assert_wrongly() assert.equal(1, 2) end
    for _, expected in ipairs({ "sync.busy", "script.error" }) do
      assert.matches("Expected objects to be equal", message(function()
        assert.is_not.fails_with(assert_wrongly, expected)
      end))
      assert.matches("Expected objects to be equal", message(function()
        assert.fails_with(assert_wrongly, expected)
      end))
    end
  end)

  it("waits for it", function()
    assert.fails_with(function() idle.with_timeout(0.001, idle.sleep, 60) end, "timeout")
  end)

  it("shows what was raised instead, and where it differs", function()
    assert.matches("^spec/test/about_errors_spec.lua:%d+: Expected the error 'sync.busy', got another one:\n"
      .. "missing privileges %(sync.access, effect none%)\nkind: expected 'sync.busy', got 'sync.access'$",
      message(function() assert.fails_with(refuse, "sync.busy") end))
    assert.matches("\ndata.Code: expected 6, got 5$",
      message(function() assert.fails_with(refuse, { kind = "sync.access", data = { Code = 6 } }) end))
    assert.matches("Expected the error 'sync.busy', but none was raised%.$",
      message(function() assert.fails_with(function() end, "sync.busy") end))
    assert.matches("Did not expect this error: missing privileges %(sync.access, effect none%)$",
      message(function() assert.is_not.fails_with(refuse, "sync.access") end))
  end)

  it("refuses what can be no error", function()
    assert.matches("_spec.lua:%d+: fails_with: unknown error kind 'sync.acess'; did you mean 'sync.access'%?",
      message(function() assert.is_not.fails_with(refuse, "sync.acess") end))
    assert.matches("the first argument must be a function, got 'sync.access'",
      message(function() assert.fails_with("sync.access", refuse) end))
    assert.matches("the second argument must be a kind or a table of fields, got nil",
      message(function() assert.fails_with(refuse) end))
  end)
end)
