local asserting = require("spec.support.asserting")
local idle = require("idle")

require("idle.test.assertions")

describe("idle.test.about_steps", function()
  local message, result, step = asserting.message, asserting.result, asserting.step
  local NOT_RUN = { Attempts = 0 }

  it("takes names for steps that completed, tables for others", function()
    local ran = result({ step("Create"), step("Sync", "Failed", { ErrorKind = "sync.busy" }) })
    assert.ran_steps(ran, { "Create", { Name = "Sync", Status = "Failed" } })
    assert.ran_steps(ran, { "Create", { ErrorKind = "sync.busy" } })
    assert.has_no.ran_steps(ran, { "Create" })
    assert.is_not.ran_steps(ran, { "Sync", "Create" })
    assert.is_not.ran_steps(ran, { "Create", "Sync" })
    assert.is_not.ran_steps(ran, { "Create", { ErrorKind = "sync.busy" }, "Third" })
  end)

  it("passes over steps that did not run, unless they are expected", function()
    local ran = result({ step("A"), step("VPN", "NotApplicable", NOT_RUN), step("B") })
    assert.ran_steps(ran, { "A", "B" })
    assert.ran_steps(ran, { "A", { Name = "VPN", Status = "NotApplicable" }, "B" })
    assert.is_not.ran_steps(ran, { "A", "VPN", "B" })
  end)

  it("shows what ran in the place of what was expected", function()
    local text = message(function()
      local failed = step("Sync", "Failed", { Error = "busy", ErrorKind = "sync.busy" })
      assert.ran_steps(result({ step("Create"), failed }), { "Create", "Sync", "Licence" })
    end)
    assert.equal([[
Expected these steps to run:
  1. Create
* 2. Sync
  3. Licence
But these did:
  1. Create: Completed
* 2. Sync: Failed, busy (sync.busy)
Step 2: Status: expected 'Completed', got 'Failed'
If that is meant: { Name = 'Sync', Status = 'Failed' }]], (text:gsub("^[^ ]+ ", "")))
  end)

  it("says which step was one too many, and which did not come", function()
    assert.matches("Step 2: no further step was expected",
      message(function() assert.ran_steps(result({ step("A"), step("B") }), { "A" }) end))
    assert.matches("Step 2: the run ended before it",
      message(function() assert.ran_steps(result({ step("A") }), { "A", "B" }) end))
    assert.matches("But these did:\n  none", message(function() assert.ran_steps(result({}), { "A" }) end))
    assert.matches("Did not expect these steps to run:\n  1. A\nThey did.",
      message(function() assert.is_not.ran_steps(result({ step("A") }), { "A" }) end))
  end)

  it("takes the steps of a failure, too", function()
    assert.ran_steps({ Status = "Completed", Steps = { step("Tell") } }, { "Tell" })
  end)

  it("wants a result and a list", function()
    local run <close> = idle.run({ name = "joiner" })
    assert.matches("ran_steps: the first argument must be the result of a run, got a run; its result is run:result%(%)",
      message(function() assert.ran_steps(run, {}) end))
    assert.matches("ran_steps: the first argument must be the result of a run, got nil",
      message(function() assert.ran_steps(nil, { "A" }) end))
    assert.matches("ran_steps: the second argument must be a list of steps, got 'A'",
      message(function() assert.ran_steps(result({}), "A") end))
  end)
end)
