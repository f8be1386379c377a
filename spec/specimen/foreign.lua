--- Cycles that somebody else starts.
local busted = require("busted")
local specimen = require("spec.support.specimen")

local assert, it = require("luassert"), busted.it

-- Without pauses, so that one cycle may begin where another ends.
local function server(more)
  local options = { cycle_seconds = 4, gap_seconds = 0, start_delay_seconds = 0 }
  for name, v in pairs(more) do options[name] = v end
  return options
end

-- Begins behind the first look and before the start that follows it.
local IN_BETWEEN = server({ foreign_starts = { 0.8 }, latency_seconds = 0.4 })

local function also_sync(far)
  local other <close> = specimen.sync(far)
  return other:finish()
end

local foreign = {
  title = "a cycle of somebody else",
  cases = {
    too_early = { server = server({ foreign_starts = { -3 }, history_lag_seconds = 3, start_delay_seconds = 1 }) },
    too_early_old = { "--wait-timeout", "60",
      server = server({ foreign_starts = { -3 }, history_lag_seconds = 3, old_server = true }) },
    adopted = { server = server({ foreign_starts = { -1, 3 } }) },
    in_between = { server = IN_BETWEEN },
    in_between_no_wait = { "--no-wait", server = IN_BETWEEN },
    of_two = { server = server({ start_delay_seconds = 1 }), act = also_sync },
    failed = { server = server({ foreign_starts = { -1, 3 }, result = { ["Entra Export"] = "stopped-error-limit" } }) },
  },
}

function foreign.specs(runs)
  local function ends(name, ...) return runs[name]:ends(...) end

  it("that ended just before ours, and shows later, is not taken for ours", function()
    for _, name in ipairs({ "too_early", "too_early_old" }) do
      local data = ends(name, "exit 0, Success, 1 started").data
      assert.equal("Started", data.Carried)
      assert.is_true(data.ImportStartUtc >= data.Baseline.SentUtc)
    end
  end)

  it("that began after the change carries it: it is adopted, and none is started", function()
    local data = ends("adopted", "exit 0, Success, 0 started").data
    assert.same({ "Adopted", 0, "no" }, { data.Carried, data.Starts, data.Baseline.Accepted })
    assert.is_true(data.ImportStartUtc >= data.Baseline.T0)
    assert.is_string(data.ExportEndUtc)
  end)

  it("that began just before our start: ours is refused as busy, and the other one adopted", function()
    local outcome = ends("in_between", "exit 0, Success, 0 started")
    assert.equal("Adopted", outcome.data.Carried)
    assert.matches(" Busy ", table.concat(runs.in_between.run:event_types(), " "), 1, true)
    assert.equal("Adopted", ends("in_between_no_wait", "exit 0, NotWaited, 0 started").data.Carried)
  end)

  it("may be that of a second caller at the same time: each gets a cycle that carries its change", function()
    local outcome, other = runs.of_two:finish()
    assert.same({ "Success", "Success" }, { outcome.data.Outcome, other.data.Outcome })
    local ledger = runs.of_two.far:ledger()
    assert.equal(#ledger, outcome.data.Starts + other.data.Starts)
    for _, data in ipairs({ outcome.data, other.data }) do
      assert.is_true(data.ImportStartUtc >= data.Baseline.T0)
      assert.equal(data.Starts == 1 and "Started" or "Adopted", data.Carried)
    end
  end)

  it("that is adopted may fail as well", function()
    local outcome = ends("failed", "exit 2, sync.failed (applied), 0 started")
    assert.matches("too many objects have errors", outcome.stderr, 1, true)
  end)
end

return foreign
