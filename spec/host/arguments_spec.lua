local arguments = require("idle.host.arguments")

describe("idle.host.arguments", function()
  local rows = {
    { name = "host", value = "HOST", help = "", example = "--host aad01" },
    { name = "port", value = "PORT", type = "port", help = "", example = "--port 22" },
    { name = "poll", value = "SECONDS", type = "number", help = "", example = "--poll 5" },
    { name = "pause", value = "SECONDS", type = "duration", help = "", example = "--pause 0" },
    { name = "policy", value = "TYPE", choices = { "Delta", "Initial" }, help = "", example = "--policy Delta" },
    { name = "set", value = "NAME=VALUE", repeated = true, help = "", example = "--set a=1" },
    { name = "json", help = "", example = "--json" },
  }

  local function failure(...)
    local ok, err = pcall(arguments.parse, { ... }, rows)
    assert.is_false(ok)
    assert.equal("input.option", err.kind)
    return err.message
  end

  it("reads values behind a blank and behind an equals sign", function()
    local options = arguments.parse({ "--host", "aad01", "--port=2222", "--json" }, rows)
    assert.same({ host = "aad01", port = 2222, json = true }, options)
  end)

  it("takes a value for a value, even if it begins with a dash or has an equals sign", function()
    assert.same({ host = "--json" }, (arguments.parse({ "--host", "--json" }, rows)))
    assert.same({ host = "a=b" }, (arguments.parse({ "--host=a=b" }, rows)))
  end)

  it("takes the last of an option, and all of a repeated one", function()
    assert.same({ host = "b", set = { "x=1", "y=2" } },
      (arguments.parse({ "--host", "a", "--set", "x=1", "--host", "b", "--set", "y=2" }, rows)))
  end)

  it("keeps words apart, and everything after two dashes", function()
    local options, words = arguments.parse({ "one", "--json", "--", "--host" }, rows)
    assert.same({ json = true }, options)
    assert.same({ "one", "--host" }, words)
  end)

  it("finds choices whatever their case", function()
    assert.equal("Initial", arguments.parse({ "--policy", "INITIAL" }, rows).policy)
  end)

  it("names an unknown option and the nearest one", function()
    assert.equal("unknown option '--hots'; did you mean '--host'?", failure("--hots", "x"))
    assert.equal("unknown option '--zzz'", failure("--zzz"))
    assert.matches("unknown option '%-h'", failure("-h"))
  end)

  it("says what a value must be", function()
    assert.matches("%-%-policy must be one of Delta, Initial, not 'Full'", failure("--policy", "Full"))
    assert.matches("%-%-poll needs a number above 0, not 'ten'", failure("--poll", "ten"))
    assert.matches("not '0'", failure("--poll", "0"))
    assert.matches("not '%-5'", failure("--poll", "-5"))
    assert.matches("not '0x10'", failure("--poll", "0x10"))
    assert.matches("port from 1 to 65535, not '70000'", failure("--port", "70000"))
    assert.matches("port from 1 to 65535", failure("--port", "22.5"))
    assert.matches("not empty", failure("--host="))
    assert.matches("not empty", failure("--host", " "))
    assert.matches("%-%-pause needs a number, 0 or more, not '%-1'", failure("--pause", "-1"))
    assert.matches("%-%-host needs a value: %-%-host aad01", failure("--host"))
    assert.matches("%-%-json takes no value", failure("--json=yes"))
  end)

  it("escapes what people typed", function()
    assert.matches("not 'a\\x1B'", failure("--poll", "a\27"))
  end)

  it("leaves out what is not for a command that reads its arguments itself", function()
    assert.same({ "sshd", "--dir", "d", "--", "--json" },
      arguments.without({ "sshd", "--poll", "5", "--dir", "d", "--json", "--", "--json" }, rows))
  end)

  describe("take_word", function()
    it("finds the command behind options that all commands have", function()
      local word, rest = arguments.take_word({ "--json", "--poll", "5", "sync", "--host", "h" }, rows)
      assert.equal("sync", word)
      assert.same({ "--json", "--poll", "5", "--host", "h" }, rest)
    end)

    it("finds none where there is none", function()
      assert.is_nil((arguments.take_word({ "--json" }, rows)))
    end)
  end)
end)
