local child = require("spec.support.child")

-- Lua orders the keys of tables differently in every process, so only new processes can tell.
local RUNS = tonumber(os.getenv("IDLE_RUNS")) or 5

describe("virtual time", function()
  it("has the same events in the same order, byte for byte, in every process", function()
    local function run()
      local outcome = child.run({ "--events", "-", "spec/support/repeatable_joiner.lua" })
      assert.equal("", outcome.stderr)
      assert.equal(0, outcome.exit_code)
      return outcome.stdout
    end
    local first = run()
    assert.matches('"DirectorySyncBusy"', first, 1, true)
    assert.matches('"StepRetrying"', first, 1, true)
    assert.matches('"CompletedWithErrors"', first, 1, true)
    for _ = 2, RUNS do assert.equal(first, run()) end
  end)
end)
