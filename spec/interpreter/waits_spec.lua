local child = require("spec.support.child")

-- Calls of everything that waits, in places where Lua can't suspend a task.
local PRELUDE = [[
  local idle = require("idle")
  local loop = require("idle.loop")
  local function sleep() idle.sleep(0.001) end
]]

local function message_of(script)
  local outcome = child.run({ "-", stdin = PRELUDE .. script })
  assert.equal(1, outcome.exit_code)
  return outcome.stderr
end

describe("a wait that Lua can't do", function()
  it("is an error that names the place", function()
    for place, script in pairs({
      ["in function 'table.sort'"] = "table.sort({ 2, 1 }, sleep)",
      ["in function 'string.gsub'"] = "string.gsub('a', 'a', sleep)",
      ["in function 'require'"] = "package.preload.x = sleep require('x')",
      ["in function 'load'"] = "assert(load(sleep))",
      ["in function 'tostring'"] = "tostring(setmetatable({}, { __tostring = sleep }))",
      ["in function 'table.unpack'"] = "table.unpack(setmetatable({}, { __index = sleep }), 1, 1)",
      ["in a debug hook"] = "debug.sethook(sleep, 'l')\nlocal x = 1",
    }) do
      local message = message_of(script)
      local expected = "'sleep' cannot wait " .. place .. ": Lua cannot suspend a task there; wait before or after\n"
      assert.is_truthy(message:find(expected, 1, true), message)
    end
  end)

  it("in a coroutine of the script says what to do", function()
    for _, script in ipairs({
      "coroutine.wrap(sleep)()", "assert(coroutine.resume(coroutine.create(sleep)))",
      "coroutine.wrap(function() coroutine.wrap(sleep)() end)()",
    }) do
      assert.match("'sleep' cannot wait in a coroutine: only a task itself can; spawn one for it\n", message_of(script))
    end
  end)

  it("in a finalizer is an error there, and a warning if nobody catches it", function()
    local outcome = child.run({ "-W", "-", stdin = PRELUDE .. [[
      setmetatable({}, { __gc = function() print(pcall(sleep)) end })
      collectgarbage()
      setmetatable({}, { __gc = sleep })
    ]] })
    assert.match("^false\t[^\n]*'sleep' cannot wait in metamethod '__gc'", outcome.stdout)
    assert.match("Lua warning: error in __gc %([^\n]*'sleep' cannot wait", outcome.stderr)
    assert.equal(0, outcome.exit_code)
  end)

  it("names what waits", function()
    local task = "local task = idle.spawn(idle.sleep, 0.005) "
    local process = "local cat = assert(require('idle.process').spawn({ command = { 'cat' } })) "
    for what, script in pairs({
      ["task:join"] = task .. "coroutine.wrap(function() task:join() end)()",
      ["condition:wait"] = "coroutine.wrap(function() loop.condition():wait() end)()",
      ["read_line"] = process .. "coroutine.wrap(function() cat:read_line(1000) end)()",
      ["wait_exit"] = process .. "coroutine.wrap(function() cat:wait_exit(1000) end)()",
    }) do
      assert.match("'[^']*" .. what .. "[^']*' cannot wait in a coroutine", message_of(script))
    end
  end)

  it("leaves the task as it was", function()
    local outcome = child.run({ "-", stdin = PRELUDE .. [[
      print((pcall(table.sort, { 2, 1 }, sleep)))
      sleep()
      print(idle.spawn(function() sleep() return "waited" end):join())
    ]] })
    assert.same({ stdout = "false\nwaited\n", stderr = "", exit_code = 0 }, outcome)
  end)
end)

describe("a wait that Lua can do", function()
  it("is possible in nested functions, behind pcall and xpcall, in iterators, metamethods and __close", function()
    local outcome = child.run({ "-", stdin = PRELUDE .. [[
      local object = setmetatable({}, {
        __index = function(_, key) sleep() return key end,
        __call = function() sleep() return "called" end,
        __concat = function() sleep() return "joined" end,
        __lt = function() sleep() return true end,
        __close = function() sleep() print("closed") end,
      })
      print(object.key, object(), object .. "", object < object)
      print(pcall(pcall, function() sleep() error("x", 0) end))
      print(xpcall(function() sleep() error("y", 0) end, function(e) return e .. "!" end))
      for value in function(_, last) sleep() return not last and "item" or nil end do print(value) end
      do local _ <close> = object end
      print(select(2, pcall(error, "tail", sleep())))
      return sleep()
    ]] })
    assert.same({
      stdout = "key\tcalled\tjoined\ttrue\ntrue\tfalse\tx\nfalse\ty!\nitem\nclosed\ntail\n", stderr = "", exit_code = 0,
    }, outcome)
  end)

  it("is possible in a chunk that was loaded", function()
    assert.equal("a\n", child.run({ "-", stdin = PRELUDE .. "load('local s = ... s() print([[a]])')(sleep)" }).stdout)
  end)

  it("lets the other tasks go on", function()
    assert.equal("b\na\n", child.run({ "-", stdin = PRELUDE .. [[
      idle.spawn(function() print("b") end)
      sleep()
      print("a")
    ]] }).stdout)
  end)

  it("does not block what the script computes with a debug hook of its own", function()
    assert.equal("true\n", child.run({ "-", stdin = PRELUDE .. [[
      local count = 0
      debug.sethook(function() count = count + 1 end, "l")
      sleep()
      sleep()
      debug.sethook()
      print(count > 1)
    ]] }).stdout)
  end)
end)
