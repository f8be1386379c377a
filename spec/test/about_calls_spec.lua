local asserting = require("spec.support.asserting")
local idle = require("idle")

require("idle.test.assertions")

describe("idle.test.about_calls", function()
  local message = asserting.message

  local session, provider

  before_each(function()
    session = idle.test.fake_session({ ["Start-ADSyncSyncCycle"] = {}, ["Get-Date"] = "now" })
    provider = idle.test.fake_provider("IdLE.Identity.Create")
  end)

  it("know the commands of a session", function()
    assert.never_called(session, "Start-ADSyncSyncCycle")
    assert.is_not.called(session, "Start-ADSyncSyncCycle")
    session:InvokeCommand("Start-ADSyncSyncCycle", { PolicyType = "Delta", Other = 1 })
    assert.called(session, "start-adsyncsynccycle")
    assert.called(session, "Start-ADSyncSyncCycle", 1)
    assert.called(session, "Start-ADSyncSyncCycle", { PolicyType = "Delta" })
    assert.called(session, "Start-ADSyncSyncCycle", { PolicyType = "Delta" }, 1)
    assert.called(session, "Start-ADSyncSyncCycle", { PolicyType = "Initial" }, 0)
    assert.never_called(session, "Start-ADSyncSyncCycle", { PolicyType = "Initial" })
    assert.is_not.never_called(session, "Start-ADSyncSyncCycle")
    assert.is_not.called(session, "Start-ADSyncSyncCycle", 2)
    session:InvokeCommand("Start-ADSyncSyncCycle", { PolicyType = "Initial" })
    assert.is_not.called(session, "Start-ADSyncSyncCycle", 1)
  end)

  it("know the methods of a provider", function()
    assert.never_called(provider, "CreateIdentity")
    provider:CreateIdentity("ada", { GivenName = "Ada", Surname = "Byron" })
    assert.called(provider, "CreateIdentity", { "ada", { GivenName = "Ada" } }, 1)
    assert.never_called(provider, "CreateIdentity", { "bob" })
    assert.matches("once%.\n  1%. after .* s with %('ada', { GivenName = 'Ada', Surname = 'Byron' }%)$",
      message(function() assert.never_called(provider, "CreateIdentity") end))
    assert.matches("%(argument 1: expected 'bob', got 'ada'%)$",
      message(function() assert.called(provider, "CreateIdentity", { "bob" }) end))
  end)

  it("show the calls that there were", function()
    session:InvokeCommand("Start-ADSyncSyncCycle", { PolicyType = "Delta" })
    session:InvokeCommand("Get-Date")
    assert.matches("Expected 'Start%-ADSyncSyncCycle' never to be called, but it was called once%.\n"
      .. "  1%. after [%d.e-]+ s with { PolicyType = 'Delta' }$",
      message(function() assert.never_called(session, "Start-ADSyncSyncCycle") end))
    assert.matches("Expected 'Start%-ADSyncSyncCycle' with { PolicyType = 'Initial' } to be called at least once, "
      .. "but it was called never%.\nThe calls:\n  1%. after .* s with { PolicyType = 'Delta' }  "
      .. "%(PolicyType: expected 'Initial', got 'Delta'%)$",
      message(function() assert.called(session, "Start-ADSyncSyncCycle", { PolicyType = "Initial" }) end))
    assert.matches("Expected 'Get%-Host' to be called at least once, but it was called never%.\n"
      .. "Called were: Start%-ADSyncSyncCycle %(1%), Get%-Date %(1%)$",
      message(function() assert.called(session, "Get-Host") end))
    assert.matches("to be called twice, but it was called once",
      message(function() assert.called(session, "Get-Date", 2) end))
    assert.matches("Did not expect 'Get%-Date' to be called once, but it was",
      message(function() assert.is_not.called(session, "Get-Date", 1) end))
    assert.matches("Expected 'CreateIdentity' to be called at least once, but it was not%.\nNothing was called",
      message(function() assert.is_not.never_called(provider, "CreateIdentity") end))
  end)

  it("do not hold for a misspelled name", function()
    assert.matches("never_called: this fake knows nothing of 'Start%-ADSyncCycle'; did you mean "
      .. "'Start%-ADSyncSyncCycle'%?", message(function() assert.never_called(session, "Start-ADSyncCycle") end))
    assert.matches("called: this fake knows nothing of 'CraeteIdentity'; did you mean 'CreateIdentity'%?",
      message(function() assert.called(provider, "CraeteIdentity") end))
  end)

  it("want a fake and a name", function()
    assert.matches("called: the first argument must be a fake session or provider, got 5",
      message(function() assert.called(5, "x") end))
    assert.matches("called: the second argument must be the name", message(function() assert.called(session, {}) end))
    assert.matches("called: what is given to a call must be a table, got 'x'",
      message(function() assert.called(session, "Get-Date", "x") end))
    assert.matches("called: times must be a whole number, got 1.5",
      message(function() assert.called(session, "Get-Date", {}, 1.5) end))
  end)
end)
