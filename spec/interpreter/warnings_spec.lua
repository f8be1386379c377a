local child = require("spec.support.child")
local same = child.same_as_lua

local function warnings_of(script, ...)
  local options = { ... }
  options[#options + 1], options.stdin = "-", script
  return same(options).stderr
end

describe("a warning", function()
  it("is not shown unless somebody turns warnings on", function()
    assert.equal("", warnings_of("warn('x')"))
    assert.equal("Lua warning: x\n", warnings_of("warn('x')", "-W"))
    assert.equal("Lua warning: x\n", warnings_of("warn('@on') warn('x')"))
    assert.equal("", warnings_of("warn('@off') warn('x')", "-W"))
  end)

  it("may come in pieces", function()
    assert.equal("Lua warning: abc\n", warnings_of("warn('a', 'b', 'c')", "-W"))
    assert.equal("Lua warning: 12\n", warnings_of("warn(1, 2)", "-W"))
  end)

  it("is a control message only as a whole", function()
    assert.equal("Lua warning: @offXXX@off\nLua warning: @on\nLua warning: ZZZ\n", warnings_of([[
      warn("@allow")               -- unknown: ignored
      warn("@off", "XXX", "@off")  -- in pieces: a text
      warn("@off")
      warn("@on", "YYY", "@on")    -- a text, not shown
      warn("@on")
      warn("", "@on")              -- a text
      warn("Z", "Z", "Z")
    ]], "-W"))
  end)

  it("with a wrong argument leaves nothing behind", function()
    assert.equal("Lua warning: next\n", warnings_of("pcall(warn) pcall(warn, 'lost', {}) warn('next')", "-W"))
    assert.match("bad argument #1 to 'warn' %(string expected, got no value%)", warnings_of("warn()", "-W"))
  end)

  it("keeps its order among other output to stderr", function()
    assert.equal("aLua warning: b\nc", warnings_of("io.stderr:write('a') warn('b') io.stderr:write('c')", "-W"))
  end)

  it("may come from a task", function()
    local script = "require('idle.loop').spawn(function() warn('from a task') end):join()"
    assert.equal("Lua warning: from a task\n", child.run({ "-W", "-e", script }).stderr)
  end)
end)
