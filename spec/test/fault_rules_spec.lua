local errors = require("idle.engine.errors")
local fault_rules = require("idle.test.fault_rules")

describe("idle.test.fault_rules", function()
  local function run(fields)
    local all = { is_completed = true, starts = {}, exported = 0, calls = {} }
    for name, field in pairs(fields or {}) do all[name] = field end
    return all
  end

  local function failed(raised) return run({ is_completed = false, raised = raised }) end

  local function problem(given, clean, expected)
    return fault_rules.problem(given, clean or run(), { name = "x", expected = expected or "either", options = {} })
  end

  local BUSY = errors.new("sync.busy", "somebody syncs")
  local CLEAN = run({ starts = { {} }, exported = 1 })

  it("let an honest failure pass where a flow may fail", function()
    assert.is_nil(problem(failed(BUSY), CLEAN))
    assert.is_nil(problem(failed(BUSY), CLEAN, "fails"))
    assert.is_nil(problem(failed("given up"), CLEAN, "fails"))
  end)

  it("want a flow to go on where it can, and tell what it said", function()
    assert.equal("a correct flow gets over this, but it failed: somebody syncs (sync.busy, effect none)",
      problem(failed(BUSY), CLEAN, "completes"))
    local late = { Name = "B", Error = "late", ErrorKind = "timeout", Effect = "none" }
    local result = { Steps = { { Name = "A" }, late } }
    assert.equal("a correct flow gets over this, but it failed: its result says 'Failed': step 'B', late "
      .. "(timeout, effect none)", problem(run({ is_completed = false, status = "Failed", result = result }), CLEAN,
      "completes"))
  end)

  it("count starts and exports against those of the run without a fault", function()
    assert.matches("^double start: 2 starts", problem(run({ starts = { {}, {} }, exported = 2 }), CLEAN))
    assert.matches("^double start: start 2", problem(run({ starts = { {}, { is_blind = true } }, exported = 2 }),
      run({ starts = { {}, {} }, exported = 2 })))
    assert.equal("false success: it completed, and 0 of 1 changes were exported by then",
      problem(run({ starts = { {} } }), CLEAN))
    assert.is_nil(problem(run({ starts = { {} }, exported = 1 }), CLEAN))
  end)

  it("tell mistakes before all else", function()
    assert.equal("it breaks: flow.lua:7: attempt to index a nil value",
      problem(failed("flow.lua:7: attempt to index a nil value"), CLEAN, "fails"))
    assert.equal("it never ends: too long", problem(failed(errors.new("test.limit", "too long")), CLEAN))
    assert.equal("left a task", problem(failed(errors.new("test.forgotten", "left a task")), CLEAN))
    local asserted = run({ is_completed = false, raised = "x", failure = "spec.lua:1: no\nmore" })
    assert.equal("spec.lua:1: no", problem(asserted, CLEAN))
  end)
end)
