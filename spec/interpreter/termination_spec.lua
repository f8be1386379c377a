local child = require("spec.support.child")
local eventually = require("spec.support.eventually")
local processes = require("spec.support.processes")

-- In front of scripts.
local PRELUDE = [[
  local idle = require("idle")
  io.stdout:setvbuf("line")
  local function compute() print("begun") while true do end end
  -- One call of a C function, which prints and then looks for something longer than anybody waits.
  local function search() return ("begun" .. ("a"):rep(30)):gsub(("a?"):rep(30) .. "begun", print) end
  local function sleep() print("begun") idle.sleep(60) end
  local function closing(f) return setmetatable({}, { __close = f }) end
]]

local function start(script) return child.start({ "-", stdin = PRELUDE .. script }) end

-- Runs a script that prints "begun", and tells it to end then.
local function terminated(script)
  local started <close> = start(script)
  started:read_up_to("begun")
  started:signal("TERM")
  return started:outcome()
end

describe("SIGTERM", function()
  it("ends a script that waits or computes, with status 143", function()
    for _, script in ipairs({
      "sleep()", "compute()", "idle.spawn(sleep)", "idle.spawn(compute)", "idle.spawn(compute):join()",
      "coroutine.wrap(function() coroutine.wrap(compute)() end)()", "table.sort({ 1, 2 }, compute)",
      "print('begun') idle.exec{ command = { 'sleep', '60' } }",
    }) do
      assert.equal(143, terminated(script).exit_code, script)
    end
  end)

  it("raises `cancelled` in all tasks, which says why", function()
    local outcome = terminated([[
      local function report(name)
        local ok, err = pcall(idle.sleep, 60)
        print(name, ok, err.kind, err.message)
      end
      idle.spawn(report, "other")
      idle.spawn(print, "begun")
      report("main")
    ]])
    assert.match("main\tfalse\tcancelled\tcancelled by SIGTERM[^\n]*\n", outcome.stdout)
    assert.match("other\tfalse\tcancelled\tcancelled by SIGTERM[^\n]*\n", outcome.stdout)
    assert.equal(143, outcome.exit_code)
  end)

  it("runs the __close handlers, which may still wait", function()
    local outcome = terminated([[
      idle.spawn(function()
        local _ <close> = closing(function() idle.sleep(0.01) print("closed other") end)
        idle.sleep(60)
      end)
      local _ <close> = closing(function() idle.sleep(0.02) print("closed main") end)
      sleep()
    ]])
    assert.equal("begun\nclosed other\nclosed main\n", outcome.stdout)
    assert.equal(143, outcome.exit_code)
  end)

  it("can't be passed over by a script that catches errors and waits again", function()
    assert.equal(143, terminated("print('begun') while true do pcall(idle.sleep, 60) end").exit_code)
    assert.equal(143, terminated("pcall(sleep) print(pcall(idle.sleep, 60)) idle.sleep(60)").exit_code)
  end)

  it("ends tasks that are spawned afterwards", function()
    local outcome = terminated([[
      pcall(sleep)
      print(select(2, pcall(function() idle.spawn(idle.sleep, 60):join() end)).kind)
      idle.spawn(function() print("begun") idle.sleep(60) print("never") end)
    ]])
    assert.match("^begun\ncancelled\n", outcome.stdout)
    assert.not_match("never", outcome.stdout)
    assert.equal(143, outcome.exit_code)
  end)

  it("ends with its status although the script ended well", function()
    local outcome = terminated("pcall(sleep) print('done')")
    assert.equal("begun\ndone\n", outcome.stdout)
    assert.equal(143, outcome.exit_code)
  end)

  it("ends the programs that idle.exec started", function()
    local started <close> = start([[
      local stdout = "/proc/" .. require("idle.process").pid() .. "/fd/1"
      idle.exec{ command = { "sh", "-c", "echo $$ >" .. stdout .. "; exec sleep 60" } }
    ]])
    local pid = tonumber(started:read_line())
    started:signal("TERM")
    assert.equal(143, started:outcome().exit_code)
    eventually(function() return not processes.is_running(pid) end, "sleep has ended")
  end)

  it("counts although whoever started the program ignored it", function()
    local started <close> = child.start({ program = "sh", "-c", "trap '' TERM; exec \"$@\"", "sh", child.PROGRAM, "-",
      stdin = PRELUDE .. "sleep()" })
    started:read_up_to("begun")
    started:signal("TERM")
    assert.equal(143, started:outcome().exit_code)
  end)

  it("gives the __close handlers two seconds in all", function()
    local outcome = terminated([[
      local _ <close> = closing(function() print("second", pcall(idle.sleep, 60)) end)
      local _ <close> = closing(function()
        local start = idle.monotonic()
        local ok, err = pcall(idle.sleep, 60)
        local passed = idle.monotonic() - start
        print("first", ok, err.kind, passed >= 1.9 and passed < 4)
      end)
      sleep()
    ]])
    assert.match("^begun\nfirst\tfalse\tcancelled\ttrue\nsecond\tfalse\t[^\n]+\n$", outcome.stdout)
    assert.equal(143, outcome.exit_code)
  end)

  describe("a second time", function()
    local function terminated_twice(script, second)
      local started <close> = start(script)
      started:read_up_to("begun")
      started:signal_once("TERM")
      started:signal(second)
      return started:outcome()
    end

    it("ends a C function that computes", function()
      assert.equal("TERM", terminated_twice("search()", "TERM").signal)
    end)

    it("ends a script in the midst of its cleanup", function()
      local script = "local _ <close> = closing(function() idle.sleep(60) end) sleep()"
      assert.equal("TERM", terminated_twice(script, "TERM").signal)
      assert.equal("INT", terminated_twice(script, "INT").signal)
    end)

    it("ends a script that catches the first and computes on", function()
      assert.equal("TERM", terminated_twice("while true do pcall(compute) end", "TERM").signal)
    end)
  end)
end)
