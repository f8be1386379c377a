local child = require("spec.support.child")
local file = require("idle.file")
local same = child.same_as_lua

-- Prints the whole table `arg` in order, and the arguments of the chunk.
local SHOW = [[
  local low, high = 0, 0
  for i in pairs(arg) do low, high = math.min(low, i), math.max(high, i) end
  for i = low, high do io.write(i, "=", tostring(arg[i]), " ") end
  print("| " .. table.concat({ ... }, " "))
]]

describe("the table `arg`", function()
  local folder

  setup(function()
    folder = child.folder({
      ["show.lua"] = SHOW,
      ["show_module.lua"] = SHOW,
      ["count.lua"] = "print(select('#', ...))",
    })
  end)

  teardown(function() file.remove_all(folder) end)

  local function shown(...) return same({ cwd = folder, ... }).stdout end

  it("has the script at 0, its arguments behind it, and what stood before it at negative indices", function()
    assert.equal("-2=lua -1=-- 0=show.lua 1=a 2= 3=-e | a  -e\n", shown("--", "show.lua", "a", "", "-e"))
  end)

  it("has the options one by one as they were written", function()
    assert.equal("-6=lua -5=-W -4=-e -3=  -2=-lmath -1=-E 0=show.lua | \n",
      shown("-W", "-e", " ", "-lmath", "-E", "show.lua"))
  end)

  it("has - at 0 for stdin", function()
    local outcome = same({ "-", "x", stdin = SHOW })
    assert.equal("-1=lua 0=- 1=x | x\n", outcome.stdout)
  end)

  it("begins with the program's name if there is no script", function()
    assert.equal("0=lua 1=-e 2=" .. SHOW .. " | \n", shown("-e", SHOW))
    assert.equal("0=lua | \n", same({ stdin = SHOW }).stdout)
  end)

  it("is there for LUA_INIT, -e and -l", function()
    assert.equal("3.2\n", same({ "-", "3.2", env = { LUA_INIT = "X = tonumber(arg[1])" }, stdin = "print(X)" }).stdout)
    assert.match("^%-3=lua %-2=%-l %-1=show_module 0=count.lua 1=a | show_module ./show_module.lua\n1\n$",
      shown("-l", "show_module", "count.lua", "a"))
  end)

  it("gives the script the arguments that it holds when the script starts", function()
    assert.equal("100\tb\n", same({ "-e", "arg[1] = 100", "-", "a", "b", stdin = "print(...)" }).stdout)
    assert.equal("2\n", same({ "-e", "arg[1], arg[2] = 'x', 'y'", "count.lua", cwd = folder }).stdout)
    assert.equal("0\n", same({ "-e", "arg = {}", "count.lua", "a", cwd = folder }).stdout)
  end)

  it("must stay a table", function()
    local outcome = same({ "-e", "arg = 1", "-", stdin = "print(1)" })
    assert.equal("lua: 'arg' is not a table\n", outcome.stderr)
    assert.equal("", outcome.stdout)
  end)

  it("may hold many arguments", function()
    local arguments = { "count.lua", cwd = folder }
    for i = 1, 3000 do arguments[i + 1] = "a" end
    assert.equal("3000\n", same(arguments).stdout)
  end)

  it("holds bytes as they are", function()
    assert.equal("\xff\xfe \u{1F600} a b\n", same({ "-", "\xff\xfe", "\u{1F600}", "a b",
      stdin = "print(arg[1] .. ' ' .. arg[2] .. ' ' .. arg[3])" }).stdout)
  end)
end)
