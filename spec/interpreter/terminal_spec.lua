local child = require("spec.support.child")

-- Each prompt is a line of its own, so that a spec can wait for it.
local PROMPT = "_PROMPT, _PROMPT2 = 'ready\\n', 'more\\n'"

-- Starts idle-lua on a terminal, with arguments for the shell; what it prints
-- comes with the line ends of a terminal, and with an echo of what was typed.
local function on_terminal(arguments)
  return child.start({ program = "script", "-qec", child.PROGRAM .. " " .. arguments, "/dev/null",
    env = { TERM = "dumb", INPUTRC = "/dev/null", LUA_INIT = PROMPT, SHELL = "/bin/sh" } })
end

-- The same, once the prompt is there.
local function at_prompt()
  local terminal = on_terminal("-i")
  terminal:read_up_to("ready\r")
  return terminal
end

-- Types a line at the prompt and returns the lines of the answer.
local function ask(terminal, line)
  terminal:write(line .. "\n")
  terminal:read_up_to(line .. "\r")
  local lines = {}
  while lines[#lines] ~= "ready\r" do lines[#lines + 1] = terminal:read_line() end
  lines[#lines] = nil
  return table.concat(lines, "\n"):gsub("\r", "")
end

describe("on a terminal", function()
  it("the prompt comes without any option, after the version", function()
    local terminal <close> = on_terminal("")
    assert.equal("Lua 5.4.4  Copyright (C) 1994-2022 Lua.org, PUC-Rio\r", terminal:read_line())
    terminal:read_up_to("ready\r")
    assert.equal("2", ask(terminal, "1+1"))
    assert.equal("3", ask(terminal, "=3"))
    assert.equal("", ask(terminal, "x = 4"))
    assert.equal("4\tnil", ask(terminal, "x, nil"))
  end)

  it("the prompt ends at the end of the input, ^D", function()
    local terminal <close> = at_prompt()
    terminal:write("\4")
    assert.equal(0, terminal:outcome().exit_code)
  end)

  it("lines may be edited", function()
    local terminal <close> = at_prompt()
    terminal:write("12\b\b34\n")
    while terminal:read_line() ~= "34\r" do end
  end)

  it("an incomplete line asks on", function()
    local terminal <close> = at_prompt()
    terminal:write("x =\n")
    terminal:read_up_to("more\r")
    terminal:write("7\n")
    terminal:read_up_to("ready\r")
    assert.equal("7", ask(terminal, "x"))
  end)

  it("errors are shown, and the prompt goes on", function()
    local terminal <close> = at_prompt()
    assert.match("^stdin:1: no\nstack traceback:\n", (ask(terminal, "error('no')")))
    assert.equal("1", ask(terminal, "1"))
  end)

  it("^C stops what computes or waits, and the prompt goes on", function()
    local terminal <close> = at_prompt()
    for _, line in ipairs({
      "print('begun') while true do end",
      "print('begun') require('idle').sleep(60)",
      "coroutine.wrap(function() print('begun') while true do end end)()",
    }) do
      terminal:write(line .. "\n")
      terminal:read_up_to("begun\r")
      terminal:write("\3")
      repeat until terminal:read_line():find("interrupted!\r$")
      terminal:read_up_to("ready\r")
    end
    assert.equal("1", ask(terminal, "1"))
  end)

  it("^C at the prompt itself ends the program, as in lua", function()
    local terminal <close> = at_prompt()
    terminal:write("\3")
    assert.equal(130, terminal:outcome().exit_code)
  end)

  it("tasks go on while the prompt waits, and print between its lines", function()
    local terminal <close> = at_prompt()
    ask(terminal, "idle = require('idle')")
    ask(terminal, "function tick(i) idle.sleep(0.01) print('tick ' .. i) end")
    ask(terminal, "t = idle.spawn(function() tick(1) tick(2) return 'done' end)")
    for i = 1, 2 do
      repeat until terminal:read_line():find("tick " .. i, 1, true)
    end
    assert.equal("done", ask(terminal, "t:join()"))
  end)

  it("leaves the terminal as it was", function()
    local outcome = child.run({ program = "script", "-qec",
      "before=$(stty -a); " .. child.PROGRAM .. " -i; test \"$before\" = \"$(stty -a)\" && echo same", "/dev/null",
      stdin = "1\nos.exit()\n", env = { TERM = "dumb", SHELL = "/bin/sh" } })
    assert.match("same\r\n", outcome.stdout)
  end)

  it("a script that is given runs without a prompt", function()
    local terminal <close> = on_terminal("-e \"print('x')\"")
    assert.equal("x\r", terminal:read_line())
    assert.equal(0, terminal:outcome().exit_code)
  end)

  it("- runs what is typed as a script", function()
    local terminal <close> = on_terminal("-")
    terminal:write("print('typed')\n\4")
    terminal:read_up_to("typed\r")
    assert.equal(0, terminal:outcome().exit_code)
  end)
end)
