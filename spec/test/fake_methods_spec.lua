local fake_methods = require("idle.test.fake_methods")
local mock = require("idle.providers.mock")
local mock_mailbox = require("idle.providers.mock_mailbox")

describe("idle.test.fake_methods", function()
  it("knows every method that the mock providers have for their capabilities", function()
    for _, provider in ipairs({ mock(), mock_mailbox() }) do
      local methods = fake_methods.of(provider:GetCapabilities())
      local names = {}
      for name in pairs(methods) do
        assert.is_function(provider[name], name)
        names[#names + 1] = name
      end
      assert.is_true(#names > 3)
    end
  end)

  it("finds methods whatever the case of a capability, and none for one that is not known", function()
    assert.is_function(fake_methods.of({ "idle.identity.create" }).CreateIdentity)
    assert.same({}, fake_methods.of({ "Acme.Badge.Print" }))
  end)

  it("starts a cycle on a simulated server and sees it", function()
    local fake, methods = {}, fake_methods.of({ "IdLE.DirectorySync.Trigger", "IdLE.DirectorySync.Status" })
    assert.is_false(methods.GetSyncCycleState(fake).InProgress)
    assert.is_true(methods.StartSyncCycle(fake, "StartSyncCycle", "Delta").Started)
    assert.is_false(methods.StartSyncCycle == nil)
    local ok, err = pcall(methods.StartSyncCycle, fake, "StartSyncCycle", "Delta")
    assert.is_false(ok)
    assert.equal("sync.busy", err.kind)
  end)
end)
