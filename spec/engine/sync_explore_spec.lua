-- Explores the sync decision: random schedules of a modelled server, whose truth
-- is known. SYNC_SEED and SYNC_SCHEDULES play other ones.
local explorer = require("spec.support.sync_explorer")

describe("the sync decision, explored", function()
  local FIRST_SEED = tonumber(os.getenv("SYNC_SEED")) or 1
  local SCHEDULES = tonumber(os.getenv("SYNC_SCHEDULES")) or 100000

  -- The schedule as it was played, for whoever must understand what went wrong.
  local function story(seed, fault)
    local lines = { ("%s with seed %d:"):format(fault, seed) }
    explorer.play(seed, { trace = function(line) lines[#lines + 1] = line end })
    return table.concat(lines, "\n")
  end

  it(("finds no fault in %d schedules"):format(SCHEDULES), function()
    local outcomes = {}
    for seed = FIRST_SEED, FIRST_SEED + SCHEDULES - 1 do
      local fault, outcome = explorer.play(seed)
      if fault then error(story(seed, fault), 0) end
      outcomes[outcome] = (outcomes[outcome] or 0) + 1
    end
    -- A model that never comes to an outcome would prove nothing about it.
    for _, outcome in ipairs({
      "Success", "CompletedWithErrors", "Unverified", "NoExport", "Busy", "Failed", "NotObserved", "Timeout",
    }) do
      assert.is_true((outcomes[outcome] or 0) > SCHEDULES / 200, outcome .. " is hardly ever reached")
    end
  end)

  it("finds a false success once the condition on dates is switched off", function()
    local found = 0
    for seed = FIRST_SEED, FIRST_SEED + 2999 do
      if explorer.play(seed, { ignore_dates = true }) == "false success" then found = found + 1 end
    end
    assert.is_true(found > 0)
  end)
end)
