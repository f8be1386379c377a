local child = require("spec.support.child")
local file = require("idle.file")
local same = child.same_as_lua

describe("lua's options:", function()
  local folder

  setup(function()
    folder = child.folder({
      ["script.lua"] = "print('script', ...)",
      ["-dash.lua"] = "print('dash', ...)",
      ["greeting.lua"] = "print('loaded', ...) return { word = 'hello' }",
      ["broken.lua"] = "x = = 1",
    })
  end)

  teardown(function() file.remove_all(folder) end)

  describe("-e", function()
    it("runs its argument, which may follow at once or be the next one", function()
      assert.equal("1\n2\n3\n", same({ "-e", "print(1)", "-eprint(2)", "-e print(3)" }).stdout)
    end)

    it("shares globals, but no locals, with what comes after it", function()
      assert.equal("1\tnil\n", same({ "-e", "a = 1; local b = 2", "-e", "print(a, b)" }).stdout)
    end)

    it("comes before the script", function()
      assert.equal("first\nscript\tx\n", same({ "-e", "print('first')", "script.lua", "x", cwd = folder }).stdout)
    end)

    it("may be empty", function()
      assert.equal(0, same({ "-e", "" }).exit_code)
    end)

    it("may hold several lines, which errors count", function()
      assert.match("%(command line%):3: here", same({ "-e", "\n\nerror('here')" }).stderr)
    end)

    it("stops all that follows by an error", function()
      local outcome = same({ "-e", "print(1)", "-e", "error('no')", "-e", "print(2)", "script.lua", cwd = folder })
      assert.equal("1\n", outcome.stdout)
      assert.equal(1, outcome.exit_code)
    end)

    it("stops all that follows by a syntax error", function()
      local outcome = same({ "-e", "a", "-e", "print(2)" })
      assert.equal("", outcome.stdout)
      assert.equal("lua: (command line):1: syntax error near <eof>\n", outcome.stderr)
    end)

    it("gets no arguments in `...`", function()
      assert.equal("0\n", same({ "-e", "print(select('#', ...))", "-", "a", "b" }).stdout)
    end)

    it("does not read stdin afterwards", function()
      assert.equal("1\n", same({ "-e", "print(1)", stdin = "print(2)" }).stdout)
    end)
  end)

  describe("-l", function()
    it("puts a module into the global of its name", function()
      assert.equal("loaded\tgreeting\t./greeting.lua\nhello\n",
        same({ "-l", "greeting", "-e", "print(greeting.word)", cwd = folder }).stdout)
    end)

    it("may be followed at once by the name", function()
      assert.match("hello", same({ "-lgreeting", "-e", "print(greeting.word)", cwd = folder }).stdout)
    end)

    it("names the global before the module", function()
      local outcome = same({ "-l", "g=greeting", "-lm=math", "-e", "print(g.word, greeting, m == math)", cwd = folder })
      assert.match("hello\tnil\ttrue\n", outcome.stdout)
    end)

    it("takes what `require` is at that moment", function()
      local replace = "require = function(name) return name .. '!' end"
      assert.equal("math!\n", same({ "-e", replace, "-l", "x=math", "-e", "print(x)" }).stdout)
    end)

    it("is obeyed in its order among -e", function()
      assert.equal("before\nloaded\tgreeting\t./greeting.lua\nafter\n",
        same({ "-e", "print('before')", "-lgreeting", "-e", "print('after')", cwd = folder }).stdout)
    end)

    it("goes on to stdin, as nothing was executed", function()
      assert.equal("7\n", same({ "-l", "m=math", stdin = "print(m.max(3, 7))" }).stdout)
    end)

    it("tells where it looked for a module that is not there", function()
      local outcome = same({ "-l", "idle_none", "-e", "print(1)" })
      assert.match("^lua: module 'idle_none' not found:\n\tno field package.preload%['idle_none'%]\n", outcome.stderr)
      assert.equal(1, outcome.exit_code)
    end)

    it("tells what is wrong in a module", function()
      assert.match("error loading module 'broken' from file './broken.lua'",
        same({ "-l", "broken", cwd = folder }).stderr)
    end)
  end)

  describe("-v", function()
    it("tells the version, and is enough to do", function()
      assert.equal("Lua 5.4.4  Copyright (C) 1994-2022 Lua.org, PUC-Rio\n", same({ "-v", stdin = "print(1)" }).stdout)
    end)

    it("comes first, wherever it stands, and goes on", function()
      assert.match("PUC%-Rio\n1\n$", same({ "-e", "print(1)", "-v" }).stdout)
      assert.match("PUC%-Rio\nscript\n$", same({ "-v", "script.lua", cwd = folder }).stdout)
    end)
  end)

  describe("-W", function()
    it("turns warnings on from its place on", function()
      assert.equal("Lua warning: b\n", same({ "-e", "warn('a')", "-W", "-e", "warn('b')" }).stderr)
    end)
  end)

  describe("--", function()
    it("ends the options", function()
      assert.equal("dash\t-e\n", same({ "--", "-dash.lua", "-e", cwd = folder }).stdout)
    end)

    it("makes of - the name of a file", function()
      local outcome = child.run({ "--", "-", stdin = "print(1)", cwd = folder })
      assert.equal("", outcome.stdout)
      assert.match(": cannot open %-: No such file or directory\n$", outcome.stderr)
    end)

    it("may be the last argument", function()
      assert.equal("1\n", same({ "--", stdin = "print(1)" }).stdout)
    end)
  end)

  describe("-", function()
    it("runs stdin and gives it the arguments", function()
      assert.equal("-h\tb\n", same({ "-", "-h", "b", stdin = "print(...)" }).stdout)
    end)

    it("comes after the other options", function()
      assert.equal("1\n2\n", same({ "-e", "a = 2 print(1)", "-", stdin = "print(a)" }).stdout)
    end)
  end)

  describe("no option", function()
    it("runs stdin if that is no terminal", function()
      assert.equal("10\n2\n", same({ stdin = "print(10)\nprint(2)\n" }).stdout)
      assert.equal("", same({ stdin = "" }).stdout)
    end)
  end)

  describe("a wrong option", function()
    -- Only the usage differs: it names our commands, too.
    local function same_refusal(...)
      local ours, theirs = child.run({ ... }), child.run({ program = "lua5.4", ... })
      assert.equal(theirs.exit_code, ours.exit_code)
      assert.equal(theirs.stdout, ours.stdout)
      local complaint = ours.stderr:match("^[^\n]*"):gsub("^.-: ", "")
      assert.equal(theirs.stderr:match("^lua5.4: ([^\n]*)"), complaint)
      return complaint
    end

    it("is named, as are those that lua would combine with nothing", function()
      assert.equal("unrecognized option '-h'", same_refusal("-h"))
      for _, option in ipairs({ "---", "---version", "-Ex", "-vv", "-iv", "-We", "-vi", "-x", "-E-" }) do
        assert.equal(("unrecognized option '%s'"):format(option), same_refusal(option))
      end
    end)

    it("lacks its argument, for which another option does not count", function()
      assert.equal("'-e' needs argument", same_refusal("-e"))
      assert.equal("'-l' needs argument", same_refusal("-l"))
      assert.equal("'-e' needs argument", same_refusal("-e", "-v"))
      assert.equal("'-l' needs argument", same_refusal("-l", "-"))
    end)

    it("keeps everything else from being done", function()
      assert.equal("unrecognized option '-x'", same_refusal("-e", "print(1)", "-x"))
      assert.equal("unrecognized option '-x'", same_refusal("-v", "-x", "script.lua"))
    end)

    it("is followed by lua's whole usage and our own options", function()
      local ours, theirs = child.run({ "-h" }).stderr, child.run({ program = "lua5.4", "-h" }).stderr
      for line in theirs:gmatch("\n(  %-[^\n]*)") do assert.is_truthy(ours:find(line, 1, true), line) end
      assert.is_truthy(ours:find("--timeout", 1, true))
    end)
  end)
end)
