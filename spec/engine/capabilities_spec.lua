local NULL = require("spec.support.null")
local capabilities = require("idle.engine.capabilities")
local errors = require("idle.engine.errors")

describe("idle.engine.capabilities", function()
  it("wants two segments of letters and digits, a letter first", function()
    for _, id in ipairs({ "IdLE.Identity.Read", "a.b", "X1.2" }) do assert.is_true(capabilities.is_identifier(id)) end
    for _, id in ipairs({ "", "Read", "1.a", "a..b", "a.", ".a", "a b.c", "a.b-c", "a_b.c", 5 }) do
      assert.is_false(capabilities.is_identifier(id))
    end
  end)

  it("trims, sorts and drops repetitions and blanks", function()
    assert.same({ "A.B", "c.d" }, capabilities.normalise({ "c.d", " A.B ", "C.D", "", " ", NULL, "a.b" }))
  end)

  it("takes a text for a list of one, and nothing for none", function()
    assert.same({ "A.B" }, capabilities.normalise("A.B"))
    assert.same({}, capabilities.normalise(nil))
    assert.same({}, capabilities.normalise({}))
  end)

  it("replaces an old name and warns of it", function()
    local warnings = {}
    local ids = capabilities.normalise({ "idle.mailbox.read", "IdLE.Mailbox.Info.Read" },
      function(message) warnings[#warnings + 1] = message end)
    assert.same({ "IdLE.Mailbox.Info.Read" }, ids)
    assert.equal(1, #warnings)
    assert.matches("DEPRECATED.*'idle.mailbox.read'.*'IdLE.Mailbox.Info.Read'", warnings[1])
  end)

  it("does not warn of the new name", function()
    capabilities.normalise("IdLE.Mailbox.Info.Read", function() error("no warning expected") end)
  end)

  it("asks a provider what it announces", function()
    local provider = { GetCapabilities = function(self) return self.ids end, ids = { "B.C", "A.B", "a.b" } }
    assert.same({ "A.B", "B.C" }, capabilities.of_provider(provider, "Identity"))
  end)

  it("asks also a provider whose methods lie in its metatable", function()
    local provider = setmetatable({}, { __index = { GetCapabilities = function() return { "A.B" } end } })
    assert.same({ "A.B" }, capabilities.of_provider(provider, "Identity"))
  end)

  it("takes a provider that announces nothing for one that can do nothing", function()
    assert.same({}, capabilities.of_provider({ DisableIdentity = print }, "Identity"))
    assert.same({}, capabilities.of_provider("x", "Identity"))
  end)

  it("names the provider whose announcement fails, and keeps the cause", function()
    local provider = { GetCapabilities = function() error({ message = "busy", transient = true }) end }
    local ok, err = pcall(capabilities.of_provider, provider, "Entra")
    assert.is_false(ok)
    assert.equal("provider.failed", err.kind)
    assert.equal("none", err.effect)
    assert.is_true(err.transient)
    assert.equal("provider 'Entra': GetCapabilities failed: busy", tostring(err))
  end)

  it("lets a cancellation pass as it is, and Ctrl-C", function()
    for _, interruption in ipairs({ errors.new("cancelled", "stop"), "setup.lua:3: interrupted!" }) do
      local provider = { GetCapabilities = function() error(interruption, 0) end }
      local _, raised = pcall(capabilities.of_provider, provider, "Entra")
      assert.equal(interruption, raised)
    end
  end)
end)
