local play = require("spec.support.sync_play")
local support = require("spec.support.sync_step")
local trigger_directory_sync = require("idle.steps.trigger_directory_sync")

local run, failure = support.run, support.failure

describe("idle.steps.sync_with: With", function()
  local function refusal(fields)
    local world = support.world()
    local err = failure(world, fields)
    assert.equal("input.with", err.kind)
    assert.equal("none", err.effect)
    assert.matches("^TriggerDirectorySync", err.message)
    assert.same({}, world.events)
    assert.same({}, world.sessions)
    return err.message
  end

  it("must be a table", function()
    local world = support.world()
    for _, raw in ipairs({ "Delta", false, { "Delta" } }) do
      local ok, err = pcall(trigger_directory_sync, world.context, raw, support.STEP)
      assert.is_false(ok)
      assert.matches("^TriggerDirectorySync[: ].*With", err.message)
    end
  end)

  it("needs a session name and a policy", function()
    local world = support.world()
    local _, no_name = pcall(trigger_directory_sync, world.context, { PolicyType = "Delta" })
    assert.equal("TriggerDirectorySync requires With.AuthSessionName", no_name.message)
    local _, no_policy = pcall(trigger_directory_sync, world.context, { AuthSessionName = "X" })
    assert.equal("TriggerDirectorySync requires With.PolicyType", no_policy.message)
  end)

  it("names the allowed words", function()
    assert.equal("TriggerDirectorySync requires With.PolicyType to be 'Delta' or 'Initial', got 'Full'",
      refusal({ PolicyType = "Full" }))
    assert.matches("With.OnBusy to be 'Wait' or 'Fail', got 'Retry'", refusal({ OnBusy = "Retry" }))
    assert.matches("With.Until to be 'CycleEnd' or 'Export', got 3", refusal({ Until = 3 }))
  end)

  it("wants positive numbers", function()
    for _, key in ipairs({ "TimeoutSeconds", "PollIntervalSeconds", "SettleSeconds" }) do
      for shown, bad in pairs({
        ["'ten'"] = "ten", ["0"] = 0, ["%-5"] = -5, ["'%-1'"] = "-1", ["true"] = true, ["'0x10'"] = "0x10",
        ["inf"] = math.huge, ["''"] = "", ["'%.'"] = ".",
      }) do
        assert.matches(("With.%s to be a number of seconds above 0, got %s"):format(key, shown),
          refusal({ [key] = bad }))
      end
    end
  end)

  it("accepts fractions and numbers as text", function()
    local world = support.world()
    run(world, { TimeoutSeconds = " 90 ", PollIntervalSeconds = "2.5", SettleSeconds = 0.5 })
    local waiting = support.events(world, "Waiting")[1]
    assert.same({ TimeoutSeconds = 90, PollIntervalSeconds = 2.5 }, waiting.Data)
  end)

  it("takes booleans for booleans only", function()
    assert.matches("With.Wait to be true or false, got 'false'", refusal({ Wait = "false" }))
    assert.matches("With.AllowDisabled to be true or false, got 1", refusal({ AllowDisabled = 1 }))
  end)

  it("does not care about case", function()
    local world = support.world(play.server({ on_start = function(self, now)
      self:cycle(now + 1, { policy = "Full" })
      return { Started = true }
    end }))
    local result = trigger_directory_sync(world.context,
      { authsessionname = "X", POLICYTYPE = "initial", wait = true, ["until"] = "export" }, support.STEP)
    assert.equal("Success", result.Data.Outcome)
    assert.equal("Initial", world.provider.policy)
  end)

  it("names the nearest known key", function()
    assert.equal("TriggerDirectorySync: unknown key 'With.PollInterval'; did you mean 'PollIntervalSeconds'?",
      refusal({ PollInterval = 5 }))
    assert.matches("unknown key 'With.1'", refusal({ [1] = "x" }))
  end)

  it("refuses a key that is given twice", function()
    assert.matches("With.Wait is given twice", refusal({ wait = true }))
  end)

  it("wants session options to be a map", function()
    assert.matches("With.AuthSessionOptions to be a hashtable", refusal({ AuthSessionOptions = "Admin" }))
    assert.matches("With.AuthSessionOptions to be a hashtable", refusal({ AuthSessionOptions = { "Admin" } }))
  end)

  it("wants a baseline that is one", function()
    for _, bad in ipairs({
      "yes", {}, { Accepted = "sure" }, { Accepted = "yes", T0 = "yesterday" }, { Accepted = "yes", RunIds = { 1 } },
      { Accepted = "yes", Server = {} },
    }) do
      assert.matches("With.Baseline to be a former Data.Baseline", refusal({ Baseline = bad }))
    end
  end)

  it("never shows control characters of what it refuses", function()
    assert.matches("got 'De\\x1Blta'", refusal({ PolicyType = "De\27lta" }), 1, true)
  end)

  it("needs the provider, by its alias in any case, with both methods", function()
    local world = support.world()
    local err = failure(world, { Provider = "Elsewhere" })
    assert.equal("provider.missing", err.kind)
    assert.matches("provider 'Elsewhere' was not supplied", err.message)
    assert.equal("Success", run(world, { Provider = "directorysync" }).Data.Outcome)
    world.provider.GetSyncCycleState = nil
    assert.matches("'DirectorySync' has no method GetSyncCycleState", failure(world).message)
  end)
end)
