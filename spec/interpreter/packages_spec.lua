local child = require("spec.support.child")
local file = require("idle.file")
local same = child.same_as_lua

local function ours(script, env) return child.run({ "-e", script, env = env }).stdout end

describe("modules:", function()
  it("package's fields are those of lua", function()
    same({ "-e", "print(package.path) print(package.cpath) print(package.config)" })
    same({ "-e", "print(#package.searchers, package.searchpath('x', './?.lua;/y/?'))" })
  end)

  it("there are the same globals and libraries as in lua", function()
    local outcome = same({ "-e", [[
      local names = {}
      local function add(prefix, members)
        for name, value in pairs(members) do
          local is_ours = name:find("^idle%.") -- what the command line said, for idle's modules
          if not is_ours then names[#names + 1] = prefix .. name .. " " .. type(value) end
        end
      end
      add("", _G)
      add("loaded ", package.loaded)
      for _, library in ipairs({ "string", "table", "math", "io", "os", "debug", "coroutine", "utf8", "package" }) do
        add(library .. ".", _G[library])
      end
      table.sort(names)
      print(table.concat(names, "\n"))
    ]] })
    assert.match("\nos.exit function\n", outcome.stdout)
  end)

  it("nothing is global that a script did not ask for", function()
    assert.equal("nil\n", same({ "-e", "print(idle)" }).stdout)
  end)

  describe("idle's own", function()
    it("come from package.preload", function()
      local outcome = child.run({ "-e", [[
        for _, name in ipairs({ "idle", "idle.loop", "idle.process", "idle.json", "idle.engine.errors" }) do
          assert(type(package.preload[name]) == "function", name)
          local module, from = require(name)
          assert(type(module) == "table" and from == ":preload:", name)
          assert(require(name) == module, name)
        end
      ]] })
      assert.same({ stdout = "", stderr = "", exit_code = 0 }, outcome)
    end)

    it("can all be loaded", function()
      local outcome = child.run({ "-e", [[
        local names = {}
        for name in pairs(package.preload) do names[#names + 1] = name end
        table.sort(names)
        for _, name in ipairs(names) do assert(pcall(require, name)) end
      ]] })
      assert.same({ stdout = "", stderr = "", exit_code = 0 }, outcome)
    end)

    it("are not loaded before somebody asks", function()
      assert.equal("nil\tnil\n", ours("print(package.loaded.idle, package.loaded['idle.loop'])"))
    end)

    it("are not replaced by files on the path", function()
      local folder = child.folder({ ["idle.lua"] = "return 'another'" })
      local result = ours("print(type(require('idle')))", { LUA_PATH_5_4 = folder .. "/?.lua;;" })
      file.remove_all(folder)
      assert.equal("table\n", result)
    end)

    it("can be replaced by the script itself, as tests do", function()
      local replace = "package.preload['idle.loop'] = function() return 'mine' end "
      assert.equal("mine\n", ours(replace .. "print((require('idle.loop')))"))
    end)

    it("may be asked for by -l", function()
      local outcome = child.run({ "-lidle", "-l", "loop=idle.loop", "-e", "print(type(idle.sleep), type(loop.sleep))" })
      assert.equal("function\tfunction\n", outcome.stdout)
    end)

    it("are called by their names in messages", function()
      assert.equal("idle.host.tasks\n", ours("print(debug.getinfo(require('idle').gather, 'S').short_src)"))
    end)
  end)

  describe("C modules of the system", function()
    it("load and work: lpeg", function()
      assert.equal("4\n", ours("local lpeg = require('lpeg') print(lpeg.match(lpeg.R('09') ^ 1, '123'))"))
    end)

    it("load and work: cjson", function()
      assert.equal('{"a":[1,2]}\n', ours("print(require('cjson').encode({ a = { 1, 2 } }))"))
      assert.equal("true\n", ours("print(require('cjson').null == require('idle').null)"))
    end)

    it("load and work: socket", function()
      assert.equal("127.0.0.1\tpong\n", ours([[
        local socket = require("socket")
        local server = assert(socket.bind("127.0.0.1", 0))
        local address, port = server:getsockname()
        local client = assert(socket.connect(address, port))
        local peer = server:accept()
        peer:send("pong\n")
        print(address, (client:receive()))
      ]]))
    end)

    it("load inside a task and inside a coroutine", function()
      assert.equal("function\tfunction\n", ours([[
        local loop = require("idle.loop")
        print(loop.spawn(function() return type(require("lpeg").match) end):join(),
          coroutine.wrap(function() return type(require("cjson").encode) end)())
      ]]))
    end)

    it("that are not there are reported as in lua", function()
      assert.match("no field package.preload%['idle_none'%]", same({ "-e", "require('idle_none')" }).stderr)
    end)
  end)
end)
