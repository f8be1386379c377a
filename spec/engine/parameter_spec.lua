local parameter = require("idle.engine.parameter")

describe("idle.engine.parameter", function()
  local function failure(name, ...)
    local ok, err = pcall(parameter[name], ...)
    assert.is_false(ok)
    assert.same({ "input.parameter", "none" }, { err.kind, err.effect })
    return err.message
  end

  it("hands on what is right", function()
    assert.equal(1.5, parameter.seconds(1.5, "x"))
    assert.equal(0, parameter.seconds(0, "x"))
    assert.equal(print, parameter.callable(print, "x"))
    assert.equal("", parameter.text("", "x"))
    assert.same({}, parameter.options(nil, "x"))
    parameter.receiver({}, "run:result()")
  end)

  it("says what a value must be, and what it is", function()
    assert.equal("sleep: seconds must be a number of seconds, 0 or more, got -1",
      failure("seconds", -1, "sleep: seconds"))
    assert.matches("got nan$", (failure("seconds", 0 / 0, "sleep: seconds"):gsub("%-nan", "nan")))
    assert.matches("got '1'$", failure("seconds", "1", "sleep: seconds"))
    assert.equal("spawn: f must be a function, got nil", failure("callable", nil, "spawn: f"))
    assert.equal("what must be a text, got a table", failure("text", {}, "what"))
    assert.equal("options must be a table, got false", failure("options", false, "options"))
  end)

  it("escapes what it shows, and shows no secret", function()
    assert.matches("got 'a\\x1B'$", failure("seconds", "a\27", "x"))
    assert.matches("got a secret$", failure("text", require("spec.support.secret"), "x"))
    assert.equal("a string", parameter.kind("hunter2"))
    assert.equal("nil", parameter.kind(nil))
  end)

  it("refuses a method that was called with a dot", function()
    assert.equal("ledger is called with a colon: server:ledger()", failure("receiver", nil, "server:ledger()"))
    assert.equal("InvokeCommand is called with a colon: session:InvokeCommand(CommandName, Parameters)",
      failure("receiver", "Get-Date", "session:InvokeCommand(CommandName, Parameters)"))
  end)
end)
