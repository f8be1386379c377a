local sync_history = require("idle.engine.sync_history")
local utc = require("idle.engine.utc")

describe("idle.engine.sync_history", function()
  local EPOCH = utc.parse("2026-01-01T00:00:00Z")
  local CLOCK = "2026-01-01T00:10:00Z"

  local history

  before_each(function() history = sync_history.new("Delta") end)

  local function entry(id, second, fields)
    local raw = { RunHistoryId = id, ConnectorId = "ad", RunProfileName = "Delta Import", Result = "success",
                  StartDate = utc.format(EPOCH + second), EndDate = utc.format(EPOCH + second + 5) }
    for name, v in pairs(fields or {}) do raw[name] = v or nil end
    return raw
  end

  local function running(id, second)
    local raw = entry(id, second, { Result = "in-progress" })
    raw.EndDate = nil
    return raw
  end

  -- What an import of the same connector must be parted from by, to belong to another cycle.
  local function synced(id, second) return entry(id, second, { RunProfileName = "Delta Synchronization" }) end

  local function merge(...) return history:merge({ ... }, CLOCK) end

  it("keeps what was seen, in the order of its beginning", function()
    assert.is_true(merge(entry("b", 20), entry("a", 10)))
    assert.is_false(merge(entry("b", 20), entry("a", 10)))
    assert.is_true(merge(entry("c", 30), entry("b", 20)))
    assert.same({ "c", "b", "a" }, history:ids())
    assert.is_true(history:has_run_after(EPOCH + 29))
    assert.is_false(history:has_run_after(EPOCH + 30))
  end)

  it("sees that a run which was under way is over", function()
    merge(running("a", 10))
    assert.is_false(merge(running("a", 10)))
    assert.is_true(merge(entry("b", 20), entry("a", 10)))
    assert.is_true(history.by_id.a.is_complete)
  end)

  it("knows that a run which is no longer listed before its end won't end", function()
    merge(running("b", 20), entry("a", 10))
    assert.is_true(merge(entry("a", 10)))
    assert.is_true(history.by_id.b.is_gone)
    assert.is_true(merge(entry("b", 20), entry("a", 10)))
    assert.is_true(history.by_id.b.is_complete)
  end)

  it("is not confused by a list that comes in another order, or with holes", function()
    merge(entry("b", 20), entry("a", 10))
    assert.is_false(merge(entry("a", 10), entry("b", 20)))
    assert.is_true(merge("denied", entry("c", 30), entry("a", 10)))
    assert.same({ "c", "b", "a" }, history:ids())
  end)

  it("finds the import that the baseline does not have, and that is dated after it", function()
    merge(synced("a2", 15), entry("a", 10))
    history:set_baseline({ "a", "a2" }, EPOCH + 60)
    assert.is_nil(history.carrier)
    merge(synced("old2", 55), entry("old", 50), synced("a2", 15), entry("a", 10))
    assert.is_nil(history.carrier)
    assert.same({ true, true }, { history.has_new, history.has_stale })
    merge(entry("ours", 70), synced("old2", 55), entry("old", 50))
    assert.equal("ours", history.carrier.runs[1].id)
    assert.equal(EPOCH + 50, history:import_before_carrier())
    assert.is_false(history.has_later)
    merge(entry("later", 500), synced("sync", 80), entry("ours", 70))
    assert.is_true(history.has_later)
  end)

  it("wants a full import for Initial", function()
    history = sync_history.new("Initial")
    history:set_baseline({}, EPOCH)
    merge(entry("delta", 10))
    assert.is_nil(history.carrier)
    merge(entry("full", 400, { RunProfileName = "Full Import" }), entry("delta", 10))
    assert.equal("full", history.carrier.runs[1].id)
  end)

  it("says when dates run ahead of the server's clock, as those of another time zone do", function()
    history:set_baseline({}, EPOCH)
    merge(entry("a", 600 + 599))
    assert.is_false(history.is_implausible)
    merge(entry("b", 600 + 601), entry("a", 600 + 599))
    assert.is_true(history.is_implausible)
  end)

  it("takes no connector to another system for one to AD", function()
    history:learn({ { Identifier = "HR", ConnectorTypeName = "Generic SQL" }, "nonsense", { Identifier = 7 } })
    history:set_baseline({}, EPOCH)
    merge(entry("a", 10, { ConnectorId = "hr" }))
    assert.is_nil(history.carrier)
  end)

  it("knows whether the runs of the carrier are still listed", function()
    history:set_baseline({}, EPOCH)
    merge(synced("sync", 20), entry("a", 10))
    assert.is_true(history:is_listed())
    merge(entry("b", 500))
    assert.is_false(history:is_listed())
    assert.is_true(history:is_whole())
  end)
end)
