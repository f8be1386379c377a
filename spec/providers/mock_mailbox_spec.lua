local capabilities = require("spec.contract.provider")
local mock_mailbox = require("idle.providers.mock_mailbox")

capabilities({
  name = "idle.providers.mock_mailbox",
  new = mock_mailbox,
  methods = {
    ["IdLE.Mailbox.Info.Read"] = { "GetMailbox" },
    ["IdLE.Mailbox.Type.Ensure"] = { "EnsureMailboxType" },
    ["IdLE.Mailbox.OutOfOffice.Ensure"] = { "EnsureOutOfOffice" },
    ["IdLE.Mailbox.Permissions.Ensure"] = { "EnsureMailboxPermissions" },
  },
})

describe("idle.providers.mock_mailbox", function()
  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err.message
  end

  it("makes a mailbox when it is asked for", function()
    local provider = mock_mailbox()
    local mailbox = provider:GetMailbox("ann@corp")
    assert.equal("ann@corp", mailbox.IdentityKey)
    assert.equal("ann@corp", mailbox.PrimarySmtpAddress)
    assert.equal("User", mailbox.Type)
    assert.equal("UserMailbox", mailbox.RecipientTypeDetails)
    assert.equal("Disabled", provider:GetOutOfOffice("ann@corp").Mode)
  end)

  it("begins with what it is given, and shares none of it", function()
    local initial = { ["Team@corp"] = {
      Type = "shared", DisplayName = "Team", OutOfOffice = { Mode = "Enabled", InternalMessage = "away" },
      Permissions = { { AssignedUser = "bob", Right = "sendas" } },
    } }
    local provider = mock_mailbox({ InitialStore = initial })
    initial["Team@corp"].OutOfOffice.Mode = "Disabled"
    provider:GetOutOfOffice("team@corp").Mode = "Disabled"
    provider:Snapshot()["Team@corp"].Permissions[1] = nil
    assert.same({ ["Team@corp"] = {
      IdentityKey = "Team@corp", DisplayName = "Team", Type = "Shared",
      OutOfOffice = { Mode = "Enabled", InternalMessage = "away" },
      Permissions = { { AssignedUser = "bob", Right = "SendAs" } },
    } }, provider:Snapshot())
    assert.equal("SharedMailbox", provider:GetMailbox("team@corp").RecipientTypeDetails)
  end)

  it("says what is wrong with what it is given", function()
    assert.equal("mock_mailbox: unknown field 'InitalStore'; did you mean 'InitialStore'?",
      failure(mock_mailbox, { InitalStore = {} }))
    assert.equal("mock_mailbox: InitialStore, 'ann': unknown field 'Typ'; did you mean 'Type'?",
      failure(mock_mailbox, { InitialStore = { ann = { Typ = "User" } } }))
    assert.equal("mock_mailbox: InitialStore, 'ann': Type must be one of User, Shared, Room, Equipment, got 'Usr'",
      failure(mock_mailbox, { InitialStore = { ann = { Type = "Usr" } } }))
    assert.equal("mock_mailbox: InitialStore, 'ann': OutOfOffice must be a map, got a text",
      failure(mock_mailbox, { InitialStore = { ann = { OutOfOffice = "x" } } }))
  end)

  it("converts a mailbox once", function()
    local provider = mock_mailbox()
    assert.same({ Operation = "EnsureMailboxType", IdentityKey = "ann", Changed = true },
      provider:EnsureMailboxType("ann", "shared"))
    assert.is_false(provider:EnsureMailboxType("ann", "Shared").Changed)
    assert.matches("MailboxType must be one of", failure(provider.EnsureMailboxType, provider, "ann", "Usr"))
  end)

  describe("the out-of-office answer", function()
    local provider

    before_each(function() provider = mock_mailbox() end)

    local function changed(config) return provider:EnsureOutOfOffice("ann", config).Changed end

    it("is switched on and off once", function()
      assert.is_true(changed({ Mode = "enabled" }))
      assert.is_false(changed({ Mode = "Enabled" }))
      assert.is_true(changed({ Mode = "Disabled" }))
      assert.is_false(changed({ Mode = "Disabled" }))
    end)

    it("keeps what is not given", function()
      changed({ Mode = "Enabled", InternalMessage = "away", ExternalAudience = "Known" })
      assert.is_true(changed({ Mode = "Enabled", ExternalMessage = "gone" }))
      assert.same({ Mode = "Enabled", InternalMessage = "away", ExternalMessage = "gone", ExternalAudience = "Known" },
        provider:GetOutOfOffice("ann"))
    end)

    it("is changed by nothing but the case of a message", function()
      changed({ Mode = "Enabled", InternalMessage = "away" })
      assert.is_true(changed({ Mode = "Enabled", InternalMessage = "Away" }))
    end)

    it("compares the dates of a schedule as dates, a minute to and fro", function()
      local schedule = { Mode = "Scheduled", Start = "2025-02-01T00:00:00Z", End = "2025-02-15T00:00:00Z" }
      assert.is_true(changed(schedule))
      assert.is_false(changed({ Mode = "Scheduled", Start = "2025-02-01T01:00:30+01:00", End = schedule.End }))
      assert.is_true(changed({ Mode = "Scheduled", Start = "2025-02-01T00:02:00Z", End = schedule.End }))
      assert.is_true(changed({ Mode = "Scheduled", Start = "tomorrow", End = schedule.End }))
      assert.is_false(changed({ Mode = "Scheduled", Start = "tomorrow", End = schedule.End }))
    end)

    it("needs a mode, and dates for a schedule", function()
      local function message(config) return failure(provider.EnsureOutOfOffice, provider, "ann", config) end
      assert.matches("Config must be a map", message("Enabled"))
      assert.matches("Mode must be one of Disabled, Enabled, Scheduled, got 'On'", message({ Mode = "On" }))
      assert.matches("End must be a text", message({ Mode = "Scheduled", Start = "2025-02-01T00:00:00Z" }))
      assert.equal("Disabled", provider:GetOutOfOffice("ann").Mode)
    end)
  end)

  describe("permissions", function()
    local provider

    before_each(function() provider = mock_mailbox() end)

    local function ensure(...) return provider:EnsureMailboxPermissions("team", { ... }).Changed end

    local function entry(user, right, presence) return { AssignedUser = user, Right = right, Ensure = presence } end

    it("are ensured once, users compared whatever their case", function()
      assert.is_true(ensure(entry("bob", "FullAccess", "Present"), entry("eve", "SendAs", "Absent")))
      assert.is_false(ensure(entry("BOB", "fullaccess", "present")))
      assert.is_true(ensure(entry("Bob", "FullAccess", "Absent")))
      assert.is_false(ensure(entry("bob", "FullAccess", "Absent")))
    end)

    it("of another right are another permission", function()
      assert.is_true(ensure(entry("bob", "SendAs", "Present")))
      assert.is_true(ensure(entry("bob", "SendOnBehalf", "Present")))
    end)

    it("are all checked before one is changed", function()
      local ok = pcall(ensure, entry("bob", "SendAs", "Present"), entry("eve", "Read", "Present"))
      assert.is_false(ok)
      assert.same({}, provider:Snapshot().team.Permissions)
    end)
  end)

  it("needs a key", function()
    local provider = mock_mailbox()
    assert.matches("^GetMailbox: IdentityKey must be a text", failure(provider.GetMailbox, provider, ""))
  end)
end)
