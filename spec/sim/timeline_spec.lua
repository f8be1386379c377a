local options = require("idle.sim.options")
local timeline = require("idle.sim.timeline")

local EPOCH = 1000000000000

-- A server's timeline, looked at so many seconds after it came up.
local function look(given, starts, seconds)
  local complete, accepted = options.complete(given), {}
  for index, start in ipairs(starts or {}) do
    accepted[index] = { at_ms = EPOCH + start * 1000, policy = "Delta" }
  end
  local now_ms = EPOCH + math.floor(seconds * 1000)
  local cycles = timeline.new(complete, EPOCH):go(accepted, now_ms)
  return { options = complete, cycles = cycles, now_ms = now_ms, last = cycles[#cycles] }
end

local function is_flag_up(seen) return timeline.is_flag_up(seen.options, seen.cycles, seen.now_ms) end
local function next_start(seen) return timeline.next_start_ms(seen.options, seen.cycles, seen.now_ms) - EPOCH end
local function history(seen)
  local entries = {}
  for run, cycle, is_complete in timeline.history(seen.options, seen.cycles, seen.now_ms) do
    entries[#entries + 1] = { run = run, cycle = cycle, is_complete = is_complete }
  end
  return entries
end

describe("idle.sim.timeline", function()
  it("comes up idle, with a history of scheduled cycles", function()
    local seen = look({}, {}, 0)
    assert.is_false(is_flag_up(seen))
    assert.is_false(timeline.is_busy(seen.cycles, seen.now_ms))
    assert.equal(6, #history(seen))
    assert.equal(54, #history(look({ past_cycles = 9 }, {}, 0)))
    assert.equal(900 * 1000, next_start(seen))
  end)

  it("comes up idle whatever its cycles last, and then they do last that long", function()
    for _, given in ipairs({
      { cycle_seconds = 900 }, { cycle_seconds = 5000 }, { schedule_seconds = 10 }, { gap_seconds = 400 },
      { start_delay_seconds = 1000 }, { cycle_seconds = 3600, schedule_seconds = 1 },
    }) do
      local seen = look(given, {}, 0)
      assert.is_false(is_flag_up(seen))
      assert.is_false(timeline.is_busy(seen.cycles, seen.now_ms))
      assert.equal(6, #history(seen))
      for _, entry in ipairs(history(seen)) do assert.is_true(entry.is_complete) end
      assert.equal((given.schedule_seconds or 1800) * 500, next_start(seen))
    end
    assert.equal(1000 + 900 * 1000 + 5 * 500, look({ cycle_seconds = 900 }, { 0 }, 1).last.end_ms - EPOCH)
  end)

  it("runs the six runs of a cycle in their order, with pauses between them", function()
    local names, from, to = {}, {}, {}
    for index, run in ipairs(look({}, { 0 }, 30).last.runs) do
      names[index], from[index], to[index] = run.name, run.start_ms - EPOCH, run.end_ms - EPOCH
    end
    assert.same({ "AD Import", "Entra Import", "AD Sync", "Entra Sync", "Entra Export", "AD Export" }, names)
    assert.same({ 1000, 3100, 4400, 6500, 7800, 10300 }, from)
    assert.same({ 2600, 3900, 6000, 7300, 9800, 11500 }, to)
  end)

  it("shows a start only after the delay, but refuses another one at once", function()
    local seen = look({ start_delay_seconds = 20 }, { 0 }, 19.9)
    assert.is_false(is_flag_up(seen))
    assert.is_true(timeline.is_busy(seen.cycles, seen.now_ms))
    assert.equal(6, #history(seen))
    assert.is_true(is_flag_up(look({ start_delay_seconds = 20 }, { 0 }, 20)))
  end)

  it("keeps the flag up in the pauses, or not", function()
    assert.is_true(is_flag_up(look({ gap_seconds = 27 }, { 0 }, 10)))
    local seen = look({ gap_seconds = 27, flag_in_gaps = false }, { 0 }, 10)
    assert.is_false(is_flag_up(seen))
    assert.is_true(timeline.is_busy(seen.cycles, seen.now_ms))
    assert.is_nil(timeline.current_run(seen.cycles, seen.now_ms))
  end)

  it("moves the next start when a cycle ends, not when it begins", function()
    assert.equal(900 * 1000, next_start(look({}, { 5 }, 10)))
    assert.equal(1805 * 1000, next_start(look({}, { 5 }, 16.5)))
  end)

  it("starts scheduled cycles, counted anew from every other one", function()
    local seen = look({ schedule_seconds = 60 }, { 20 }, 85)
    assert.equal("schedule", seen.last.by)
    assert.equal(80 * 1000, seen.last.at_ms - EPOCH)
  end)

  it("starts no scheduled cycle while the scheduler is disabled or suspended", function()
    for _, name in ipairs({ "disabled", "suspended" }) do
      assert.equal("past", look({ schedule_seconds = 60, [name] = true }, {}, 500).last.by)
    end
  end)

  it("lets somebody else start a cycle, also before it came up, but not during one", function()
    assert.equal("foreign", look({ foreign_starts = { -3 } }, {}, 0).last.by)
    local seen = look({ foreign_starts = { 3, 20 } }, { 0 }, 40)
    assert.equal(20 * 1000, seen.last.at_ms - EPOCH)
    assert.equal("start", seen.cycles[#seen.cycles - 1].by)
  end)

  it("has no export in staging mode, nor with nothing to export", function()
    for _, given in ipairs({ { staging = true }, { pending_export = false } }) do
      local runs = look(given, { 0 }, 30).last.runs
      assert.equal("Entra Sync", runs[#runs].name)
    end
  end)

  it("ends runs with the results that were asked for, in cycles that are watched", function()
    local seen = look({ result = { ["Entra Export"] = "completed-export-errors" } }, { 0 }, 30)
    assert.equal("completed-export-errors", seen.last.runs[5].result)
    assert.equal("success", seen.last.runs[6].result)
    assert.equal("success", seen.cycles[#seen.cycles - 1].runs[5].result)
  end)

  it("shows a run in its history from its beginning, or only at its end", function()
    local newest = history(look({}, { 0 }, 2))[1]
    assert.equal("AD Import", newest.run.name)
    assert.is_false(newest.is_complete)
    assert.equal("past", history(look({ history_at = "end" }, { 0 }, 2))[1].cycle.by)
    assert.is_true(history(look({ history_at = "end" }, { 0 }, 2.6))[1].is_complete)
  end)

  it("lets the history be behind", function()
    assert.equal("past", history(look({ history_lag_seconds = 10 }, { 0 }, 10.9))[1].cycle.by)
    local newest = history(look({ history_lag_seconds = 10 }, { 0 }, 12))[1]
    assert.equal("AD Import", newest.run.name)
    assert.is_false(newest.is_complete)
  end)

  it("says the same whatever was looked at before", function()
    local given = { schedule_seconds = 30, foreign_starts = { 12, 50 }, gap_seconds = 1 }
    local late = look(given, { 3 }, 200)
    local early = look(given, { 3 }, 60)
    for index, cycle in ipairs(early.cycles) do assert.same(cycle, late.cycles[index]) end
  end)

  it("numbers the runs of each connector", function()
    local runs = look({}, { 0 }, 30).last.runs
    assert.equal(runs[1].number + 1, runs[3].number)
    assert.equal(runs[2].number + 2, runs[5].number)
  end)
end)
