--- The spec that every provider of identities must pass:
---
---   identity({ name = "…", new = function() return provider end, key = function() return "…" end,
---              session = an AuthSession or nil })
---
--- `key` names an identity that is there, is enabled, and that no other spec uses.
local busted = require("busted")

-- busted makes these global in spec files only.
local assert, describe, it = require("luassert"), busted.describe, busted.it

---@param subject { name: string, new: (fun(): table), key: (fun(): string), session: any }
return function(subject)
  describe(subject.name .. " keeps the contract of identities:", function()
    it("it has the methods", function()
      local provider = subject.new()
      for _, name in ipairs({ "GetIdentity", "EnsureAttribute", "DisableIdentity" }) do
        assert.equal("function", type(provider[name]), name)
      end
    end)

    it("it reads an identity with its key, its state and its attributes", function()
      local key = subject.key()
      local identity = subject.new():GetIdentity(key, subject.session)
      assert.equal(key, identity.IdentityKey)
      assert.equal("boolean", type(identity.Enabled))
      assert.equal("table", type(identity.Attributes))
    end)

    it("it ensures an attribute, and says whether that was a change", function()
      local provider, key = subject.new(), subject.key()
      local first = provider:EnsureAttribute(key, "Description", "by contract", subject.session)
      assert.equal(key, first.IdentityKey)
      assert.is_true(first.Changed)
      assert.is_false(provider:EnsureAttribute(key, "Description", "by contract", subject.session).Changed)
    end)

    it("it disables an identity once", function()
      local provider, key = subject.new(), subject.key()
      assert.is_true(provider:DisableIdentity(key, subject.session).Changed)
      assert.is_false(provider:DisableIdentity(key, subject.session).Changed)
      assert.is_false(provider:GetIdentity(key, subject.session).Enabled)
    end)
  end)
end
