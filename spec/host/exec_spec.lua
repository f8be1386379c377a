local exec = require("idle.host.exec")
local loop = require("idle.loop")

describe("idle.host.exec", function()
  local function failure(options)
    local ok, err = pcall(exec, options)
    assert.is_false(ok)
    return err
  end

  it("returns both outputs and the exit code", function()
    local result = exec({ command = { "sh", "-c", "echo out; echo err >&2; exit 3" } })
    assert.same({ stdout = "out\n", stderr = "err\n", exit_code = 3 }, result)
  end)

  it("hands arguments over as they are, without a shell", function()
    local odd = { "", "a b", "$HOME", "`id`", "'\"", "\n", "ü" }
    local result = exec({ command = { "printf", "%s|", table.unpack(odd) } })
    assert.equal(table.concat(odd, "|") .. "|", result.stdout)
  end)

  it("feeds stdin, however much it is", function()
    local text = ("0123456789abcdef"):rep(256 * 1024)
    assert.equal(text, exec({ command = { "cat" }, stdin = text }).stdout)
  end)

  it("does not mind a program that ignores its input", function()
    assert.equal(0, exec({ command = { "true" }, stdin = ("x"):rep(1024 * 1024) }).exit_code)
  end)

  it("names the signal that ended a program", function()
    local result = exec({ command = { "sh", "-c", "kill -TERM $$" } })
    assert.equal("TERM", result.signal)
    assert.is_nil(result.exit_code)
  end)

  it("sets environment and folder", function()
    local result = exec({ command = { "sh", "-c", "echo $GREETING; pwd" }, env = { GREETING = "hello" }, cwd = "/" })
    assert.equal("hello\n/\n", result.stdout)
  end)

  it("lets the other tasks go on", function()
    local ticks = 0
    local ticker = loop.spawn(function() for _ = 1, 5 do loop.sleep(5) ticks = ticks + 1 end end)
    exec({ command = { "sleep", "0.1" } })
    ticker:join()
    assert.equal(5, ticks)
  end)

  it("ends a program that takes too long, in doubt about what it did", function()
    local err = failure({ command = { "sleep", "60" }, timeout = 0.05 })
    assert.equal("timeout", err.kind)
    assert.equal("unknown", err.effect)
    assert.matches("sleep", err.message)
  end)

  it("leaves it in doubt when it is cancelled", function()
    local task = loop.spawn(exec, { command = { "sleep", "60" } })
    loop.sleep(20)
    task:cancel()
    local ok, err = pcall(task.join, task)
    assert.is_false(ok)
    assert.equal("cancelled", err.kind)
    assert.equal("unknown", err.effect)
  end)

  it("raises for a program that can't be started: nothing was changed", function()
    local err = failure({ command = { "/no/such/program" } })
    assert.equal("process.spawn", err.kind)
    assert.equal("none", err.effect)
  end)

  it("refuses what is no command before anything is started", function()
    for message, options in pairs({
      ["exec must be a table, got nil"] = false,
      ["exec: command must be a list: the program, then its arguments, got 'ls -l'"] = { command = "ls -l" },
      ["exec: command must be a list: the program, then its arguments, got nil"] = {},
      ["exec: command[2] must be a text without zero bytes, got 5"] = { command = { "ls", 5 } },
      ["exec: stdin must be a text, got 5"] = { command = { "ls" }, stdin = 5 },
      ["exec: timeout must be a number of seconds, 0 or more, got 'x'"] = { command = { "ls" }, timeout = "x" },
      ["exec: cwd must be a text without zero bytes, got true"] = { command = { "ls" }, cwd = true },
      ["exec: env['A'] must be a text without zero bytes, got 1"] = { command = { "ls" }, env = { A = 1 } },
    }) do
      local err = failure(options or nil)
      assert.same({ "input.parameter", message }, { err.kind, err.message })
    end
  end)

  it("names a misspelled option", function()
    local err = failure({ command = { "true" }, tiemout = 1 })
    assert.matches("unknown field 'tiemout'; did you mean 'timeout'", err.message)
  end)
end)
