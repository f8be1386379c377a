local fault_run = require("idle.test.fault_run")
local idle = require("idle")

describe("idle.test.fault_run", function()
  local START = "Start-ADSyncSyncCycle"

  local function run(flow, faults, options)
    local fault = { name = "x", expected = "either", options = { faults = faults or {} } }
    return fault_run.run(flow, fault, options or {})
  end

  local function start(sim) return pcall(sim.session(sim).InvokeCommand, sim:session(), START, {}) end

  it("notes the commands, the starts that took effect, and what was exported in time", function()
    local seen = run(function(sim)
      sim:session():InvokeCommand("Get-Date")
      start(sim)
      start(sim) -- refused: the first one's cycle runs
      idle.sleep(60)
    end)
    assert.same({ "Get-Date", START, START }, seen.calls)
    assert.equal(1, #seen.starts)
    assert.is_true(seen.starts[1].is_answered)
    assert.equal(1, seen.exported)
    assert.equal(0, run(start).exported)
  end)

  it("notes a start whose answer was lost, and one that follows it blindly", function()
    local lost = { { command = START, fault = "lose_answer" } }
    local function twice(sim, look)
      start(sim)
      idle.sleep(60)
      if look then sim:session():InvokeCommand("Get-ADSyncRunProfileResult") end
      start(sim)
    end
    local blind = run(function(sim) twice(sim, false) end, lost).starts
    assert.same({ false, true }, { blind[1].is_answered, blind[2].is_blind })
    assert.is_false(run(function(sim) twice(sim, true) end, lost).starts[2].is_blind)
    assert.is_false(run(function(sim) twice(sim, false) end).starts[2].is_blind)
  end)

  it("takes a start for blind where the history did not show the end of the cycle before it yet", function()
    local lost = { { command = START, fault = "lose_answer" } }
    local function look_after(seconds)
      return function(sim)
        start(sim)
        idle.sleep(seconds)
        sim:session():InvokeCommand("Get-ADSyncRunProfileResult")
        idle.sleep(60)
        start(sim)
      end
    end
    local late = { sim = { history_lag_seconds = 90 } }
    assert.is_true(run(look_after(5), lost).starts[2].is_blind)
    assert.is_false(run(look_after(60), lost).starts[2].is_blind)
    assert.is_true(run(look_after(60), lost, late).starts[2].is_blind)
    assert.is_false(run(look_after(180), lost, late).starts[2].is_blind)
  end)

  it("notes a start for whose answer the flow did not wait", function()
    local seen = run(function(sim) pcall(idle.with_timeout, 5, start, sim) end, nil, { sim = { latency_seconds = 20 } })
    assert.same({}, seen.starts)
    seen = run(function(sim) pcall(idle.with_timeout, 15, start, sim) end, nil, { sim = { latency_seconds = 20 } })
    assert.equal(1, #seen.starts)
    assert.is_false(seen.starts[1].is_answered)
  end)

  it("counts no export that failed, none in staging mode, and the end of a cycle that has none", function()
    local function flow(sim)
      start(sim)
      idle.sleep(60)
    end
    assert.equal(0, run(flow, nil, { sim = { result = { ["Entra Export"] = "stopped-server-down" } } }).exported)
    assert.equal(0, run(flow, nil, { sim = { staging = true } }).exported)
    assert.equal(1, run(flow, nil, { sim = { pending_export = false } }).exported)
    assert.equal(1, run(flow, nil, { sim = { result = { ["AD Export"] = "stopped-server-down" } } }).exported)
  end)

  it("takes the flow's word for how it ended", function()
    assert.is_true(run(function() end).is_completed)
    assert.is_true(run(function() return true, "x" end).is_completed)
    assert.is_true(run(function() return { Status = "Completed" } end).is_completed)
    local seen = run(function() return { Status = "InDoubt" } end)
    assert.same({ false, "InDoubt" }, { seen.is_completed, seen.status })
    seen = run(function() return false, "given up" end)
    assert.same({ false, "given up" }, { seen.is_completed, seen.raised })
    seen = run(function() return false end)
    assert.same({ false, "it returned false" }, { seen.is_completed, seen.raised })
    seen = run(function() error() end)
    assert.same({ false, "it raised nil" }, { seen.is_completed, seen.raised })
    seen = run(function() error("given up", 0) end)
    assert.same({ false, "given up" }, { seen.is_completed, seen.raised })
  end)

  it("ends a flow that goes on for ever", function()
    local seen = run(function() while true do idle.sleep(60) end end, nil, { limit = 3600 })
    assert.same({ false, "test.limit" }, { seen.is_completed, seen.raised.kind })
  end)

  it("knows a failed assertion from other errors", function()
    assert.is_not_nil(run(function() assert.is_true(false) end).failure)
    assert.is_nil(run(function() error("x") end).failure)
  end)
end)
