local child = require("spec.support.child")

-- In front of scripts.
local PRELUDE = [[
  local idle = require("idle")
  local loop = require("idle.loop")
  io.stdout:setvbuf("line")
  local function closing(f) return setmetatable({}, { __close = f }) end
]]

local function run(script) return child.run({ "-", stdin = PRELUDE .. script }) end

-- Runs a script that is to end well.
local function printed(script)
  local outcome = run(script)
  assert.same({ "", 0 }, { outcome.stderr, outcome.exit_code })
  return outcome.stdout
end

describe("the program", function()
  it("waits for all tasks at its end, those that tasks spawn included", function()
    assert.equal("main is over\nfirst\nsecond\n", printed([[
      idle.spawn(function()
        idle.sleep(0.005)
        print("first")
        idle.spawn(function()
          idle.sleep(0.005)
          print("second")
        end)
      end)
      print("main is over")
    ]]))
  end)

  it("runs tasks on from chunk to chunk", function()
    local outcome = child.run({
      "-e", "idle = require('idle') task = idle.spawn(function() idle.sleep(0.001) return 'from -e' end)",
      "-e", "idle.sleep(0.005)", "-", stdin = "print(task:is_done(), task:join())",
    })
    assert.equal("true\tfrom -e\n", outcome.stdout)
  end)

  it("lets every kind of chunk wait", function()
    local wait = "require('idle').sleep(0.001) print('waited')"
    local outcome = child.run({ "-e", wait, "-", stdin = wait, env = { LUA_INIT = wait } })
    assert.equal("waited\nwaited\nwaited\n", outcome.stdout)
  end)

  it("begins the next chunk as soon as one is over, whatever its tasks wait for", function()
    local started <close> = child.start({ "-e", PRELUDE .. "idle.spawn(loop.condition().wait, loop.condition(), 60000)",
      "-e", "print('second') os.exit()" })
    assert.equal("second", started:read_line())
  end)

  it("ends although a program that it started still runs", function()
    assert.equal("end\n", printed([[
      program = assert(require("idle.process").spawn({ command = { "cat" } }))
      print("end")
    ]]))
  end)

  it("collects finished tasks", function()
    assert.equal("true\n", printed([[
      local function spawn_many()
        for _ = 1, 200 do idle.spawn(function() local _ = ("x"):rep(10000) idle.sleep(0) end):join() end
      end
      spawn_many()
      collectgarbage() collectgarbage()
      local before = collectgarbage("count")
      spawn_many()
      collectgarbage() collectgarbage()
      print(collectgarbage("count") - before < 100)
    ]]))
  end)

  it("runs thousands of tasks at once", function()
    assert.equal("3000\n", printed([[
      local tasks, sum = {}, 0
      for i = 1, 3000 do tasks[i] = idle.spawn(function() idle.sleep(0.01) return 1 end) end
      for _, task in ipairs(tasks) do sum = sum + task:join() end
      print(sum)
    ]]))
  end)
end)

describe("an error of a task", function()
  it("that nobody joined is reported at the end, with its traceback and status 1", function()
    local outcome = run([[
idle.spawn(function()
  error("no luck")
end)
idle.sleep(0.005)
print("main goes on")
]])
    assert.equal("main goes on\n", outcome.stdout)
    assert.match("^[^\n]+: stdin:%d+: no luck\nstack traceback:\n\t%[C%]: in function 'error'\n", outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)

  it("is reported for each task, in the order in which they failed", function()
    local outcome = run([[
      for _, delay in ipairs({ 0.02, 0.001 }) do
        idle.spawn(function() idle.sleep(delay) error("after " .. delay, 0) end)
      end
    ]])
    assert.match("^[^\n]+: after 0.001\n.*\n[^\n]+: after 0.02\n", outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)

  it("that was joined is in the hands of who joined", function()
    assert.equal("false\tx\n", printed("local task = idle.spawn(error, 'x', 0) print(pcall(task.join, task))"))
  end)

  it("goes through join to the main chunk, once", function()
    local outcome = run("local task = idle.spawn(error, 'once', 0) task:join()")
    assert.equal(1, select(2, outcome.stderr:gsub("once", "")))
    assert.equal(1, outcome.exit_code)
  end)

  it("may be any value", function()
    assert.match(": %(error object is a nil value%)\n", run("idle.spawn(error)").stderr)
    assert.match(": %(error object is a table value%)\n", run("idle.spawn(error, {})").stderr)
    assert.match(": my error\n", run(
      "idle.spawn(error, setmetatable({}, { __tostring = function() return 'my error' end }))").stderr)
  end)

  it("is none if the task was cancelled", function()
    assert.equal("", printed("local task = idle.spawn(idle.sleep, 60) idle.sleep(0) task:cancel()"))
  end)
end)

describe("an uncaught error of the main chunk", function()
  it("cancels the other tasks, which may clean up", function()
    local outcome = run([[
      idle.spawn(function()
        local _ <close> = closing(function(_, err) idle.sleep(0.005) print("closed", err.kind) end)
        idle.sleep(60)
        print("never")
      end)
      idle.sleep(0)
      error("main failed")
    ]])
    assert.equal("closed\tcancelled\n", outcome.stdout)
    assert.match("^[^\n]+: stdin:%d+: main failed\n", outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)

  it("is reported first, then those of the tasks", function()
    local outcome = run("idle.spawn(error, 'in the task', 0) idle.sleep(0.001) error('in main', 0)")
    assert.match("^[^\n]+: in main\n.*\n[^\n]+: in the task\n", outcome.stderr)
  end)

  it("keeps later chunks from being run", function()
    local outcome = child.run({ "-e", PRELUDE .. "idle.spawn(idle.sleep, 60) error('x')", "-e", "print(1)" })
    assert.same({ "", 1 }, { outcome.stdout, outcome.exit_code })
  end)
end)

describe("the exit status after an error of idle", function()
  local function status(script) return run(script).exit_code end

  it("says of what kind it is", function()
    assert.equal(65, status("idle.error('input.parameter', 'x')"))
    assert.equal(75, status("idle.error('ssh.connect', 'x')"))
    assert.equal(3, status("idle.error('remote.error', 'x')"))
    assert.equal(1, status("idle.error('ssh.auth', 'x')"))
  end)

  it("is the worst of all tasks: in doubt before temporary before invalid input", function()
    assert.equal(3, status("idle.spawn(idle.error, 'ssh.lost', 'x') idle.sleep(0.001) idle.error('ssh.connect', 'x')"))
    assert.equal(3, status("idle.spawn(idle.error, 'ssh.connect', 'x') idle.sleep(0.001) idle.error('ssh.lost', 'x')"))
    assert.equal(75, status("idle.spawn(idle.error, 'input.with', 'x') idle.spawn(idle.error, 'ssh.busy', 'x')"))
    assert.equal(65, status("idle.spawn(error, 'x') idle.spawn(idle.error, 'input.with', 'x')"))
  end)

  it("prints where the script raised it, the message, its causes and no traceback", function()
    assert.equal(": stdin:6: outer: inner\n", run([[
      local ok, cause = pcall(idle.error, "ssh.connect", "inner")
      idle.error("ssh.auth", "outer", { cause = cause })
    ]]).stderr:sub(#child.PROGRAM + 1))
  end)
end)

describe("a deadlock", function()
  it("of the main chunk is an error that says so", function()
    local outcome = run("loop.condition():wait()")
    assert.match(": deadlock: no task, timer or connection is left that could end this wait\n", outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)

  it("of several tasks is one, too", function()
    assert.match(": stdin:%d+: deadlock: ", run("idle.spawn(function() loop.condition():wait() end):join()").stderr)
    assert.match(": [^\n]*deadlock: ", run("idle.spawn(function() loop.condition():wait() end)").stderr)
    assert.equal(1, run([[
      local a, b
      a = idle.spawn(function() b:join() end)
      b = idle.spawn(function() a:join() end)
    ]]).exit_code)
  end)

  it("is none while a timer runs", function()
    assert.equal("true\n", printed([[
      local condition = loop.condition()
      idle.spawn(function() idle.sleep(0.005) condition:notify() end)
      print(condition:wait())
    ]]))
  end)

  it("may be caught, and the script goes on", function()
    assert.equal("false\non\n", printed([[
      print((pcall(function() loop.condition():wait() end)))
      idle.sleep(0)
      print("on")
    ]]))
  end)
end)
