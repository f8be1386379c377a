local sync_run = require("idle.engine.sync_run")

describe("idle.engine.sync_run", function()
  local MISSING = {}

  local function read(fields, types)
    local raw = { RunHistoryId = "r", ConnectorId = "A1", ConnectorName = "corp.example",
                  RunProfileName = "Delta Import", StartDate = "2026-01-01T00:00:00Z",
                  EndDate = "2026-01-01T00:00:05Z", Result = "Success" }
    for name, v in pairs(fields or {}) do
      raw[name] = v
      if v == MISSING then raw[name] = nil end
    end
    return sync_run.read(sync_run.id_of(raw), raw, types or {})
  end

  it("reads an entry", function()
    local run = read()
    assert.same({ "r", "a1", "ad", "import", false, "success", true },
      { run.id, run.connector, run.kind, run.act, run.is_full, run.result, run.is_complete })
    assert.equal(5, run.finish - run.start)
    assert.is_true(sync_run.is_ad_import(run))
  end)

  it("knows run profiles in any case, and says nothing of others", function()
    local function profile(name)
      local run = read({ RunProfileName = name })
      return { run.act, run.is_full }
    end
    assert.same({ "import", true }, profile("FULL IMPORT"))
    assert.same({ "sync", false }, profile("Delta Synchronization"))
    assert.same({ "sync", true }, profile("full synchronization"))
    assert.same({ "export", false }, profile("Export"))
    assert.same({ nil, false }, profile("Nightly special"))
    assert.same({ nil, false }, profile(MISSING))
  end)

  it("knows the Entra connector by its id and by its name; what is unknown counts as AD", function()
    assert.equal("entra", read({ ConnectorId = "B891884F-051E-4A83-95AF-2544101C9083" }).kind)
    assert.equal("entra", read({ ConnectorName = "corp.onmicrosoft.com - AAD" }).kind)
    assert.equal("ad", read({}, { a1 = "ad" }).kind)
    assert.equal("other", read({}, { a1 = "Generic LDAP" }).kind)
    assert.is_false(sync_run.is_ad_import(read({}, { a1 = "Generic LDAP" })))
    assert.is_false(sync_run.is_ad_import(read({ RunProfileName = "Export" })))
  end)

  it("tells entries without an id apart by what they say", function()
    local one = read({ RunHistoryId = MISSING, RunNumber = 7 })
    assert.equal("corp.example|Delta Import|7|2026-01-01T00:00:00Z", one.id)
    assert.not_equal(one.id, read({ RunHistoryId = MISSING, RunNumber = 8 }).id)
  end)

  it("is over when its result, the server's word or its end says so, in this order", function()
    assert.is_false(read({ Result = "in-progress", IsRunComplete = true }).is_complete)
    assert.is_false(read({ IsRunComplete = false }).is_complete)
    assert.is_true(read({ IsRunComplete = true, EndDate = MISSING }).is_complete)
    local running = read({ EndDate = MISSING })
    assert.is_false(running.is_complete)
    assert.is_nil(running.finish)
  end)

  it("goes on where an entry comes again, and keeps its beginning", function()
    local run = read({ Result = "in-progress", EndDate = MISSING })
    sync_run.update(run, { Result = "Completed-Export-Errors", StartDate = "2026-01-01T00:00:01Z",
                           EndDate = "2026-01-01T00:00:09Z" })
    assert.same({ true, "completed-export-errors", 9 }, { run.is_complete, run.result, run.finish - run.start })
  end)
end)
