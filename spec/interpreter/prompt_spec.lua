local child = require("spec.support.child")
local file = require("idle.file")

-- How readline shows the lines depends on these.
local PLAIN = { TERM = "dumb", INPUTRC = "/dev/null" }

-- Types lines at both prompts, through a pipe; returns what both answered.
local function answers(input, ...)
  local options = { ... }
  options[#options + 1], options.stdin, options.env = "-i", input, PLAIN
  return child.same_as_lua(options)
end

-- The same without version, prompts and echo.
local function results(input)
  local outcome = answers(input, "-e", "_PROMPT, _PROMPT2 = '', ''")
  assert.same({ "", 0 }, { outcome.stderr, outcome.exit_code })
  return outcome.stdout
end

describe("the prompt", function()
  it("greets, asks for lines, and says good-bye with a line end", function()
    assert.equal("Lua 5.4.4  Copyright (C) 1994-2022 Lua.org, PUC-Rio\n> \n", answers("").stdout)
    assert.match("\n> 1%+1\n2\n> \n$", answers("1+1\n").stdout)
  end)

  it("prints the values of expressions", function()
    assert.match("1\tnil\tthree\n", results("1, nil, 'three'\n"))
    assert.match("\n1\t2\n", results("return 1, 2\n"))
    assert.match("\n=2\n2\n", results("=2\n"))
    results("nil\n")
    results("a = 5\na\n-- comment\n\na + 1\n")
    results("print('x')\n(print)('y')\nf = function() end f()\n")
    results("('x'):rep(1000)\n")
  end)

  it("keeps globals from line to line, but no locals", function()
    assert.match("\n1\n.*\nnil\n", results("local b = 1; print(b)\nprint(b)\n"))
  end)

  it("asks on while a statement is incomplete", function()
    assert.match("\n>> 10\n> a\n10\n", answers("a =\n10\na\n").stdout)
    results("for i = 1, 2 do\nprint(i)\nend\n")
    results("s = [[b\nc\nd]]\n=s\n")
    results("print(\n1\n,2\n)\n")
    results("function g(x)\n\n  -- nothing\n  return x\nend\ng(7)\n")
  end)

  it("reports errors and goes on", function()
    local outcome = answers("error('x')\n1 +* 2\nerror({})\nerror()\nnil .. 'x'\n'still here'\n")
    assert.match("^stdin:1: x\nstack traceback:\n\t%[C%]: in function 'error'\n", outcome.stderr)
    assert.match("\nstill here\n> \n$", outcome.stdout)
    assert.equal(0, outcome.exit_code)
  end)

  it("reports a statement that the end of the input left incomplete", function()
    local outcome = child.run({ "-i", stdin = "for i = 1, 2 do\n", env = PLAIN }) -- lua says "(null)" here
    assert.equal("stdin:1: 'end' expected near <eof>\n", outcome.stderr)
    assert.match("\n1\n", answers("print(1)").stdout)
  end)

  it("is what the script sets as _PROMPT and _PROMPT2", function()
    assert.match("\none a =\ntwo 1\none \n$", answers("a =\n1\n", "-e", "_PROMPT, _PROMPT2 = 'one ', 'two '").stdout)
    local counting = "local n = 0 _PROMPT = setmetatable({}, { __tostring = function() n = n + 1 return n .. ' ' end })"
    assert.match("\n1 %-%-\n2 a = 2\n3 \n$", answers("--\na = 2\n", "-e", counting).stdout)
    answers("1\n", "-e", "_PROMPT = 7")
    answers("_PROMPT = 'new '\n_PROMPT = nil\n1\n")
  end)

  it("ends the program if its text can't be made", function()
    local prompt = "_PROMPT = setmetatable({}, { __tostring = function() error('no prompt') end })"
    local outcome = child.run({ "-i", "-e", prompt, stdin = "1\n", env = PLAIN })
    assert.match(": no prompt\n$", outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)

  it("prints by the global `print`", function()
    assert.match("\n<3>\n", results("print = function(...) io.write('<', ..., '>\\n') end\n1 + 2\n"))
    local outcome = answers("10\n", "-e", "print = nil")
    assert.equal("error calling 'print' (attempt to call a nil value)\n", outcome.stderr)
    answers("10\n", "-e", "print = function() error('broken') end")
  end)

  it("comes after -e, LUA_INIT and the script", function()
    local outcome = child.same_as_lua({ "-i", "-e", "print(1)", "-", "a", stdin = "print(2, ...)", env = PLAIN })
    assert.match("PUC%-Rio\n1\n2\ta\n", outcome.stdout)
  end)

  it("does not come if one of them failed", function()
    local outcome = answers("print('prompt')\n", "-e", "error('x')")
    assert.not_match("prompt", outcome.stdout)
    assert.equal(1, outcome.exit_code)
    outcome = child.run({ "-i", "none.lua", stdin = "print('prompt')\n" })
    assert.not_match("prompt\n", outcome.stdout)
    assert.equal(66, outcome.exit_code)
  end)

  it("lets the script read lines from the same input", function()
    assert.match("<next line>\n", results("print('<' .. io.read() .. '>')\nnext line\n1\n"))
  end)

  it("leaves by os.exit", function()
    assert.equal(3, answers("os.exit(3)\nprint('never')\n").exit_code)
    local outcome = answers("x = setmetatable({}, { __gc = function() print('gc') end })\nos.exit(4, true)\n")
    assert.match("\ngc\n$", outcome.stdout)
    assert.equal(4, outcome.exit_code)
  end)

  it("reads from a plain file as well", function()
    local folder = child.folder({ lines = "1+1\n=2\n" })
    local function read_by(program)
      return child.run({ program = "sh", "-c", 'exec "$0" -i <lines', program, env = PLAIN, cwd = folder })
    end
    local theirs, ours = read_by("lua5.4"), read_by(child.PROGRAM)
    file.remove_all(folder)
    assert.same(theirs, ours)
    assert.match("\n2\n> =2\n2\n", ours.stdout)
  end)

  it("takes lines of any length", function()
    local long = ("1+"):rep(5000) .. "1"
    assert.match("\n5001\n", results(long .. "\n"))
  end)

  it("can wait, and lets the tasks go on while it asks", function()
    local started <close> = child.start({ "-i", "-e", "_PROMPT = '' io.stdout:setvbuf('line')", env = PLAIN })
    started:write("idle = require('idle')\n")
    started:write("task = idle.spawn(function() idle.sleep(0.01) print('tick') idle.sleep(0.01) print('tock') end)\n")
    started:read_up_to("tick")
    started:read_up_to("tock")
    started:write("idle.sleep(0.001) print('waited')\n")
    started:read_up_to("waited")
    local outcome = started:outcome()
    assert.same({ "", 0 }, { outcome.stderr, outcome.exit_code })
  end)

  it("waits for the tasks at its end, and reports their errors", function()
    local outcome = child.run({ "-i", "-e", "idle = require('idle')", env = PLAIN,
      stdin = "_ = idle.spawn(function() idle.sleep(0.01) print('done') error('late', 0) end)\n" })
    assert.match("done\n", outcome.stdout)
    assert.match("late\n", outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)
end)
