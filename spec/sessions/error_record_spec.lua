local error_record = require("idle.sessions.error_record")

local function record(fields)
  return {
    id = fields.id, category = "InvalidArgument", reason = fields.reason, target = fields.target or "",
    exceptions = { { type = fields.type or "System.Exception", message = fields.message, hresult = fields.hresult } },
    position = "", stack = "at <ScriptBlock>, <No file>: line 29",
  }
end

describe("idle.sessions.error_record", function()
  it("keeps the whole record and says its first line", function()
    local given = record({ id = "x,Start-ADSyncSyncCycle", reason = "InvalidOperationException",
      message = "\r\nSystem.InvalidOperationException: Sync is already running.\r\n   at Scheduler" })
    local err = error_record.to_error(given, "Start-ADSyncSyncCycle")
    assert.equal("remote.error", err.kind)
    assert.equal("unknown", err.effect)
    assert.is_false(err.transient)
    assert.equal("'Start-ADSyncSyncCycle' failed: System.InvalidOperationException: Sync is already running.",
      err.message)
    assert.equal(given, err.data)
  end)

  it("knows that a command that was not found did nothing", function()
    local given = record({ id = "CommandNotFoundException", target = "Get-NoSuch", message = "The term 'Get-NoSuch' …",
      reason = "CommandNotFoundException" })
    local err = error_record.to_error(given, "get-nosuch")
    assert.equal("remote.setup", err.kind)
    assert.equal("none", err.effect)
    assert.matches("^command not found", err.message)
  end)

  it("does not take a command that another one misses for our own", function()
    local given = record({ id = "CommandNotFoundException", target = "Get-Other", message = "The term 'Get-Other' …",
      reason = "CommandNotFoundException" })
    local err = error_record.to_error(given, "Start-Something")
    assert.equal("remote.error", err.kind)
    assert.equal("unknown", err.effect)
  end)

  it("knows that a command whose parameters could not be bound did nothing", function()
    local function effect(id, command)
      return error_record.to_error(record({ id = id, reason = "ParameterBindingException", message = "x" }),
        command).effect
    end
    assert.equal("none", effect("NamedParameterNotFound,Get-Typed", "get-typed"))
    assert.equal("none", effect("NamedParameterNotFound,Microsoft.PowerShell.Commands.GetItemCommand", "Get-Item"))
    assert.equal("none",
      effect("MissingMandatoryParameter,A.B.Cmdlet.StartADSyncSyncCycle", "Start-ADSyncSyncCycle"))
    assert.equal("unknown", effect("NamedParameterNotFound,Get-Other", "Get-Typed"))
    assert.equal("unknown", effect("NamedParameterNotFound", "Get-Typed"))
  end)

  it("says that an unavailable service may be back later", function()
    local err = error_record.to_error(
      record({ id = "x,Get-X", reason = "COMException", message = "down", hresult = -2147023174 }), "Get-X")
    assert.is_true(err.transient)
  end)

  it("bounds the message and escapes what a terminal would obey", function()
    local err = error_record.to_error(record({ id = "x", reason = "E", message = "\27[31mred " .. ("ä"):rep(600) }),
      "Get-X")
    assert.matches("'Get%-X' failed: \\x1B%[31mred ä", err.message)
    assert.is_true(#err.message < 560)
    assert.is_truthy(utf8.len(err.message))
  end)

  it("survives a record without anything in it", function()
    local err = error_record.to_error({}, "Get-X")
    assert.equal("'Get-X' failed: it failed and said nothing about it", err.message)
  end)
end)
