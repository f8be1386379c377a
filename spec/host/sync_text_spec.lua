local sync_text = require("idle.host.sync_text")

describe("idle.host.sync_text", function()
  local function lines_of(text)
    local lines = {}
    for line in text:gmatch("[^\n]+") do lines[#lines + 1] = line end
    return lines
  end

  it("says the outcome and what is known of the cycle", function()
    assert.same({
      "Success: the cycle has exported",
      "  server    AAD01, contoso - AAD, 2.5.79.0",
      "  cycle     Delta, started by us, import began 07:00, export ended 07:05",
      "  imported  3 added, 1 deleted",
      "  exported  nothing",
      "  waited    12.5 s for the server to be free",
    }, lines_of(sync_text.describe({
      Outcome = "Success", PolicyType = "Delta", Carried = "Started", BusySeconds = 12.5,
      Server = { Name = "AAD01", TenantConnector = "contoso - AAD", ProductVersion = "2.5.79.0",
        ClockSkewSeconds = 0.4 },
      ImportStartUtc = "07:00", ExportEndUtc = "07:05",
      Imported = { Add = 3, Update = 0, Delete = 1, Total = 4 }, Exported = { Add = 0, Total = 0 },
      Runs = { { RunProfileName = "Export", ConnectorName = "contoso - AAD", Result = "success", ErrorCount = 0 } },
    })))
  end)

  it("shows runs that did not go well, and their objects", function()
    assert.same({
      "CompletedWithErrors: the cycle has exported, but not everything went well",
      "  cycle     Delta, started by somebody else, and adopted",
      "  run       'Export' on 'contoso - AAD': completed-export-errors, 1 object failed",
      "            CN=Kim: AttributeValueMustBeUnique",
      "  expected  'CN=Kim' is among the errors: AttributeValueMustBeUnique",
    }, lines_of(sync_text.describe({
      Outcome = "CompletedWithErrors", PolicyType = "Delta", Carried = "Adopted",
      Runs = { { RunProfileName = "Export", ConnectorName = "contoso - AAD", Result = "completed-export-errors",
        ErrorCount = 1, Errors = { { ObjectDn = "CN=Kim", ErrorType = "AttributeValueMustBeUnique" } } } },
      Expected = { ObjectDn = "CN=Kim", ErrorType = "AttributeValueMustBeUnique", IsAmongErrors = true },
    })))
  end)

  it("counts no objects where none is known", function()
    local run = { RunProfileName = "Export", ConnectorName = "c", Result = "stopped-error-limit", ErrorCount = 0 }
    local text = sync_text.describe({ Outcome = "Failed", Runs = { run } })
    assert.matches("'Export' on 'c': stopped%-error%-limit\n", text)
  end)

  it("says what the history does not tell", function()
    local text = sync_text.describe({ Outcome = "Success", Expected = { ObjectDn = "CN=Kim" } })
    assert.matches("'CN=Kim' cannot be told from the history", text)
    text = sync_text.describe({ Outcome = "Success", Expected = { ObjectDn = "CN=Kim", IsAmongErrors = false } })
    assert.matches("'CN=Kim' is not among the errors", text)
  end)

  it("mentions a clock that is off", function()
    local text = sync_text.describe({ Outcome = "Success", Server = { ClockSkewSeconds = -90 } })
    assert.matches("its clock is 90 s behind", text)
  end)

  it("escapes what the server says", function()
    assert.not_matches("\27", sync_text.describe({ Outcome = "Success", Server = { Name = "a\27[31m" } }))
  end)

  it("has words for every outcome", function()
    local outcomes = "Success CompletedWithErrors Unverified NoExport NotWaited Busy Failed NotObserved Timeout"
    for outcome in outcomes:gmatch("%w+") do
      assert.matches("^" .. outcome .. ": %w", sync_text.describe({ Outcome = outcome }))
    end
  end)

  describe("describe_look", function()
    it("says what the scheduler and the history say", function()
      assert.same({
        "State: Idle",
        "  server    AAD01",
        "  clock     07:00",
        "  scheduler schedule enabled: yes; suspended: no; interval: 00:30:00",
        "  history   1 runs, the newest: 'Export' on 'contoso': success",
        "  a start   would be sent",
      }, lines_of(sync_text.describe_look({ State = "Idle", InProgress = false, Details = {
        Server = "AAD01", ServerTimeUtc = "07:00", SyncCycleEnabled = true, SchedulerSuspended = false,
        CurrentlyEffectiveSyncCycleInterval = "00:30:00",
        Runs = { { RunProfileName = "Export", ConnectorName = "contoso", Result = "success" } },
      } })))
    end)

    it("says what would become of a start", function()
      local text = sync_text.describe_look({ State = "InProgress", InProgress = true, Details = { Runs = {} } })
      assert.matches("a start   would wait", text)
      assert.matches("no runs yet", text)
      text = sync_text.describe_look({ State = "Unknown" }, "staging mode")
      assert.matches("a start   would be refused: staging mode", text)
      assert.matches("history   cannot be read", text)
    end)
  end)
end)
