local child = require("spec.support.child")
local file = require("idle.file")
local same = child.same_as_lua

describe("a script", function()
  local folder

  setup(function()
    folder = child.folder({
      ["shebang.lua"] = "#!/usr/bin/env idle-lua\nprint(debug.getinfo(1).currentline) error('here')",
      ["only_comment"] = "#comment without a line end",
      ["bom.lua"] = "\xEF\xBB\xBF#!x\nprint('bom', debug.getinfo(1, 'l').currentline)",
      ["syntax.lua"] = "print(1)\nlocal x = = 2\n",
      ["unfinished.lua"] = "for i = 1, 2 do print(i)",
      ["empty.lua"] = "",
      ["returns.lua"] = "return false, 7",
      ["plan"] = "print('my plan', ...)",
      ["compiled"] = string.dump(load("print('compiled', ...)")),
      ["cut"] = string.dump(load("print('compiled', ...)")):sub(1, 40),
      ["crlf.lua"] = "print(1)\r\nprint(debug.getinfo(1, 'l').currentline)\r\n",
    })
  end)

  teardown(function() file.remove_all(folder) end)

  local function same_script(...) return same({ cwd = folder, ... }) end

  it("may begin with a line for the system, which counts as a line", function()
    local outcome = same_script("shebang.lua")
    assert.equal("2\n", outcome.stdout)
    assert.match("^lua: shebang.lua:2: here\n", outcome.stderr)
    assert.equal(0, same_script("only_comment").exit_code)
  end)

  it("that is not there is told as in lua, and a command that was misspelled is named", function()
    local function stderr_of(...)
      local outcome = child.run({ ..., cwd = folder })
      assert.equal(66, outcome.exit_code)
      return outcome.stderr
    end
    local hint = "'%s' is no script and no command; did you mean the command '%s'?\n"
    for word, command in pairs({ syn = "sync", snyc = "sync", chekc = "check", runn = "run", hlep = "help" }) do
      assert.match("^[^\n]*cannot open " .. word .. "[^\n]*\n[^\n]*: " .. hint:format(word, command):gsub("%?", "%%?")
        .. "$", stderr_of(word))
    end
    for _, word in ipairs({ "x", "joiner", "syn.lua", "./syn", "syncsyncsyncsyncsync" }) do
      assert.match("^[^\n]*cannot open [^\n]*\n$", stderr_of(word))
    end
    -- It is there: whatever is wrong with it, nobody means a command.
    assert(file.mkdir(folder .. "/tset"))
    assert.is_nil(stderr_of("tset"):find("did you mean", 1, true))
  end)

  it("may begin with a byte order mark", function()
    assert.equal("bom\t2\n", same_script("bom.lua").stdout)
  end)

  it("may have the line ends of Windows", function()
    assert.equal("1\n2\n", same_script("crlf.lua").stdout)
  end)

  it("may be empty", function()
    assert.same({ stdout = "", stderr = "", exit_code = 0 }, same_script("empty.lua"))
  end)

  it("may be compiled already", function()
    assert.equal("compiled\ta\n", same_script("compiled", "a").stdout)
    assert.match("truncated chunk", same_script("cut").stderr)
  end)

  it("returns to nobody", function()
    assert.equal(0, same_script("returns.lua").exit_code)
  end)

  it("with a syntax error is not begun", function()
    local outcome = same_script("syntax.lua")
    assert.same({ stdout = "", stderr = "lua: syntax.lua:2: unexpected symbol near '='\n", exit_code = 1 }, outcome)
    assert.match("unfinished.lua:1: 'end' expected near <eof>\n$", same_script("unfinished.lua").stderr)
  end)

  it("is called by its path in messages", function()
    assert.match("^lua: " .. folder:gsub("%p", "%%%0") .. "/shebang.lua:2:", same({ folder .. "/shebang.lua" }).stderr)
  end)

  it("of the name of a command is run by its path", function()
    assert.equal("my plan\ta\n", same_script("./plan", "a").stdout)
  end)

  it("that is not there ends in 66, with the message of lua", function()
    local ours = child.run({ "none.lua", cwd = folder })
    local theirs = child.run({ program = "lua5.4", "none.lua", cwd = folder })
    assert.equal(theirs.stderr:gsub("^lua5.4", child.PROGRAM), ours.stderr)
    assert.equal(66, ours.exit_code)
  end)

  it("that is a folder ends in 66, too", function()
    local outcome = child.run({ ".", cwd = folder })
    assert.match(": cannot read %.", outcome.stderr)
    assert.equal(66, outcome.exit_code)
  end)

  it("that is not there does not keep -e from being run", function()
    local outcome = child.run({ "-e", "print(1)", "none.lua", cwd = folder })
    assert.equal("1\n", outcome.stdout)
    assert.equal(66, outcome.exit_code)
  end)

  it("from stdin is called stdin", function()
    assert.match("^lua: stdin:2: here\n", same({ "-", stdin = "\nerror('here')" }).stderr)
    assert.equal("2\n", same({ stdin = "#!shebang\nprint(debug.getinfo(1, 'l').currentline)" }).stdout)
  end)

  it("may read the rest of stdin itself", function()
    assert.equal("a b|1.5\n", same({ "-e", "print(io.read('l') .. '|' .. io.read('n'))", stdin = "a b\n1.5" }).stdout)
  end)
end)
