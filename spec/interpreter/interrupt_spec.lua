local child = require("spec.support.child")

-- In front of scripts.
local PRELUDE = [[
  local idle = require("idle")
  io.stdout:setvbuf("line")
  local function compute() print("begun") while true do end end
  -- One call of a C function, which prints and then looks for something longer than anybody waits.
  local function search() return ("begun" .. ("a"):rep(30)):gsub(("a?"):rep(30) .. "begun", print) end
  local function sleep() print("begun") idle.sleep(60) end
]]

-- Runs a script that prints "begun", and sends it a signal then.
local function interrupted(script)
  local started <close> = child.start({ "-", stdin = PRELUDE .. script })
  started:read_up_to("begun")
  started:signal("INT")
  return started:outcome()
end

local function assert_interrupted(outcome)
  assert.match("^[^\n]+: [^\n]*interrupted!\nstack traceback:\n", outcome.stderr)
  assert.equal(130, outcome.exit_code)
end

describe("Ctrl-C", function()
  it("stops a script that computes, with an error that names the place and status 130", function()
    local outcome = interrupted("compute()")
    assert_interrupted(outcome)
    assert.match(": stdin:%d+: interrupted!\n", outcome.stderr)
  end)

  it("stops a script that waits", function()
    assert_interrupted(interrupted("sleep()"))
    assert_interrupted(interrupted("idle.spawn(idle.sleep, 60) print('begun') idle.spawn(idle.sleep, 60):join()"))
    assert_interrupted(interrupted("print('begun') idle.exec{ command = { 'sleep', '60' } }"))
  end)

  it("stops a script that reads from stdin", function()
    local started <close> = child.start({ "-e", "io.stdout:setvbuf('line') print('begun') print(io.read())" })
    started:read_up_to("begun")
    started:signal("INT")
    assert_interrupted(started:outcome())
  end)

  it("runs the __close handlers, and ends the other tasks", function()
    local outcome = interrupted([[
      local function closing(name) return setmetatable({}, { __close = function() print("closed " .. name) end }) end
      idle.spawn(function() local _ <close> = closing("other") idle.sleep(60) end)
      local _ <close> = closing("main")
      sleep()
    ]])
    assert.equal("begun\nclosed main\nclosed other\n", outcome.stdout)
    assert_interrupted(outcome)
  end)

  it("is caught by pcall as the error 'interrupted!', and the script goes on", function()
    for _, f in ipairs({ "compute", "sleep" }) do
      local outcome = interrupted("print(pcall(" .. f .. ")) idle.sleep(0.001) print('on')")
      assert.match("^begun\nfalse\t[^\n]*interrupted!\non\n$", outcome.stdout)
      assert.same({ "", 0 }, { outcome.stderr, outcome.exit_code })
    end
  end)

  it("raised again in another form is an error as any other", function()
    local outcome = interrupted("pcall(compute) error('gave up', 0)")
    assert.match(": gave up\n", outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)

  it("stops a loop in a coroutine, however deep", function()
    assert_interrupted(interrupted("coroutine.wrap(function() coroutine.wrap(function() compute() end)() end)()"))
  end)

  it("is an error of the coroutine that computes, for its resumer to see", function()
    local outcome = interrupted([[
      print(coroutine.resume(coroutine.create(function()
        print("inner", coroutine.resume(coroutine.create(compute)))
      end)))
    ]])
    assert.match("^begun\ninner\tfalse\t[^\n]*interrupted!\ntrue\n$", outcome.stdout)
    assert.equal(0, outcome.exit_code)
  end)

  it("is caught by pcall inside a coroutine", function()
    local outcome = interrupted("print(coroutine.wrap(function() return pcall(compute) end)())")
    assert.match("^begun\nfalse\t[^\n]*interrupted!\n$", outcome.stdout)
  end)

  it("stops Lua code that a C function called", function()
    assert_interrupted(interrupted("table.sort({ 1, 2, 3 }, compute)"))
    assert_interrupted(interrupted("string.gsub('a', '.', compute)"))
    assert_interrupted(interrupted("local t = setmetatable({}, { __index = compute }) print(t.x)"))
  end)

  it("goes to the main task, while another one computes", function()
    local outcome = interrupted([[
      local other = idle.spawn(compute)
      print(pcall(other.join, other))
      other:cancel()
      print(other:is_done())
      print(select(2, pcall(other.join, other)).kind)
    ]])
    assert.match("^begun\nfalse\t[^\n]*interrupted!\nfalse\ncancelled\n$", outcome.stdout)
    assert.equal(0, outcome.exit_code)
  end)

  it("ends all tasks once the main chunk is over", function()
    local outcome = interrupted([[
      idle.spawn(function()
        local _ <close> = setmetatable({}, { __close = function() print("closed") end })
        sleep()
      end)
    ]])
    assert.equal("begun\nclosed\n", outcome.stdout)
    assert.equal(130, outcome.exit_code)
  end)

  it("ends a spawned task that computes, once the main chunk is over", function()
    assert.equal(130, interrupted("idle.spawn(compute)").exit_code)
  end)

  it("counts although whoever started the program ignored it", function()
    local started <close> = child.start({ program = "sh", "-c", "trap '' INT; exec \"$@\"", "sh", child.PROGRAM, "-",
      stdin = PRELUDE .. "compute()" })
    started:read_up_to("begun")
    started:signal("INT")
    assert_interrupted(started:outcome())
  end)

  it("does not tear a module of idle apart: it comes in the script's code, or in a wait", function()
    local module = "print('begun') pcall(function() for _ = 1, 3e7 do end end) print('whole')"
    local outcome = interrupted(("local f = assert(load(%q, '=idle.spec')) f() while true do end"):format(module))
    assert.equal("begun\nwhole\n", outcome.stdout)
    assert_interrupted(outcome)
  end)

  it("reaches each chunk of the command line anew", function()
    local loop = "io.stdout:setvbuf('line') pcall(function() print('begun') while true do end end)"
    local started <close> = child.start({ "-e", loop, "-e", loop, "-e", loop, "-e", "print('end')" })
    for _ = 1, 3 do
      started:read_up_to("begun")
      started:signal("INT")
    end
    assert.equal(0, started:outcome().exit_code)
  end)

  it("reaches a main task that has not begun when the signal comes", function()
    local other = "require('idle').spawn(function() io.popen('kill -INT $PPID'):close() while true do end end)"
    assert_interrupted(child.run({ "-e", other, "-e", "while true do end" }))
    assert_interrupted(child.run({ "-e", other, "-e", "require('idle').sleep(60)" }))
  end)

  describe("a second time", function()
    local function interrupted_twice(script, second)
      local started <close> = child.start({ "-", stdin = PRELUDE .. script })
      started:read_up_to("begun")
      started:signal_once("INT")
      started:signal(second)
      return started:outcome()
    end

    it("ends a C function that computes", function()
      assert.equal("INT", interrupted_twice("search()", "INT").signal)
      assert.equal("INT", interrupted_twice("coroutine.wrap(search)()", "INT").signal)
      assert.equal("INT", interrupted_twice("idle.spawn(search)", "INT").signal)
    end)

    it("ends a script that catches the first and goes on", function()
      assert.equal("INT", interrupted_twice("while true do pcall(compute) end", "INT").signal)
      assert.equal("INT", interrupted_twice("while true do pcall(sleep) end", "INT").signal)
    end)

    it("may also be another signal", function()
      assert.equal("TERM", interrupted_twice("while true do pcall(compute) end", "TERM").signal)
    end)
  end)
end)
