local child = require("spec.support.child")
local file = require("idle.file")
local same = child.same_as_lua

describe("the environment variable", function()
  local folder

  setup(function()
    folder = child.folder({
      ["init.lua"] = "x = (x or 10) + 1 print('init', x, ...)",
      ["bad.lua"] = "error('from the file')",
      ["paths.lua"] = "print(package.path) print(package.cpath)",
    })
  end)

  teardown(function() file.remove_all(folder) end)

  describe("LUA_INIT", function()
    it("is run before -e and the script", function()
      assert.equal("init\n-e\nscript\n", same({ "-e", "print('-e')", "-",
        env = { LUA_INIT = "print('init', ...)" }, stdin = "print('script')" }).stdout)
    end)

    it("comes after -v", function()
      assert.match("PUC%-Rio\ninit\n$", same({ "-v", env = { LUA_INIT = "print('init')" } }).stdout)
    end)

    it("names a file behind @", function()
      assert.equal("init\t11\ninit\t12\n", same({ "init.lua", env = { LUA_INIT = "@init.lua" }, cwd = folder }).stdout)
    end)

    it("gives way to LUA_INIT_5_4", function()
      local env = { LUA_INIT = "print('old')", LUA_INIT_5_4 = "print('new')" }
      assert.equal("new\n", same({ "-e", "", env = env }).stdout)
      assert.equal("", same({ "-e", "", env = { LUA_INIT = "print('old')", LUA_INIT_5_4 = "" } }).stdout)
    end)

    it("stops everything by an error, which names the variable", function()
      local outcome = same({ "-e", "print(1)", env = { LUA_INIT = "error('msg')" } })
      assert.match("^lua: LUA_INIT:1: msg\n", outcome.stderr)
      assert.equal("", outcome.stdout)
      assert.equal(1, outcome.exit_code)
      assert.match("^lua: LUA_INIT_5_4:2: msg\n", same({ "-v", env = { LUA_INIT_5_4 = "\nerror('msg')" } }).stderr)
      assert.match("^lua: LUA_INIT:1: ", same({ "-v", env = { LUA_INIT = "a b" } }).stderr)
    end)

    it("stops everything by an error in its file", function()
      assert.match("^lua: bad.lua:1: from the file\n",
        same({ "-e", "print(1)", env = { LUA_INIT = "@bad.lua" }, cwd = folder }).stderr)
    end)

    it("may be a task that waits", function()
      local init = "require('idle').sleep(0.001) print('slept')"
      assert.equal("slept\n", child.run({ "-e", "", env = { LUA_INIT_5_4 = init } }).stdout)
    end)
  end)

  describe("LUA_PATH", function()
    local function path(value, versioned)
      return same({ "-e", "print(package.path)", env = { LUA_PATH = value, LUA_PATH_5_4 = versioned } }).stdout
    end

    it("sets package.path", function()
      assert.equal("x\n", path("x"))
      assert.equal("y\n", path("x", "y"))
      assert.equal("\n", path("x", ""))
    end)

    it("names the default by ;;", function()
      local default = path():gsub("\n$", "")
      assert.equal(default .. "\n", path(";;"))
      assert.equal("a;" .. default .. "\n", path("a;;"))
      assert.equal(default .. ";b\n", path(";;b"))
      assert.equal("a;" .. default .. ";b\n", path("a;;b"))
      assert.equal(";\n", path(";"))
    end)

    it("finds the modules of -l", function()
      assert.equal("init\t11\tinit\t" .. folder .. "/init.lua\n",
        same({ "-l", "init", env = { LUA_PATH_5_4 = folder .. "/?.lua" } }).stdout)
    end)
  end)

  describe("LUA_CPATH", function()
    it("sets package.cpath", function()
      local function cpath(env) return same({ "-e", "print(package.cpath)", env = env }).stdout end
      assert.equal("x\n", cpath({ LUA_CPATH = "x" }))
      assert.equal("y\n", cpath({ LUA_CPATH = "x", LUA_CPATH_5_4 = "y" }))
      assert.match("^a;/usr.*\n$", cpath({ LUA_CPATH = "a;;" }))
    end)
  end)

  it("that is none of lua's leaves everything as it is", function()
    local default = same({ "paths.lua", cwd = folder }).stdout
    assert.equal(default, same({ "paths.lua", cwd = folder, env = { LUA_PATH_5_3 = "x", LUA_CPATH_5_3 = "x" } }).stdout)
  end)

  describe("with -E", function()
    it("does not count", function()
      local default = same({ "paths.lua", cwd = folder }).stdout
      local env = { LUA_INIT = "error(10)", LUA_INIT_5_4 = "error(11)", LUA_PATH = "x", LUA_PATH_5_4 = "x",
        LUA_CPATH = "x", LUA_CPATH_5_4 = "x" }
      assert.equal(default, same({ "-E", "paths.lua", cwd = folder, env = env }).stdout)
      assert.equal(default, same({ "-e", "", "-E", "paths.lua", cwd = folder, env = env }).stdout)
    end)

    it("can still be read by the script", function()
      assert.equal("x\n", same({ "-E", "-e", "print(os.getenv('LUA_PATH'))", env = { LUA_PATH = "x" } }).stdout)
    end)
  end)
end)
