local child = require("spec.support.child")
local file = require("idle.file")

-- What the modules of idle learn of the command line.
local SHOW = [[
  local options = require("idle.host.options")
  print(options.events, options.trace, options.json, options.timeout)
]]

describe("idle's long options:", function()
  local folder

  setup(function()
    folder = child.folder({
      ["show.lua"] = SHOW .. " print('script', ...)",
      ["sync"] = "print('my sync', ...)",
    })
  end)

  teardown(function() file.remove_all(folder) end)

  local function run(...) return child.run({ cwd = folder, ... }) end

  local function refusal(...)
    local outcome = run(...)
    assert.same({ "", 64 }, { outcome.stdout, outcome.exit_code })
    return outcome.stderr:sub(1, #child.PROGRAM + 2) == child.PROGRAM .. ": "
      and outcome.stderr:sub(#child.PROGRAM + 3) or outcome.stderr
  end

  it("stand before a script, among lua's", function()
    local outcome = run("--trace", "-e", "x = 1", "--timeout", "60", "--events=e.jsonl", "-W", "show.lua", "a")
    assert.equal("e.jsonl\ttrue\tfalse\t60.0\nscript\ta\n", outcome.stdout)
    assert.same({ "", 0 }, { outcome.stderr, outcome.exit_code })
  end)

  it("are off unless they are given", function()
    assert.equal("nil\tfalse\tfalse\tnil\nscript\n", run("show.lua").stdout)
  end)

  it("belong to the script after it", function()
    assert.equal("nil\tfalse\tfalse\tnil\nscript\t--trace\t--timeout\tx\t--nonsense\t--version\n",
      run("show.lua", "--trace", "--timeout", "x", "--nonsense", "--version").stdout)
    assert.equal("--version\n", child.run({ "-", "--version", stdin = "print(...)" }).stdout)
  end)

  it("end with --", function()
    assert.match("cannot open %-%-trace", run("--", "--trace").stderr)
    assert.equal(66, run("--", "--trace").exit_code)
  end)

  it("are counted in `arg` as lua's are", function()
    assert.equal("--timeout\t60\t--trace\n", child.run({ "--timeout", "60", "--trace", "-",
      stdin = "print(arg[-3], arg[-2], arg[-1])" }).stdout)
  end)

  it("take the last value that is given", function()
    assert.equal("b\tfalse\tfalse\t3.0\nscript\n",
      run("--events", "a", "--timeout=2", "--events", "b", "--timeout", "3", "show.lua").stdout)
  end)

  it("are refused if unknown, with the nearest name", function()
    assert.equal("unknown option '--timout'; did you mean '--timeout'?\n", refusal("--timout", "3", "show.lua"))
    assert.equal("unknown option '--event'; did you mean '--events'?\n", refusal("--event=x", "show.lua"))
    assert.equal("unknown option '--versoin'; did you mean '--version'?\n", refusal("--versoin"))
    assert.equal("unknown option '--nonsense'; see --help\n", refusal("--nonsense"))
    assert.equal("unknown option '--'; see --help\n", refusal("--=x"))
  end)

  it("are refused before anything is run", function()
    assert.match("unknown option", refusal("-e", "print(1)", "--nonsense"))
  end)

  it("need their value, and only theirs", function()
    assert.equal("option '--events' needs an argument\n", refusal("--events"))
    assert.equal("option '--events' needs an argument\n", refusal("--events=", "show.lua"))
    assert.equal("option '--trace' takes no argument\n", refusal("--trace=1", "show.lua"))
    assert.equal("option '--version' takes no argument\n", refusal("--version=1"))
  end)

  it("do not turn the output of a script into JSON", function()
    assert.equal("option '--json' is for commands, not for scripts\n", refusal("--json", "show.lua"))
    assert.equal("option '--json' is for commands, not for scripts\n", refusal("--json", "-e", "print(1)"))
    assert.equal("option '--json' is for commands, not for scripts\n", refusal("--json"))
  end)

  describe("--version", function()
    it("names the versions of the program and of the libraries it runs on", function()
      local outcome = run("--version")
      assert.match("^idle%-lua %d+%.%d+%.%d+\nLua 5%.4%.%d+\nlibssh2 %d[%d.]*\nlibuv %d[%d.]*\nSQLite %d[%d.]*\n$",
        outcome.stdout)
      assert.same({ "", 0 }, { outcome.stderr, outcome.exit_code })
    end)

    it("does nothing else", function()
      assert.equal(run("--version").stdout, run("--version", "-e", "print(1)").stdout)
    end)
  end)

  describe("--help", function()
    it("prints every option on stdout, with examples", function()
      local outcome = run("--help")
      assert.same({ "", 0 }, { outcome.stderr, outcome.exit_code })
      for _, word in ipairs({ "--events", "--timeout", "--trace", "--json", "--version", "-e", "-l", "-i", "-v", "-E",
        "-W", "sync", "sim" }) do
        assert.is_truthy(outcome.stdout:find(word, 1, true), word)
      end
    end)

    it("is the same as `help`", function()
      assert.equal(run("--help").stdout, run("help").stdout)
    end)
  end)

  describe("the word of a command", function()
    it("is no script, unless it is written as a path", function()
      assert.not_match("my sync", run("sync", "--help").stdout)
      assert.equal("my sync\t--help\n", run("./sync", "--help").stdout)
      assert.equal("my sync\n", run("--", "sync").stdout)
    end)

    it("may stand before or after our options", function()
      assert.equal(run("sync", "--help").stdout, run("--help", "sync").stdout)
    end)

    it("does not go with lua's options", function()
      assert.equal("lua's options are for scripts, not for the command 'sync'; a script of that name is './sync'\n",
        refusal("-e", "print(1)", "sync"))
      assert.match("^lua's options", refusal("-i", "sync"))
      assert.match("^lua's options", refusal("-E", "sync"))
    end)

    it("is reserved, although its capability is absent", function()
      for _, word in ipairs({ "resume", "runs", "show", "report", "doctor" }) do
        assert.match("the command '" .. word .. "' is not in this version", refusal(word, "x"))
      end
    end)
  end)
end)
