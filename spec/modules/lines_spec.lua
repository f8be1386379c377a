local child = require("spec.support.child")
local file = require("idle.file")

-- Numbered, for the lines that are looked at.
local COUNTED = [[
local idle = require("idle")
local function count()
  local n = 0 -- 3
  n = n + 1
  return n
end
count()
coroutine.wrap(function()
  coroutine.yield(count()) -- 9
end)()
idle.spawn(function()
  idle.sleep(0.001) -- 12
  count() -- 13
end):join()
]]

describe("idle.lines", function()
  local folder

  before_each(function() folder = child.folder({ ["counted.lua"] = COUNTED }) end)
  after_each(function() file.remove_all(folder) end)

  local function run(script, ...)
    return child.run({ "-e", 'local lines = require("idle.lines") lines.count() ' .. script, cwd = folder, ... })
  end

  it("counts in the main chunk, in coroutines and in tasks", function()
    local outcome = run([[
      dofile("counted.lua")
      local source = lines.hits()[1]
      local hits = source.hits
      print(#lines.hits(), source.path, hits[3], hits[9], hits[12], hits[13], hits[99])
    ]])
    assert.equal("1\tcounted.lua\t3\t1\t1\t1\tnil\n", outcome.stdout, outcome.stderr)
  end)

  it("counts files alone, and every time that one is loaded", function()
    local outcome = run([[
      for _ = 1, 3 do dofile("counted.lua") end
      load("local a = 1")()
      local total = 0
      for _, source in ipairs(lines.hits()) do total = total + source.hits[3] end
      print(total)
    ]])
    assert.equal("9\n", outcome.stdout, outcome.stderr)
  end)

  it("gives nothing where nothing was counted", function()
    assert.equal("0\n", child.run({ "-e", "print(#require('idle.lines').hits())" }).stdout)
  end)

  it("goes on after a signal was caught", function()
    assert(file.write_private(folder .. "/loop.lua", [[
      local has_end = ...
      local n = 0
      repeat
        n = n + 1
        if n == 1000 then io.write("begun\n") io.flush() end
      until has_end
    ]]))
    local started <close> = child.start({ "-e", [[
      local lines = require("idle.lines")
      lines.count()
      local chunk = loadfile("loop.lua")
      print(pcall(chunk))
      local before = lines.hits()[1].hits[4]
      print(before >= 1000, pcall(chunk, true), lines.hits()[1].hits[4] - before)
    ]], cwd = folder })
    started:read_up_to("begun")
    started:signal("INT")
    assert.matches("^false\t.*interrupted!$", started:read_line())
    assert.equal("true\ttrue\t1", started:read_line())
  end)

  it("does not keep a task that computes from being ended", function()
    local outcome = child.run({ "--timeout", "1.5", "-e", [[
      local idle = require("idle")
      require("idle.lines").count()
      idle.spawn(function() while true do end end)
      local ok, err = pcall(idle.sleep, 60)
      print(err.kind)
    ]] })
    assert.equal("timeout\n", outcome.stdout)
    assert.equal(124, outcome.exit_code)
  end)

  it("survives finalizers at the end", function()
    local outcome = run([[ kept = setmetatable({}, { __gc = function()
      print("end")
    end }) os.exit(0, true) ]])
    assert.equal("end\n", outcome.stdout)
    assert.equal(0, outcome.exit_code)
  end)
end)
