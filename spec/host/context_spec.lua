local context = require("idle.host.context")

describe("idle.host.context", function()
  local session = { InvokeCommand = function() end }

  local function with_broker(acquire)
    return context.new({ providers = { AuthSessionBroker = { AcquireAuthSession = acquire } },
      correlation_id = "c-1", actor = "ann" })
  end

  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  it("says so when there is no broker", function()
    local bare = context.new({ providers = {} })
    assert.equal("session.missing", failure(bare.AcquireAuthSession, bare, "Sync").kind)
    assert.matches("No AuthSessionBroker configured", failure(bare.AcquireAuthSession, bare, "Sync").message)
  end)

  it("refuses a broker without the method, and a session without InvokeCommand", function()
    local bad = context.new({ providers = { AuthSessionBroker = {} } })
    assert.equal("session.contract", failure(bad.AcquireAuthSession, bad, "Sync").kind)
    for _, given in ipairs({ {}, "token", false }) do
      local it = with_broker(function() return given end)
      local err = failure(it.AcquireAuthSession, it, "Sync")
      assert.equal("session.contract", err.kind)
      assert.matches("auth session 'Sync'", err.message)
    end
  end)

  it("copies the options, so that the step's own stay as they are", function()
    local it = with_broker(function(_, _, options) options.Role = "changed" return session end)
    local options = { Role = "Admin" }
    it:AcquireAuthSession("Sync", options)
    assert.same({ Role = "Admin" }, options)
  end)

  it("tells the broker who asks", function()
    local asked
    local it = with_broker(function(_, _, options) asked = options return session end)
    it:AcquireAuthSession("Sync", { CorrelationId = "forged" })
    assert.same({ CorrelationId = "c-1", Actor = "ann" }, asked)
  end)

  it("refuses functions and endless nesting among the options", function()
    local it = with_broker(function() return session end)
    local err = failure(it.AcquireAuthSession, it, "Sync", { a = { b = print } })
    assert.equal("input.with", err.kind)
    assert.matches("AuthSessionOptions.a.b: a function", err.message)
    local ring = {}
    ring.ring = ring
    assert.matches("nested too deeply", failure(it.AcquireAuthSession, it, "Sync", ring).message)
    assert.matches("must be a map", failure(it.AcquireAuthSession, it, "Sync", "Role=Admin").message)
  end)
end)
