local plans = require("spec.support.plans")
local run_text = require("idle.host.run_text")
local value = require("idle.engine.value")

local function result(steps, fields)
  local made = { Status = "Completed", CorrelationId = "c-1", Steps = value.list(steps),
    OnFailure = { Status = "NotRun", Steps = value.list() }, Events = value.list() }
  for key, field in pairs(fields or {}) do made[key] = field end
  return made
end

local function record(name, fields)
  local made = { Name = name, Type = "IdLE.Step.EmitEvent", Status = "Completed", Attempts = 1, DurationMs = 1250 }
  for key, field in pairs(fields or {}) do made[key] = field end
  return made
end

describe("idle.host.run_text", function()
  local plan = plans.new({ plans.step("a"), plans.step("b") })

  it("aligns the steps under headings", function()
    local records = { record("Größe", { Changed = true }), record("b", { Changed = false }) }
    local text = run_text.describe(plan, result(records))
    assert.equal([[
run of 'Joiner' for request c-1: Completed

  #  step   type       status     attempts  time   changed
  1  Größe  EmitEvent  Completed  1         1.2 s  yes
  2  b      EmitEvent  Completed  1         1.2 s  no
]], text)
  end)

  it("says below why steps failed or did not run", function()
    local text = run_text.describe(plan, result({
      record("a", { Status = "NotApplicable", Reason = "x Exists is false" }),
      record("b", { Status = "Failed", Error = "no \27 way", Effect = "unknown" }),
    }, { Status = "InDoubt" }))
    assert.matches("\n\n  1 'a' NotApplicable: x Exists is false\n", text)
    assert.matches("  2 'b' Failed: no \\x1B way %(in doubt: something may have been changed%)\n$", text)
  end)

  it("tells of a sync that ended otherwise than well", function()
    local text = run_text.describe(plan, result({ record("a", { Data = { Outcome = "CompletedWithErrors" } }),
      record("b", { Data = { Outcome = "Success" } }) }))
    assert.matches("1 'a' Completed: CompletedWithErrors\n$", text)
  end)

  it("counts the steps that did not run", function()
    assert.matches("\n1 more step did not run\n", run_text.describe(plan, result({ record("a") })))
    assert.matches("\n2 more steps did not run\n", run_text.describe(plan, result({})))
  end)

  it("shows the steps for a failure in a table of their own", function()
    local text = run_text.describe(plan, result({ record("a"), record("b", { Status = "Failed", Error = "x" }) },
      { Status = "Failed", OnFailure = { Status = "PartiallyFailed", Steps = value.list({ record("mail") }) } }))
    assert.matches("\nafter the failure: PartiallyFailed\n\n  #  step.*\n  1  mail", text)
  end)

  it("shows the plan if nothing was to be run", function()
    local text = run_text.describe(plan, result({}, { Status = "WhatIf" }))
    assert.matches("^plan of 'Joiner'", text)
    assert.matches("nothing was run", text)
  end)
end)
