local child = require("spec.support.child")
local file = require("idle.file")
local same = child.same_as_lua

-- What lua5.4 prints for the script, and so do we.
local function message_of(script, ...)
  local outcome = same({ "-", stdin = script, ... })
  assert.equal(1, outcome.exit_code)
  return outcome.stderr
end

describe("an error that nobody caught", function()
  it("is reported with its place and a traceback", function()
    assert.equal([[
lua: stdin:3: no luck
stack traceback:
	[C]: in function 'error'
	stdin:3: in upvalue 'inner'
	stdin:6: in function 'outer'
	(...tail calls...)
	[C]: in ?
]], message_of([[
local function inner()
  -- line 2
  error("no luck")
end
function outer()
  inner()
end
return outer()
]]))
  end)

  it("in a script file ends its traceback as lua's does", function()
    local folder = child.folder({ ["fails.lua"] = "local t = nil\nprint(t.x)" })
    local outcome = same({ "fails.lua", cwd = folder })
    file.remove_all(folder)
    assert.equal([[
lua: fails.lua:2: attempt to index a nil value (local 't')
stack traceback:
	fails.lua:2: in main chunk
	[C]: in ?
]], outcome.stderr)
  end)

  it("in -e is called (command line)", function()
    assert.match("^lua: %(command line%):1: x\nstack traceback:\n\t%[C%]: in function 'error'\n",
      same({ "-e", "error('x')" }).stderr)
  end)

  it("in a library's C function names it", function()
    local message = message_of("table.sort({ 3, 1, 2 }, function(a, b) return a.x < b.x end)")
    assert.match("\n\t%[C%]: in function 'table.sort'\n", message)
    assert.match("bad argument #1 to 'insert' %(table expected, got nil%)", message_of("table.insert(nil, 1)"))
    assert.match("bad argument #1 to 'rep'", message_of("('x'):rep({})"))
  end)

  it("in a module names the module and `require`", function()
    local folder = child.folder({ ["deep.lua"] = "local function f() error('deep') end f()" })
    local outcome = same({ "-e", "require('deep')", cwd = folder })
    file.remove_all(folder)
    assert.match("^lua: ./deep.lua:1: deep\n", outcome.stderr)
    assert.match("in function 'require'", outcome.stderr)
  end)

  it("in a function without a name gives its line", function()
    assert.match("in function <stdin:1>", message_of("pcall(print) return (function() error('x') end)()"))
  end)

  it("in a metamethod, an iterator or a coroutine is told as lua does", function()
    local add = "local t = setmetatable({}, { __add = function() error('x') end }) t = t + 1"
    assert.match("in metamethod 'add'", message_of(add))
    assert.match("in for iterator 'for iterator'", message_of("for _ in function() error('x') end do end"))
    assert.match("^lua: stdin:1: stdin:1: x\n", message_of("coroutine.wrap(function() error('x') end)()"))
    assert.match("in metamethod 'close'",
      message_of("do local _ <close> = setmetatable({}, { __close = function() error('x') end }) end"))
  end)

  it("that was raised again keeps its first place", function()
    assert.match("^lua: stdin:1: first\n", message_of("local ok, e = pcall(error, 'stdin:1: first') error(e, 0)"))
  end)

  it("of a level names the caller", function()
    assert.match("^lua: stdin:2: x\n", message_of("local function f() error('x', 2) end\nf()\n"))
    assert.match("^lua: x\n", message_of("error('x', 0)"))
  end)

  it("of the operators names the variable", function()
    for _, script in ipairs({
      "local a = {}; a.b.c = 1", "undefined()", "local s = 'x' + 1", "return #5", "return 1 < 'x'",
      "return {} .. 'x'", "return 1 // 0", "return 2 ^ 53 | 0.5", "return ('x'):nothing()", "for i = 1, 10, 0 do end",
      "local t = setmetatable({}, { __index = function(_, k) error('no ' .. k) end }) return t.x",
      "goto nowhere", "break", "local x <const> = 1; x = 2", "x = 'unfinished", "a.b:c = 1", "load('x = ', 'chunk')()",
      "string.rep()", "setmetatable(1, {})", "tostring()", "io.lines('/nowhere')", "string.format('%d', 1.5)",
      "utf8.char(-1)", "select(0)", "math.random(0, -1)", "next({}, 'x')", "rawset(1, 2, 3)", "string.dump(print)",
      "coroutine.resume(1)",
    }) do
      assert.match("^lua: ", message_of(script), script)
    end
  end)

  it("by too deep a recursion is reported in a traceback of bearable length", function()
    -- How deep it may go depends on what lies below it: here that is a little more than in lua.
    local function depth_of(script, message)
      local stderr = child.run({ "-e", script }).stderr
      assert.match(": " .. message .. "\nstack traceback:\n", stderr)
      return tonumber(stderr:match("\n\t%.%.%.\t%(skipping (%d+) levels%)\n"))
    end
    assert.is_true(depth_of("local function f() return 1 + f() end f()", "stack overflow") > 900000)
    assert.is_true(depth_of("local function f() return string.gsub('a', '.', f) end f()", "C stack overflow") > 360)
  end)

  it("while an error is handled is told as lua does", function()
    assert.match("^false\t", same({ "-e", "print(xpcall(error, function(e) error(e) end, 'x'))" }).stdout)
  end)
end)

describe("an error about a member of idle that is not there", function()
  local function hint_of(script)
    local outcome = child.run({ "-", stdin = "local idle = require('idle')\n" .. script })
    assert.not_equal(0, outcome.exit_code)
    return outcome.stderr:match("\n[^\n]*: (there is no [^\n]*)\n$")
  end

  it("names the nearest one below lua's own message", function()
    local outcome = child.run({ "-", stdin = "local idle = require('idle')\nidle.slep(1)" })
    assert.equal(1, outcome.exit_code)
    assert.match("^[^\n]*stdin:2: attempt to call a nil value %(field 'slep'%)\nstack traceback:\n", outcome.stderr)
    for script, hint in pairs({
      ["idle.slep(1)"] = "there is no 'idle.slep'; did you mean 'idle.sleep'?",
      ["idle.slumber(1)"] = "there is no 'idle.slumber'",
      ["idle.sim.sync_sever{}"] = "there is no 'idle.sim.sync_sever'; did you mean 'idle.sim.sync_server'?",
      ["idle.simm.sync_server{}"] = "there is no 'idle.simm'; did you mean 'idle.sim'?",
      ["idle.providers.entraconnect()"] =
        "there is no 'idle.providers.entraconnect'; did you mean 'idle.providers.entra_connect'?",
      ["idle.secret.from_evn('x')"] = "there is no 'idle.secret.from_evn'; did you mean 'idle.secret.from_env'?",
      ["idle.json.decod('x')"] = "there is no 'idle.json.decod'; did you mean 'idle.json.decode'?",
      ["idle.test.fake_sesion{}"] = "there is no 'idle.test.fake_sesion'; did you mean 'idle.test.fake_session'?",
      ["idle.spawn(function() idle.slep(1) end)"] = "there is no 'idle.slep'; did you mean 'idle.sleep'?",
    }) do
      assert.equal(hint, hint_of(script), script)
    end
  end)

  it("says nothing where a script only looks, or another table lacks the field", function()
    assert.equal("nil\n", child.run({ "-", stdin = "print(require('idle').slep)" }).stdout)
    assert.is_nil(hint_of("local shop = {} shop.slep()"))
    assert.is_nil(hint_of("print(idle.slep) error('slep')"))
  end)
end)

describe("an error object that nobody caught", function()
  it("of ours, made of lua's, names its place once", function()
    local outcome = child.run({ "-", stdin = [[
local run <close> = require("idle").run{ name = "x" }
run:step("s", function() error("no luck") end)]] })
    assert.match("^[^\n]*: stdin:2: no luck\n$", outcome.stderr)
  end)

  it("is shown by its __tostring, without a traceback", function()
    local object = "setmetatable({}, { __tostring = function() return 'my error' end })"
    assert.equal("lua: my error\n", message_of("error(" .. object .. ")"))
  end)

  it("may look at the stack from its __tostring", function()
    local folder = child.folder({ ["at.lua"] = [[
local m = setmetatable({ x = 0 }, { __tostring = function(self)
  return tostring(debug.getinfo(4).currentline + self.x)
end })

error(m)
]] })
    local outcome = same({ "at.lua", cwd = folder })
    file.remove_all(folder)
    assert.equal("lua: 5\n", outcome.stderr)
  end)

  it("whose __tostring gives no string is an error of its own", function()
    message_of("error(setmetatable({}, { __tostring = function() return {} end }))")
    message_of("error(setmetatable({}, { __tostring = function() error('worse') end }))")
  end)

  it("of any other type is told by its type", function()
    for value, type_name in pairs({
      ["nil"] = "nil", ["{}"] = "table", ["true"] = "boolean", ["print"] = "function", ["io.stdout"] = nil,
      ["coroutine.create(print)"] = "thread",
    }) do
      assert.match("^lua: %(error object is a " .. type_name .. " value%)\nstack traceback:\n",
        message_of("error(" .. value .. ")"))
    end
  end)

  it("that is a number is shown as one", function()
    assert.match("^lua: 42\nstack traceback:", message_of("error(42)"))
    assert.match("^lua: 1.5\nstack traceback:", message_of("error(1.5)"))
  end)

  it("reaches a caller that catches it as it was", function()
    assert.equal("42\tinteger\n", same({ "-e", "local _, e = pcall(error, 42) print(e, math.type(e))" }).stdout)
    assert.equal("nil\n", same({ "-e", "print(select(2, pcall(error)))" }).stdout)
  end)
end)

describe("a traceback", function()
  it("that the script asks for looks like lua's", function()
    assert.equal([[
here
stack traceback:
	[C]: in function 'debug.traceback'
	stdin:1: in local 'f'
	stdin:2: in main chunk
	[C]: in ?
]], same({ "-", stdin = "local function f() print(debug.traceback('here', 0)) end\nf()\n" }).stdout)
  end)

  it("has as many levels as in lua", function()
    local count = "local n = 0 while debug.getinfo(n) do n = n + 1 end print(n)"
    same({ "-e", count })
    same({ "-", stdin = count })
    same({ "-e", "local function f(n) if n > 0 then return 1 + f(n - 1) end " .. count .. " return 0 end f(3)" })
  end)

  it("of the main thread is found by coroutine.running", function()
    same({ "-e", "print(debug.traceback(coroutine.running(), 'x'))" })
    same({ "-e", [[
      local main = coroutine.running()
      coroutine.wrap(function() print(debug.traceback(main, 'x')) end)()]] })
  end)
end)
