local child = require("spec.support.child")

-- In front of scripts; `closing` notes the virtual time at which its block ended.
local PRELUDE = [[
  local idle = require("idle")
  io.stdout:setvbuf("line")
  local function closing()
    return setmetatable({}, { __close = function()
      local began = idle.monotonic()
      idle.sleep(1)
      print("closed after " .. idle.monotonic() - began)
    end })
  end
  local function for_ever()
    local _ <close> = closing()
    print("begun")
    while true do idle.sleep(1) end
  end
  local LONG = { limit = 1e9 }
]]

local function run(script) return child.run({ "-", stdin = PRELUDE .. script }) end

local function stopped_by(signal, script)
  local started <close> = child.start({ "-", stdin = PRELUDE .. script })
  started:read_up_to("begun")
  started:signal(signal)
  return started:outcome()
end

describe("virtual time", function()
  it("ends at Ctrl-C, with what is to be closed, and the machine's clock is back", function()
    local outcome = stopped_by("INT", [[
      print(pcall(idle.test.virtual_time, for_ever, LONG))
      print(idle.now() > "2026-01-01T01" and idle.now():sub(1, 10) ~= "2026-01-01")
    ]])
    assert.matches("closed after 1.0\nfalse\t[^\n]*interrupted!\ntrue\n$", outcome.stdout)
    assert.equal(0, outcome.exit_code)
  end)

  it("ends at Ctrl-C also where the main task only waits for it", function()
    local outcome = stopped_by("INT", "idle.spawn(function() idle.test.virtual_time(for_ever, LONG) end):join()")
    assert.matches("closed after 1.0\n$", outcome.stdout)
    assert.equal(130, outcome.exit_code)
  end)

  it("ends at SIGTERM and when the time of the program is over", function()
    assert.equal(143, stopped_by("TERM", "idle.test.virtual_time(for_ever, LONG)").exit_code)
    local outcome = child.run({ "--timeout", "1.5", "-", stdin = PRELUDE .. "idle.test.virtual_time(for_ever, LONG)" })
    assert.equal(124, outcome.exit_code)
    assert.matches("closed after 1.0\n$", outcome.stdout)
  end)

  it("ends with os.exit, wherever that is called", function()
    for _, exit in ipairs({ "os.exit(7, true)", "os.exit(7)" }) do
      local outcome = run("idle.test.virtual_time(function() idle.spawn(function() idle.sleep(5) " .. exit
        .. " end) local _ <close> = closing() idle.sleep(100) end)")
      assert.equal(7, outcome.exit_code)
      assert.equal("closed after 1.0\n", outcome.stdout)
      assert.equal("", outcome.stderr)
    end
  end)

  it("ends a script like any other error", function()
    local outcome = run("idle.test.virtual_time(function() idle.spawn(idle.sleep, 60) idle.sleep(1) end)")
    assert.matches("f has returned, and nobody joined the task spawned at stdin:%d+, which waits in 'sleep'",
      outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)

  it("reports an error that was left when f failed, too", function()
    local outcome = run([[idle.test.virtual_time(function()
      idle.spawn(function() error("first") end)
      idle.sleep(1)
      error("second")
    end)]])
    assert.matches("stdin:%d+: second", outcome.stderr)
    assert.matches("stdin:%d+: first", outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)
end)
