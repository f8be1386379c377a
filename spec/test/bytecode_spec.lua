local bytecode = require("idle.test.bytecode")

describe("idle.test.bytecode", function()
  local function read(text) return bytecode.read(string.dump(assert(load(text)))) end

  local function lines(text) return read(text).lines end

  it("names each line that can run, once", function()
    assert.same({ 1, 3, 4 }, lines("local a = 1\n-- nothing\na = a + 1\nprint(a) print(a)\n"))
    assert.same({}, lines(""))
    assert.same({}, lines("local a <const> = 5"))
  end)

  it("leaves out the `end` of functions and blocks", function()
    local main = read("local function f(x)\n  if x then\n    return 1\n  end\n  return 2\nend\nreturn f\n")
    assert.same({ 7 }, main.lines)
    assert.equal(1, main.functions[1].first_line)
    assert.equal(6, main.functions[1].last_line)
    assert.same({ 2, 3, 5 }, main.functions[1].lines)
  end)

  it("leaves out the last line of a tail call over several", function()
    local main = read("return function(f)\n  return f({\n    a = f,\n  })\nend\n")
    assert.same({ 2, 3 }, main.functions[1].lines)
  end)

  it("sees functions within functions, called or not", function()
    local main = read("return function()\n  return function(...)\n    return ...\n  end\nend\n")
    assert.same({ 3 }, main.functions[1].functions[1].lines)
  end)

  it("agrees with Lua about every line, in a long file with all kinds of constants", function()
    local text = { "local t = { 1, 2.5, 'short', nil, true, false, 0x7fffffffffffffff }" }
    text[#text + 1] = ("local s = '%s'"):format(("long"):rep(50))
    text[#text + 1] = ("\n"):rep(500) .. "local u <close> = nil"
    for index = 1, 300 do text[#text + 1] = ("t[%d] = s .. %d // 3"):format(index, index) end
    text[#text + 1] = "goto done\ndo local unreached end\n::done::\nprint(t, u)"
    local chunk = assert(load(table.concat(text, "\n")))
    local expected = {}
    for line in pairs(debug.getinfo(chunk, "L").activelines) do expected[#expected + 1] = line end
    table.sort(expected)
    assert.same(expected, bytecode.read(string.dump(chunk)).lines)
  end)

  it("refuses what is no dump", function()
    assert.has_error(function() bytecode.read("\27LuaS") end, "no dump of this Lua, 5.4")
  end)

  it("reads every module of the program", function()
    local listing <close> = io.popen("ls lua/idle/*/*.lua")
    for path in listing:lines() do
      assert.is_table(bytecode.read(string.dump(assert(loadfile(path)))).lines)
    end
  end)
end)
