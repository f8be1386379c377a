local child = require("spec.support.child")
local same = child.same_as_lua

-- In front of scripts: a variable to be closed, and an object to be collected, that tell of it.
local TELLS = [[
  local function closing(name)
    return setmetatable({}, { __close = function(_, err) print("closed " .. name, err) end })
  end
  local function collected(name)
    return setmetatable({}, { __gc = function() print("collected " .. name) end })
  end
]]

local function same_script(script) return same({ "-", stdin = TELLS .. script }) end

local function status_of(script) return same_script(script).exit_code end

describe("the exit status", function()
  it("is 0 at the normal end, whatever the chunk returns", function()
    assert.equal(0, status_of("return 5"))
    assert.equal(0, status_of("return nil, 'message'"))
  end)

  it("is 1 after an error", function()
    assert.equal(1, status_of("error('x')"))
    assert.equal(1, status_of("x = = 1"))
  end)

  it("is what os.exit says", function()
    assert.equal(0, status_of("os.exit()"))
    assert.equal(0, status_of("os.exit(true)"))
    assert.equal(1, status_of("os.exit(false)"))
    assert.equal(7, status_of("os.exit(7)"))
    assert.equal(3, status_of("os.exit(3.0)"))
    assert.equal(255, status_of("os.exit(-1)"))
    assert.equal(44, status_of("os.exit(300)"))
    assert.equal(0, status_of("os.exit(nil, true)"))
    assert.equal(7, status_of("os.exit(7, true)"))
    assert.equal(1, status_of("os.exit(false, true)"))
  end)

  it("can't be a word or a fraction", function()
    assert.match("bad argument #1 to 'exit'", same_script("os.exit('x')").stderr)
    assert.match("bad argument #1 to 'exit'", same_script("os.exit(1.5)").stderr)
    assert.match("bad argument #1 to 'exit'", same_script("os.exit({})").stderr)
  end)
end)

describe("the normal end", function()
  it("closes the variables of the chunk, then collects all objects, the newest first", function()
    assert.equal("closed b\tnil\nclosed a\tnil\ncollected 2\ncollected 1\n", same_script([[
      one, two = collected("1"), collected("2")
      local a <close> = closing("a")
      local b <close> = closing("b")
    ]]).stdout)
  end)

  -- Here lua hands over its message with the traceback; a run has to know the error itself.
  it("hands an error, as it was raised, to the variables that are to be closed", function()
    local outcome = child.run({ "-", stdin = TELLS .. [[
      one = collected("1")
      local b <close> = closing("b")
      local a <close> = setmetatable({}, { __close = function(_, err) print(err.kind) error("second", 0) end })
      error({ kind = "first" })
    ]] })
    assert.equal("first\nclosed b\tsecond\ncollected 1\n", outcome.stdout)
    assert.match(": second\nstack traceback:\n", outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)

  it("turns errors of finalizers into warnings", function()
    local outcome = same({ "-W", "-", stdin = [[
      u1 = setmetatable({}, { __gc = function() error("first") end })
      u2 = setmetatable({}, { __gc = function() error("second") end })
    ]] })
    assert.match("^Lua warning: error in __gc %(stdin:2: second%)\nLua warning: error in __gc %(stdin:1: first%)\n$",
      outcome.stderr)
    assert.equal(0, outcome.exit_code)
  end)

  it("writes what is still in the buffers of open files", function()
    assert.equal("text", same_script([[io.stdout:setvbuf("full") io.write("text")]]).stdout)
    assert.equal("text", same_script([[
      local name = os.tmpname()
      setmetatable({}, { __gc = function() io.write(io.open(name):read("a")) os.remove(name) end })
      local out = io.open(name, "w") out:write("text") out:close()
    ]]).stdout)
  end)
end)

describe("os.exit", function()
  it("without closing leaves variables and objects alone, but writes the buffers", function()
    assert.equal("text", same_script([[
      one = collected("1")
      local a <close> = closing("a")
      io.write("text")
      os.exit(0)
    ]]).stdout)
  end)

  it("with closing closes the variables of the main chunk and collects all objects", function()
    assert.equal("closed b\tnil\nclosed a\tnil\ncollected 1\n", same_script([[
      one = collected("1")
      local a <close> = closing("a")
      local b <close> = closing("b")
      os.exit(0, true)
    ]]).stdout)
  end)

  it("works from nested and protected functions", function()
    local outcome = same_script([[
      one = collected("1")
      local a <close> = closing("a")
      local function deep(n)
        local b <close> = closing(n)
        if n == 0 then os.exit(5, true) end
        deep(n - 1)
      end
      print(pcall(deep, 2))
      print("never")
    ]])
    assert.equal("closed 0\tnil\nclosed 1\tnil\nclosed 2\tnil\nclosed a\tnil\ncollected 1\n", outcome.stdout)
    assert.equal(5, outcome.exit_code)
  end)

  it("works where Lua can't yield", function()
    for _, place in ipairs({
      "table.sort({ 1, 2, 3 }, function() os.exit(6, %s) end)",
      "string.gsub('abc', '.', function() os.exit(6, %s) end)",
      "local t = setmetatable({}, { __index = function() os.exit(6, %s) end }) return t.x",
      "debug.sethook(function() os.exit(6, %s) end, 'l')\nlocal x = 1",
      "load(function() os.exit(6, %s) end)",
    }) do
      assert.equal(6, status_of(place:format("true")))
      assert.equal(6, status_of(place:format("false")))
    end
  end)

  it("works in a coroutine, whose variables are not closed", function()
    for _, call in ipairs({ "coroutine.wrap(%s)()", "coroutine.resume(coroutine.create(%s))" }) do
      local outcome = same_script([[
        one = collected("1")
        local a <close> = closing("a")
      ]] .. call:format("function() local b <close> = closing('b') os.exit(5, true) end") .. " print('never')")
      assert.equal("closed a\tnil\ncollected 1\n", outcome.stdout)
      assert.equal(5, outcome.exit_code)
    end
  end)

  it("works in a finalizer, while the state is closed already", function()
    local outcome = same_script([[
      first = collected("1")
      second = setmetatable({}, { __gc = function() print("leaving") os.exit(4, true) end })
      third = collected("3")
    ]])
    assert.equal("collected 3\nleaving\ncollected 1\n", outcome.stdout)
    assert.equal(4, outcome.exit_code)
  end)

  it("works in a finalizer that runs before the end", function()
    assert.equal(4, status_of("setmetatable({}, { __gc = function() os.exit(4, true) end }) collectgarbage()"))
    assert.equal(4, status_of("setmetatable({}, { __gc = function() os.exit(4) end }) collectgarbage()"))
  end)

  it("works in a __close handler, and in the message handler of xpcall", function()
    local variable = "local _ <close> = setmetatable({}, { __close = function() os.exit(4, true) end })"
    assert.equal(4, status_of(variable))
    assert.equal(4, status_of("do " .. variable .. " end"))
    assert.equal(4, status_of("xpcall(error, function() os.exit(4, true) end)"))
    assert.equal(4, status_of("error(setmetatable({}, { __tostring = function() os.exit(4, true) end }))"))
  end)

  it("works in LUA_INIT, -e and -l", function()
    assert.equal(3, same({ "-e", "print(1)", env = { LUA_INIT = "os.exit(3, true)" } }).exit_code)
    assert.equal("", same({ "-e", "os.exit(3)", "-e", "print(1)" }).stdout)
    assert.equal(3, same({ "-e", "package.preload.x = function() os.exit(3, true) end", "-lx" }).exit_code)
  end)

  it("is the end, even if closing raises an error", function()
    local outcome = same({ "-W", "-", stdin = [[
      local a <close> = setmetatable({}, { __close = function() print("closed a") end })
      local b <close> = setmetatable({}, { __close = function() error("lost") end })
      os.exit(3, true)
    ]] })
    assert.equal("closed a\n", outcome.stdout)
    assert.equal(3, outcome.exit_code)
  end)

  it("reports the errors of tasks that nobody joined, and ends the runs, but keeps its status", function()
    for _, ending in ipairs({ "os.exit(0)", "os.exit(0, true)", "coroutine.wrap(os.exit)(0)" }) do
      local outcome = child.run({ "--events", "-", "-", stdin = [[
        local idle = require("idle")
        idle.spawn(error, "lost", 0)
        idle.run({ name = "run" }):step("sleep", function() idle.sleep(0.001) end)
      ]] .. ending })
      assert.match("^[^\n]+: lost\nstack traceback:\n", outcome.stderr)
      assert.match('"RunCompleted"', outcome.stdout)
      assert.equal(0, outcome.exit_code)
    end
  end)

  it("leaves nothing behind", function() -- a build with sanitizers looks for leaks here
    for _, ending in ipairs({ "os.exit(0)", "os.exit(0, true)", "coroutine.wrap(os.exit)(0, true)" }) do
      local script = "t = {} for i = 1, 1000 do t[i] = { i } end " .. ending
      assert.same({ stdout = "", stderr = "", exit_code = 0 }, child.run({ "-e", script }))
    end
  end)
end)
