--- The spec that every provider of entitlements must pass:
---
---   entitlement({ name = "…", new = function() return provider end, key = function(provider) return "…" end,
---                 entitlement = { Kind = …, Id = … }, session = an AuthSession or nil })
---
--- `key` names an identity that is there and does not hold the entitlement.
local busted = require("busted")
local value = require("idle.engine.value")

-- busted makes these global in spec files only.
local assert, describe, it = require("luassert"), busted.describe, busted.it

---@param subject { name: string, new: (fun(): table), key: (fun(provider: table): string), entitlement: table,
---  session: any }
return function(subject)
  describe(subject.name .. " keeps the contract of entitlements:", function()
    local wanted, session = subject.entitlement, subject.session

    local function begin()
      local provider = subject.new()
      return provider, subject.key(provider)
    end

    local function count(provider, key)
      local listed = provider:ListEntitlements(key, session, wanted.Kind)
      assert.is_true(value.is_list(listed))
      local found = 0
      for _, entitlement in ipairs(listed) do
        if entitlement.Kind == wanted.Kind and entitlement.Id == wanted.Id then found = found + 1 end
      end
      return found
    end

    it("it has the methods", function()
      local provider = subject.new()
      for _, name in ipairs({ "ListEntitlements", "GrantEntitlement", "RevokeEntitlement" }) do
        assert.equal("function", type(provider[name]), name)
      end
    end)

    it("it says what it granted, to whom, and whether that was a change", function()
      local provider, key = begin()
      local result = provider:GrantEntitlement(key, wanted, session)
      assert.equal(key, result.IdentityKey)
      assert.equal("boolean", type(result.Changed))
      assert.equal(wanted.Kind, result.Entitlement.Kind)
      assert.equal(wanted.Id, result.Entitlement.Id)
    end)

    it("it grants once", function()
      local provider, key = begin()
      assert.is_true(provider:GrantEntitlement(key, wanted, session).Changed)
      assert.is_false(provider:GrantEntitlement(key, wanted, session).Changed)
    end)

    it("it revokes once", function()
      local provider, key = begin()
      provider:GrantEntitlement(key, wanted, session)
      assert.is_true(provider:RevokeEntitlement(key, wanted, session).Changed)
      assert.is_false(provider:RevokeEntitlement(key, wanted, session).Changed)
    end)

    it("it lists what was granted, until it is revoked", function()
      local provider, key = begin()
      assert.equal(0, count(provider, key))
      provider:GrantEntitlement(key, wanted, session)
      assert.equal(1, count(provider, key))
      provider:RevokeEntitlement(key, wanted, session)
      assert.equal(0, count(provider, key))
    end)
  end)
end
