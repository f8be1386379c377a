local arrival = require("idle.sim.arrival")
local clixml = require("idle.clixml")
local clr = require("idle.sim.clr")
local sync_server = require("idle.sim.sync_server")
local value = require("idle.engine.value")
local values = require("spec.support.values")
local writer = require("idle.sim.clixml_writer")

describe("idle.sim.arrival", function()
  -- Whatever the depth, a value arrives as if it had gone the long way; twice, because some of it is kept.
  local function assert_arrives(v, what)
    for depth = 0, 6 do
      local expected = clixml.decode(writer.write(v, depth))
      for _ = 1, 2 do
        assert.is_nil(values.difference(expected, arrival.of(v, depth), ("%s, depth %d"):format(what, depth)))
      end
    end
  end

  local function new_clock()
    local clock = { ms = 1767225600000 }
    function clock.now_ms() return clock.ms end
    function clock.sleep(ms) clock.ms = clock.ms + ms end
    return clock
  end

  local COMMANDS = {
    { "Get-Date", {} }, { "Get-ADSyncScheduler", {} }, { "Get-ADSyncConnector", {} },
    { "Get-ADSyncGlobalSettings", {} },
    { "Start-ADSyncSyncCycle", { PolicyType = "Delta" } }, { "Get-ADSyncConnectorRunStatus", {} },
    { "Get-ADSyncRunProfileResult", { NumberRequested = 50 } }, { "Get-ADSyncRunProfileResult", {} },
    { "Get-ADSyncRunProfileResult", { RunStepDetails = true } }, { "Start-ADSyncSyncCycle", { PolicyType = "Often" } },
    { "Get-Nothing", {} },
  }

  local function play(options)
    local clock = new_clock()
    local server = sync_server(options, clock)
    for second = 0, 12 do
      for _, command in ipairs(COMMANDS) do
        local answer = server:run(command[1], command[2])
        assert_arrives(answer.record or { output = answer.output, warnings = answer.warnings },
          ("%s at %d s"):format(command[1], second))
      end
      clock.sleep(1000)
    end
  end

  it("lets all that the server says arrive as if it had been written and read", function()
    play({})
    play({ result = { ["Entra Export"] = "completed-export-errors" }, busy_starts = 1, old_server = true,
      schedule_seconds = 90061.5, clock_skew_seconds = -3.25, history_at = "end" })
  end)

  it("does so with Lua's own values", function()
    assert_arrives(values.nasty, "nasty")
    for name, v in pairs(values.nasty) do
      if not value.is_null(v) then assert_arrives(v, name) end
    end
    assert_arrives({ [3] = "a key that is no text" }, "keys")
    assert_arrives(clr.map({ { "a", 1 }, { "b", clr.null }, { 3, "c" } }), "map")
  end)

  it("refuses what the writer refuses", function()
    local function record_of(f, ...)
      local ok, raised = pcall(f, ...)
      assert.is_false(ok)
      return raised.record
    end
    for _, v in ipairs({ "\u{FFFE}", { a = value.list({ "x\u{FFFF}" }) } }) do
      assert.same(record_of(writer.write, v, 4), record_of(arrival.of, v, 4))
    end
  end)

  it("hands out new tables each time", function()
    local clock = new_clock()
    local session = sync_server({ past_cycles = 9 }, clock):session()
    local function runs() return (session:InvokeCommand("Get-ADSyncRunProfileResult", { NumberRequested = 50 })) end
    for _ = 1, 3 do
      local seen = runs()
      assert.equal("success", seen[1].Result)
      seen[1].Result = "changed"
      seen[2] = nil
      assert.equal(50, #runs())
    end
  end)
end)
