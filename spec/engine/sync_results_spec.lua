local results = require("idle.engine.sync_results")

describe("idle.engine.sync_results", function()
  it("takes three results for fine", function()
    for _, result in ipairs({ "success", "completed-no-objects", "completed-transient-objects" }) do
      assert.equal("ok", results.class_of(result))
    end
  end)

  it("takes what was completed with errors or warnings for done, but noted", function()
    for _, result in ipairs({
      "completed-sync-errors", "completed-export-errors", "completed-discovery-errors", "completed-warnings",
      "completed-export-warnings",
    }) do
      assert.equal("noted", results.class_of(result))
    end
  end)

  it("takes everything else for a failure, what nobody knows included", function()
    for _, result in ipairs({
      "stopped-deletion-threshold-exceeded", "stopped-server-down", "no-start-connection", "call-failure:0x8023", "",
    }) do
      assert.equal("failed", results.class_of(result))
    end
  end)

  describe("advice, by error class", function()
    local function is_class(class, word, ...)
      for _, result in ipairs({ ... }) do
        local found, advice = results.advice(result)
        assert.equal(class, found)
        assert.matches(word, advice)
      end
    end

    it("busy: start again", function()
      is_class("busy", "start again", "no-start-ma-already-running", "no-start-ma-update-in-progress")
    end)

    it("connectivity: the directory, the network or the database", function()
      is_class("connectivity", "start again", "no-start-connection", "no-start-server-down", "stopped-server-down",
        "stopped-database-connection-lost")
    end)

    it("access: the connector's account", function() is_class("access", "administrator", "no-start-credentials") end)

    it("threshold: somebody must decide about the deletions", function()
      is_class("threshold", "somebody decides", "stopped-deletion-threshold-exceeded")
    end)

    it("data: objects must be repaired", function() is_class("data", "repair", "stopped-error-limit") end)

    it("stopped: somebody did it", function()
      is_class("stopped", "somebody stopped", "stopped-user-termination-from-wmi-or-ui")
    end)

    it("unknown: look at the run", function() is_class("unknown", "administrator", "stopped-mystery", "") end)
  end)

  local function run(steps) return { raw = { RunStepResults = steps } } end

  it("finds failed objects wherever a version of the module puts them", function()
    local found = results.failed_objects(run({
      { SyncErrors = { SyncErrorsList = { { ObjectDn = "CN=b", ErrorType = "InvalidSoftMatch" } } } },
      { ConnectorDiscoveryErrors = { ObjectDn = "CN=a", ErrorType = "missing-anchor-value" } },
    }))
    assert.same({
      { ObjectDn = "CN=a", ErrorType = "missing-anchor-value" }, { ObjectDn = "CN=b", ErrorType = "InvalidSoftMatch" },
    }, found)
  end)

  it("adds up counters over runs and steps", function()
    local counts = results.counts({
      run({ { StageAdd = 1, StageUpdate = 2, StageFailure = 4 }, { StageAdd = 3 } }),
      run({ StepNumber = 1, StageAdd = 10 }),
    }, "Stage")
    assert.same({ Add = 14, Update = 2, Rename = 0, Delete = 0, DeleteAdd = 0, Failure = 4, Total = 16 }, counts)
  end)

  it("knows no counts where there are no steps", function()
    assert.is_nil(results.counts({ run(nil), run({}) }, "Stage"))
  end)
end)
