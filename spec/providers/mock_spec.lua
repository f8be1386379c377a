local capabilities = require("spec.contract.provider")
local entitlement = require("spec.contract.entitlement")
local errors = require("idle.engine.errors")
local identity = require("spec.contract.identity")
local idle = require("idle")
local mock = require("idle.providers.mock")

capabilities({
  name = "idle.providers.mock",
  new = mock,
  methods = {
    ["IdLE.Identity.Read"] = { "GetIdentity" },
    ["IdLE.Identity.Create"] = { "CreateIdentity" },
    ["IdLE.Identity.Attribute.Ensure"] = { "EnsureAttribute" },
    ["IdLE.Identity.Enable"] = { "EnableIdentity" },
    ["IdLE.Identity.Disable"] = { "DisableIdentity" },
    ["IdLE.Identity.Move"] = { "MoveIdentity" },
    ["IdLE.Identity.Delete"] = { "DeleteIdentity" },
    ["IdLE.Identity.RevokeSessions"] = { "RevokeSessions" },
    ["IdLE.Entitlement.List"] = { "ListEntitlements" },
    ["IdLE.Entitlement.Grant"] = { "GrantEntitlement" },
    ["IdLE.Entitlement.Revoke"] = { "RevokeEntitlement" },
    ["IdLE.Entitlement.Prune"] = { "ListEntitlements", "RevokeEntitlement" },
  },
})

identity({ name = "idle.providers.mock", new = mock, key = function() return "ann" end })

entitlement({
  name = "idle.providers.mock",
  new = mock,
  entitlement = { Kind = "Contract", Id = "entitlement-1" },
  key = function(provider) return provider:GetIdentity("ann").IdentityKey end,
})

describe("idle.providers.mock", function()
  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    assert.is_true(errors.is(err))
    return err
  end

  it("announces all that the steps on identities ask for", function()
    local announced = {}
    for _, id in ipairs(mock():GetCapabilities()) do announced[id] = true end
    for _, pack in ipairs(require("idle.engine.step_metadata")) do
      for _, step in pairs(pack.name == "IdLE.Steps.Common" and pack.steps or {}) do
        for _, id in ipairs(step.RequiredCapabilities) do assert.is_true(announced[id], id) end
      end
    end
  end)

  describe("its store", function()
    it("begins with what it is given, and completes that", function()
      local provider = mock({ InitialStore = { ann = {}, bob = {
        Enabled = false, Attributes = { Title = "Dr" }, Entitlements = { { Kind = "Group", Id = "a", Mail = "x" } },
        Container = "OU=Staff",
      } } })
      assert.same({
        ann = { IdentityKey = "ann", Enabled = true, Attributes = {}, Entitlements = {} },
        bob = { IdentityKey = "bob", Enabled = false, Attributes = { Title = "Dr" },
          Entitlements = { { Kind = "Group", Id = "a" } }, Container = "OU=Staff" },
      }, provider:Snapshot())
    end)

    it("may stand for the options", function()
      assert.is_false(mock({ ann = { Enabled = false } }):GetIdentity("ann").Enabled)
    end)

    it("shares nothing with anybody", function()
      local initial = { ann = { Attributes = { Phones = { "1" } }, Entitlements = { { Kind = "Group", Id = "a" } } } }
      local provider = mock({ InitialStore = initial })
      initial.ann.Attributes.Phones[1] = "2"
      provider:GetIdentity("ann").Attributes.Phones[1] = "3"
      provider:ListEntitlements("ann")[1].Id = "b"
      provider:Snapshot().ann.Entitlements[1] = nil
      local phones = { "4" }
      provider:EnsureAttribute("ann", "Others", phones)
      phones[1] = "5"
      assert.same({ Phones = { "1" }, Others = { "4" } }, provider:Snapshot().ann.Attributes)
      assert.same({ { Kind = "Group", Id = "a" } }, provider:ListEntitlements("ann"))
      assert.same({}, mock():Snapshot())
    end)

    it("finds identities whatever the case of their key", function()
      local provider = mock({ Ann = { Attributes = { Title = "Dr" } } })
      assert.equal("Dr", provider:GetIdentity("ANN").Attributes.Title)
      assert.equal("Ann", provider:GetIdentity("ANN").IdentityKey)
    end)

    it("is checked, and says what is wrong", function()
      for message, options in pairs({
        ["mock: InitialStore must be a map by key, got a list"] = { InitialStore = { {} } },
        ["mock: InitialStore, 'ann' must be a table, got a string"] = { InitialStore = { ann = "x" } },
        ["mock: InitialStore, 'ann': unknown field 'Enabeld'; did you mean 'Enabled'?"] = { ann = { Enabeld = true } },
        ["mock: InitialStore, 'ann': Enabled must be true or false, got 'false'"] = { ann = { Enabled = "false" } },
        ["mock: InitialStore, 'ann': Attributes must be a map, got a list"] = { ann = { Attributes = { "x" } } },
        ["mock: unknown field 'Protected'; did you mean 'ProtectedEntitlementIds'?"] =
          { InitialStore = {}, Protected = { "a" } },
      }) do
        local err = failure(mock, options)
        assert.equal(message, err.message)
        assert.equal("input.setup", err.kind)
      end
      local incomplete = { ann = { Entitlements = { Kind = "Group" } } }
      assert.matches("Entitlement.Id must not be empty", failure(mock, incomplete).message)
    end)
  end)

  describe("an identity", function()
    it("is made when it is asked for, but not when its entitlements are", function()
      local provider = mock()
      assert.same({}, provider:ListEntitlements("ann"))
      assert.same({}, provider:Snapshot())
      for index, method in ipairs({ "GetIdentity", "DisableIdentity", "EnableIdentity", "RevokeSessions" }) do
        local key = "ann" .. index
        provider[method](provider, key)
        assert.is_table(provider:Snapshot()[key], method)
      end
      provider:EnsureAttribute("bob", "Title", "Dr")
      provider:MoveIdentity("cleo", "OU=Staff")
      assert.equal("OU=Staff", provider:Snapshot().cleo.Container)
    end)

    it("is created once, with its attributes", function()
      local provider = mock()
      assert.same({ Operation = "CreateIdentity", IdentityKey = "ann", Changed = true },
        provider:CreateIdentity("ann", { Title = "Dr", Path = "OU=Staff", enabled = false, Manager = idle.null }))
      assert.is_false(provider:CreateIdentity("ANN", { Title = "Mr" }).Changed)
      assert.same({ ann = { IdentityKey = "ann", Enabled = false, Attributes = { Title = "Dr" }, Entitlements = {},
        Container = "OU=Staff" } }, provider:Snapshot())
    end)

    it("is enabled and disabled by a boolean only (W-27)", function()
      local provider = mock()
      assert.matches("Enabled must be true or false, got 'false'",
        failure(provider.CreateIdentity, provider, "ann", { Enabled = "false" }).message)
      assert.same({}, provider:Snapshot())
      assert.matches("Path must be a text", failure(provider.CreateIdentity, provider, "ann", { Path = {} }).message)
    end)

    it("is disabled, enabled, moved and deleted once", function()
      local provider = mock()
      provider:CreateIdentity("ann")
      for _, call in ipairs({ { "DisableIdentity" }, { "EnableIdentity" }, { "MoveIdentity", "OU=Leavers" },
        { "DeleteIdentity" } }) do
        local method = provider[call[1]]
        local result = method(provider, "ann", call[2])
        assert.same({ Operation = call[1], IdentityKey = "ann", Changed = true }, result)
        assert.is_false(method(provider, "ann", call[2]).Changed, call[1])
      end
      assert.same({}, provider:Snapshot())
    end)

    it("lies in the same container whatever the case of its name", function()
      local provider = mock({ ann = { Container = "OU=Staff" } })
      assert.is_false(provider:MoveIdentity("ann", "ou=staff").Changed)
    end)

    it("has sessions again after they were revoked", function()
      local provider = mock()
      assert.is_true(provider:RevokeSessions("ann").Changed)
      assert.is_true(provider:RevokeSessions("ann").Changed)
    end)

    it("needs a key", function()
      local provider = mock()
      for _, key in ipairs({ "", " ", 5, {} }) do
        local err = failure(provider.DisableIdentity, provider, key)
        assert.equal("input.parameter", err.kind)
        assert.matches("^DisableIdentity: IdentityKey must be a text that is not empty", err.message)
      end
    end)
  end)

  describe("an attribute", function()
    local provider

    before_each(function() provider = mock({ ann = { Attributes = { Title = "Dr", Floor = 3, Tags = { "a" } } } }) end)

    local function changed(name, v) return provider:EnsureAttribute("ann", name, v).Changed end

    it("is ensured once, its name in any case", function()
      assert.same({ Operation = "EnsureAttribute", IdentityKey = "ann", Changed = true, Name = "title", Value = "Mr" },
        provider:EnsureAttribute("ann", "title", "Mr"))
      assert.is_false(changed("TITLE", "Mr"))
      assert.same({ Title = "Mr", Floor = 3, Tags = { "a" } }, provider:GetIdentity("ann").Attributes)
    end)

    it("is compared in depth, and by its type", function()
      assert.is_false(changed("Tags", { "a" }))
      assert.is_false(changed("Floor", 3.0))
      assert.is_true(changed("Floor", "3"))
      assert.is_true(changed("Tags", { "a", "b" }))
    end)

    it("is changed when nothing but its case is (W-41)", function()
      assert.is_true(changed("Title", "DR"))
      assert.equal("DR", provider:GetIdentity("ann").Attributes.Title)
    end)

    it("is cleared by nil or null, once", function()
      assert.is_true(changed("Title", nil))
      assert.is_false(changed("Title", idle.null))
      assert.is_nil(provider:GetIdentity("ann").Attributes.Title)
    end)

    it("may be false", function()
      assert.is_true(changed("Hidden", false))
      assert.is_false(changed("Hidden", false))
    end)

    it("is not kept if it is a password", function()
      local result = provider:EnsureAttribute("ann", "AccountPassword", "s3cr3t")
      assert.is_true(result.Changed)
      assert.is_nil(result.Value)
      provider:CreateIdentity("bob", { password = "s3cr3t", Pin = idle.secret.new("1234") })
      assert.same({}, provider:GetIdentity("bob").Attributes)
      assert.is_nil(provider:GetIdentity("ann").Attributes.AccountPassword)
    end)

    it("needs a name", function()
      assert.matches("Name must be a text", failure(provider.EnsureAttribute, provider, "ann", "", 1).message)
    end)
  end)

  describe("an entitlement", function()
    local provider

    before_each(function()
      provider = mock({
        InitialStore = { ann = { Entitlements = { Kind = "Group", Id = "All" } } }, ProtectedEntitlementIds = { "all" },
      })
    end)

    it("is the same in any case of kind and id", function()
      assert.is_false(provider:GrantEntitlement("ann", { kind = "GROUP", id = "ALL" }).Changed)
      assert.is_true(provider:GrantEntitlement("ann", { Kind = "Role", Id = "All" }).Changed)
    end)

    it("is listed by its kind, if one is asked for", function()
      provider:GrantEntitlement("ann", { Kind = "Role", Id = 7 })
      assert.equal(2, #provider:ListEntitlements("ann"))
      assert.same({ { Kind = "Role", Id = "7" } }, provider:ListEntitlements("ann", nil, "role"))
    end)

    it("cannot be revoked if it is protected", function()
      local err = failure(provider.RevokeEntitlement, provider, "ann", { Kind = "Group", Id = "All" })
      assert.equal("provider.refused", err.kind)
      assert.equal("none", err.effect)
      assert.equal("entitlement 'All' is protected and cannot be removed", err.message)
    end)

    it("needs an identity that is there", function()
      for _, method in ipairs({ "GrantEntitlement", "RevokeEntitlement" }) do
        local err = failure(provider[method], provider, "bob", { Kind = "Group", Id = "x" })
        assert.equal("provider.not_found", err.kind)
        assert.equal("none", err.effect)
        assert.matches("identity 'bob' does not exist", err.message)
      end
    end)

    it("needs a kind and an id", function()
      for _, wrong in ipairs({ { Kind = "Group" }, { Id = "x" }, { Kind = " ", Id = "x" }, "x" }) do
        assert.matches("^GrantEntitlement: Entitlement.%a+ must not be empty",
          failure(provider.GrantEntitlement, provider, "ann", wrong).message)
      end
    end)
  end)
end)
