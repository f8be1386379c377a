local child = require("spec.support.child")

-- In front of scripts.
local PRELUDE = [[
  local idle = require("idle")
  local function closing(f) return setmetatable({}, { __close = f }) end
]]

local function run(script) return child.run({ "-", stdin = PRELUDE .. script }) end

describe("os.exit, while other tasks wait,", function()
  -- A task that waits, and tells when it is told to end.
  local WAITER = [[
    idle.spawn(function()
      local _ <close> = closing(function() idle.sleep(0.005) print("closed the waiter") end)
      idle.sleep(60)
    end)
    idle.sleep(0)
    local _ <close> = closing(function() print("closed main") end)
  ]]

  it("lets the other tasks end, whether it closes the state or not", function()
    local outcome = run(WAITER .. "os.exit(4)")
    assert.same({ stdout = "closed the waiter\n", stderr = "", exit_code = 4 }, outcome)
    assert.equal("closed the waiter\nclosed main\n", run(WAITER .. "os.exit(4, true)").stdout)
  end)

  it("works in a spawned task", function()
    local outcome = run(WAITER .. "idle.spawn(os.exit, 4) idle.sleep(60)")
    assert.match("closed the waiter\n", outcome.stdout)
    assert.equal(4, outcome.exit_code)
    assert.equal(4, run(WAITER .. "idle.spawn(os.exit, 4, true):join()").exit_code)
  end)

  it("works where Lua can't yield, but then nobody can wait any more", function()
    local outcome = run(WAITER .. "table.sort({ 1, 2 }, function() os.exit(4) end)")
    assert.equal(4, outcome.exit_code)
    assert.not_match("closed main", outcome.stdout)
  end)

  it("does not wait for a task that does not end", function()
    local outcome = run([[
      idle.spawn(function() while true do pcall(idle.sleep, 60) end end)
      idle.sleep(0)
      os.exit(4)
    ]])
    assert.same({ "", 4 }, { outcome.stderr, outcome.exit_code })
  end)

  it("in another task's cleanup still ends the program", function()
    assert.equal(5, run([[
      idle.spawn(function() local _ <close> = closing(function() os.exit(5) end) idle.sleep(60) end)
      idle.sleep(0)
      os.exit(4)
    ]]).exit_code)
  end)
end)
