local child = require("spec.support.child")

-- Runs a script under a shell that does something to its files, once by each program.
local function same_under(shell_line, script)
  local function run(program)
    local outcome = child.run({ program = "bash", "-c", shell_line, "bash", program, "-e", script })
    local pattern = program:gsub("%p", "%%%0")
    outcome.stderr = outcome.stderr:gsub(pattern, "lua")
    return outcome
  end
  local outcome = run(child.PROGRAM)
  assert.same(run("lua5.4"), outcome)
  return outcome
end

-- Tells on stderr what writing to stdout gave.
local TRY = [[
  local function tell(_, message, number) io.stderr:write(tostring(message), " ", tostring(number), "\n") end
  io.stdout:setvbuf("no")
  tell(io.stdout:write("text"))
]]

describe("an output", function()
  it("that is full is reported to who asks, and to nobody else", function()
    assert.equal("No space left on device 28\n", same_under('"$@" >/dev/full', TRY).stderr)
    assert.same({ stdout = "", stderr = "", exit_code = 0 }, same_under('"$@" >/dev/full', "print('text')"))
    assert.equal(0, same_under('"$@" >/dev/full', "print('text') os.exit(0, true)").exit_code)
    assert.equal(0, same_under('"$@" 2>/dev/full', "io.stderr:write('text')").exit_code)
    assert.equal(1, same_under('"$@" 2>/dev/full', "error('x')").exit_code)
  end)

  it("that is closed is reported to who asks, and to nobody else", function()
    assert.equal("Bad file descriptor 9\n", same_under('"$@" >&-', TRY).stderr)
    assert.equal(0, same_under('"$@" >&-', "print('text')").exit_code)
    assert.equal("text\n", same_under('"$@" 2>&-', "io.stderr:write('lost') print('text')").stdout)
    assert.equal(1, same_under('"$@" 2>&-', "error('x')").exit_code)
    assert.equal("text\n", same_under('"$@" <&- 2>&-', "print('text')").stdout)
  end)

  it("whose reader is gone ends the program by SIGPIPE", function()
    local outcome = same_under('{ "$@"; echo "status $?" >&2; } | true', [[
      io.stdout:setvbuf("no")
      for _ = 1, 1000000 do print("text") end
    ]])
    assert.match("status 141\n$", outcome.stderr)
  end)

  it("whose reader is gone does so although idle started programs", function()
    local outcome = child.run({ program = "bash", "-c", '{ "$@"; echo "status $?" >&2; } | true', "bash", child.PROGRAM,
      "-e", [[
        require("idle").exec{ command = { "true" } }
        io.stdout:setvbuf("no")
        for _ = 1, 1000000 do print("text") end
      ]] })
    assert.equal("status 141\n", outcome.stderr)
  end)

  it("is complete and in order, through a pipe and a file, whatever the buffering", function()
    for _, mode in ipairs({ "no", "line", "full" }) do
      local script = ("io.stdout:setvbuf('%s') for i = 1, 3 do print(i) io.stderr:write(i, '!\\n') end"):format(mode)
      assert.equal("1\n2\n3\n", same_under('"$@" | cat', script).stdout)
    end
  end)

  it("of a program that was started joins ours in order", function()
    assert.equal("one\ntwo\nthree\n", same_under('"$@" | cat', [[
      print("one") io.stdout:flush()
      os.execute("echo two")
      print("three")
    ]]).stdout)
  end)

  it("through io.popen and os.execute works as in lua, statuses included", function()
    assert.equal("text\ttrue\texit\t0\n", same_under('"$@"', [[
      local pipe = io.popen("echo text")
      local text = pipe:read("a"):gsub("\n", "")
      print(text, pipe:close())
    ]]).stdout)
    assert.equal("nil\texit\t3\n", same_under('"$@"', "print(os.execute('exit 3'))").stdout)
    assert.equal("nil\tsignal\t9\n", same_under('"$@"', "print(os.execute('kill -9 $$'))").stdout)
  end)
end)

describe("a program that os.execute starts", function()
  it("inherits neither files nor signals of ours", function()
    local show = "os.execute('ls /proc/self/fd; grep Sig[BIC] /proc/self/status')"
    local expected = child.run({ program = "lua5.4", "-e", show }).stdout
    assert.equal(expected, child.run({ "-e", show }).stdout)
    local after_exec = "require('idle').exec{ command = { 'true' } } " .. show
    assert.equal(expected, child.run({ "-e", after_exec }).stdout)
  end)
end)

describe("an input", function()
  it("that is closed is an empty script that can't be read", function()
    local function run(program) return child.run({ program = "bash", "-c", '"$@" <&-', "bash", program, "-" }) end
    assert.equal(run("lua5.4").stdout, run(child.PROGRAM).stdout)
    assert.is_true(run(child.PROGRAM).exit_code ~= 0)
  end)

  it("is read by the script as in lua", function()
    local outcome = child.same_as_lua({ "-e", [[
      print(io.read("n", "l"))
      for line in io.lines() do io.write("[", line, "]") end
      print(io.read("a"), io.read("l"))
    ]], stdin = "12 rest\na\n\nb" })
    assert.equal("12\t rest\n[a][][b]\tnil\n", outcome.stdout)
  end)
end)
