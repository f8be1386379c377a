local sync_look = require("idle.engine.sync_look")
local NULL = require("spec.support.null")

describe("idle.engine.sync_look", function()
  it("is unreadable where nothing was said", function()
    for _, answer in ipairs({ false, "busy", 1, {}, { Details = "none" }, { State = "Unknown" },
      { InProgress = "true" }, { Details = { ServerTimeUtc = "2026-01-01T00:00:00Z", Runs = {} } } }) do
      assert.is_false(sync_look.read(answer).is_readable)
    end
    assert.is_false(sync_look.read(nil).is_readable)
  end)

  it("takes only a clear word for the flag: unknown is not idle", function()
    assert.is_true(sync_look.read({ InProgress = true }).up)
    assert.is_true(sync_look.read({ State = "InProgress" }).up)
    assert.is_false(sync_look.read({ InProgress = false }).up)
    assert.is_false(sync_look.read({ State = "Idle" }).up)
    assert.is_nil(sync_look.read({ State = "Unknown", InProgress = false }).up)
    assert.is_nil(sync_look.read({ InProgress = NULL, State = "idle?" }).up)
  end)

  it("can be read without a flag, if the scheduler said anything", function()
    local look = sync_look.read({ Details = { SyncCycleEnabled = false } })
    assert.is_true(look.is_readable)
    assert.is_nil(look.up)
  end)

  it("tells a history that can't be read from one that is empty, and takes a lone entry for one", function()
    local function runs_of(runs) return sync_look.read({ InProgress = false, Details = { Runs = runs } }).runs end
    assert.is_nil(runs_of(nil))
    assert.is_nil(runs_of("denied"))
    assert.same({}, runs_of({}))
    assert.same({ { RunHistoryId = "a" } }, runs_of({ RunHistoryId = "a" }))
    assert.same({ { RunHistoryId = "a" } }, runs_of({ { RunHistoryId = "a" } }))
  end)

  it("knows the interval in force, or else the one that is allowed", function()
    local function interval(details) return sync_look.interval_of(sync_look.read({ Details = details })) end
    assert.equal(1800, interval({ CurrentlyEffectiveSyncCycleInterval = "00:30:00",
                                  AllowedSyncCycleInterval = "01:00:00" }))
    assert.equal(3600, interval({ AllowedSyncCycleInterval = "01:00:00" }))
    assert.is_nil(interval({ AllowedSyncCycleInterval = "soon" }))
    assert.is_nil(interval({}))
  end)

  it("knows the server by its name alone, or by more", function()
    local function server(v) return sync_look.server_of(sync_look.read({ Details = { Server = v } })) end
    assert.same({ Name = "SYNC01" }, server("SYNC01"))
    assert.same({ Name = "SYNC01", ProductVersion = "2.4" }, server({ Name = "SYNC01", ProductVersion = "2.4" }))
    assert.same({}, server(7))
    assert.same({}, server(nil))
  end)
end)
