local idle = require("idle")

describe("idle.host.lone_step", function()
  local seen

  local function providers(settings)
    return {
      DirectorySync = idle.providers.entra_connect({}),
      AuthSessionBroker = idle.auth_session_broker({
        sessions = { { match = { AuthSessionName = "Sync" }, session = idle.sim.sync_server(settings):session() } },
      }),
    }
  end

  local function trigger(with, settings, more)
    seen = {}
    local options = { Providers = providers(settings),
      EventSink = { WriteEvent = function(_, event) seen[#seen + 1] = event end } }
    for name, v in pairs(more or {}) do options[name] = v end
    return idle.trigger_directory_sync(with, options)
  end

  local function failure(...)
    local ok, err = pcall(trigger, ...)
    assert.is_false(ok)
    return err
  end

  it("returns the step's result", function()
    local result = trigger({ AuthSessionName = "Sync", PolicyType = "Delta" })
    assert.equal("Completed", result.Status)
    assert.is_true(result.Changed)
    assert.equal("NotWaited", result.Data.Outcome)
  end)

  it("records under the name of the step, with an id of its own or the caller's", function()
    trigger({ AuthSessionName = "Sync", PolicyType = "Delta" })
    assert.equal("DirectorySyncTriggered", seen[1].Type)
    assert.equal("TriggerDirectorySync", seen[1].StepName)
    assert.matches("^%x+%-%x+%-4", seen[1].CorrelationId)
    trigger({ AuthSessionName = "Sync", PolicyType = "Delta" }, {}, { CorrelationId = "c-1", Actor = "ann" })
    assert.equal("c-1", seen[1].CorrelationId)
    assert.equal("ann", seen[1].Actor)
  end)

  it("raises what the step fails with, its data included", function()
    local err = failure({ AuthSessionName = "Sync", PolicyType = "Delta" }, { staging = true })
    assert.equal("sync.staging", err.kind)
    assert.equal("TriggerDirectorySync", err.step)
    assert.equal("table", type(err.data))
  end)

  it("says what was started if the wait is cut off, so that it can be taken up", function()
    local with = { AuthSessionName = "Sync", PolicyType = "Delta", Wait = true }
    local ok, err = pcall(idle.with_timeout, 0.2, trigger, with, { cycle_seconds = 60 })
    assert.is_false(ok)
    assert.equal("timeout", err.kind)
    assert.equal("applied", err.effect)
    assert.equal("yes", err.data.Baseline.Accepted)
  end)

  it("names the nearest key, before anything is recorded", function()
    local err = failure({ AuthSessionName = "Sync", PolicyTipe = "Delta" })
    assert.equal("input.with", err.kind)
    assert.matches("PolicyType", err.message)
    assert.same({}, seen)
  end)

  it("names the nearest option", function()
    local err = failure({}, {}, { Provider = {} })
    assert.matches("unknown field 'Provider'; did you mean 'Providers'", err.message)
  end)
end)
