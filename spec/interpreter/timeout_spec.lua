local child = require("spec.support.child")
local idle = require("idle")

-- In front of scripts.
local PRELUDE = [[
  local idle = require("idle")
  io.stdout:setvbuf("line")
  local function closing(f) return setmetatable({}, { __close = f }) end
]]

-- Seconds: enough to get through the first lines of a script, on any machine.
local ENOUGH = "0.3"

local function limited(seconds, script) return child.run({ "--timeout", seconds, "-", stdin = PRELUDE .. script }) end

describe("--timeout", function()
  it("lets a script end in its own way before", function()
    assert.same({ stdout = "x\n", stderr = "", exit_code = 0 }, limited("60", "print('x')"))
    assert.equal(3, limited("60", "os.exit(3)").exit_code)
    assert.equal(1, limited("60", "error('x')").exit_code)
  end)

  it("ends a script that waits, with status 124", function()
    local outcome = limited("0.05", "idle.sleep(60)")
    assert.match(": the timeout of 0.05 s passed during 'sleep'\n", outcome.stderr)
    assert.equal(124, outcome.exit_code)
  end)

  it("ends all tasks", function()
    assert.equal(124, limited("0.05", "idle.spawn(idle.sleep, 60)").exit_code)
    assert.equal(124, limited("0.05", "idle.spawn(idle.sleep, 60):join()").exit_code)
    assert.equal(124, limited("0.05", "idle.exec{ command = { 'sleep', '60' } }").exit_code)
  end)

  it("ends Lua code that computes", function()
    local outcome = limited("0.05", "while true do end")
    assert.match(": the timeout of 0.05 s passed\n", outcome.stderr)
    assert.equal(124, outcome.exit_code)
    assert.equal(124, limited("0.05", "idle.spawn(function() while true do end end):join()").exit_code)
    assert.equal(124, limited("0.05", "coroutine.wrap(function() while true do end end)()").exit_code)
  end)

  it("ends a C function that computes", function()
    local outcome = limited(ENOUGH, "print('begun') return (('a'):rep(30)):find(('a?'):rep(30) .. ('a'):rep(31))")
    assert.match(": the timeout of 0.3 s passed, and the script did not stop\n", outcome.stderr)
    assert.equal("begun\n", outcome.stdout)
    assert.equal(124, outcome.exit_code)
  end)

  it("ends a script that reads from stdin", function()
    local started <close> = child.start({ "--timeout=0.05", "-e", "io.read()" })
    local status = started.pipe:wait_exit(child.DEADLINE_MS)
    assert.equal(124, status.exit_code)
  end)

  it("raises an error of kind `timeout`, which the script can look at", function()
    local outcome = limited(ENOUGH, "local ok, err = pcall(idle.sleep, 60) print(ok, err.kind, err.effect)")
    assert.equal("false\ttimeout\tnone\n", outcome.stdout)
    assert.equal(124, outcome.exit_code)
  end)

  it("runs the __close handlers, which may still wait", function()
    local outcome = limited(ENOUGH, [[
      local _ <close> = closing(function() idle.sleep(0.02) print("closed") end)
      idle.sleep(60)
    ]])
    assert.equal("closed\n", outcome.stdout)
    assert.equal(124, outcome.exit_code)
  end)

  it("is not put off by a script that catches the error, or by a cleanup without end", function()
    local function limited_at_once(script)
      return function() return limited(ENOUGH, script) end
    end
    for _, outcome in ipairs(idle.gather({
      limited_at_once("while true do pcall(function() while true do end end) end"),
      limited_at_once("local _ <close> = closing(function() while true do end end) idle.sleep(60)"),
    })) do
      assert.match(": the timeout of 0.3 s passed, and the script did not stop\n", outcome.stderr)
      assert.equal(124, outcome.exit_code)
    end
  end)

  it("covers everything from LUA_INIT to the last task", function()
    assert.equal(124, child.run({ "--timeout", "0.05", "-e", "", env = { LUA_INIT = "while true do end" } }).exit_code)
    assert.equal(124, child.run({ "--timeout", "0.05", "-e", "require('idle').sleep(60)", "-e", "" }).exit_code)
  end)

  it("is told to the modules of idle", function()
    assert.equal("7.5\n", child.run({ "--timeout", "7.5", "-e",
      "print(require('idle.host.options').timeout)" }).stdout)
  end)

  it("needs a number of seconds greater than 0", function()
    for _, value in ipairs({ "0", "-1", "ten", "5x", "inf", "nan", "1e999" }) do
      local outcome = child.run({ "--timeout", value, "-e", "print(1)" })
      assert.match("option '%-%-timeout' needs a number of seconds greater than 0, not '" .. value:gsub("%p", "%%%0"),
        outcome.stderr)
      assert.same({ "", 64 }, { outcome.stdout, outcome.exit_code })
    end
    assert.match("option '%-%-timeout' needs an argument\n", child.run({ "--timeout" }).stderr)
    assert.match("option '%-%-timeout' needs an argument\n", child.run({ "--timeout=", "-e", "" }).stderr)
  end)
end)
