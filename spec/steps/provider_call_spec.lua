local errors = require("idle.engine.errors")
local provider_call = require("idle.steps.provider_call")
local step_world = require("spec.support.step_world")
local value = require("idle.engine.value")
local with = require("idle.steps.with")

describe("idle.steps.provider_call", function()
  local KEYS = { { key = "IdentityKey", read = with.text } }

  local function open(world, raw, methods, by_alias)
    local values = provider_call.read("Step", raw or {}, KEYS, "Identity")
    return provider_call.open(world.context, "Step", values, methods or { "Act" }, by_alias)
  end

  local function failure(...)
    local ok, err = pcall(open, ...)
    assert.is_false(ok)
    return err
  end

  local function new_world(methods)
    methods = methods or {}
    methods.Act = methods.Act or { Changed = true }
    return step_world.new("Identity", methods)
  end

  describe("the session", function()
    it("is acquired by the name that With has, with its options", function()
      local world = new_world():has_sessions({ "Directory", "" })
      local call = open(world, { AuthSessionName = "Directory", AuthSessionOptions = { Role = "Admin" } })
      assert.equal(world.session, call.session)
      assert.same({ { "Directory", { Role = "Admin" } } }, world.asked)
    end)

    it("is the last argument of every call, and is acquired once", function()
      local world = new_world():has_sessions({ "Directory" })
      local call = open(world, { AuthSessionName = "Directory" })
      call:invoke("Act", "ann", nil, false)
      call:invoke("Act")
      assert.same(table.pack("Act", "ann", nil, false, world.session), world.calls[1])
      assert.same(table.pack("Act", world.session), world.calls[2])
      assert.equal(1, #world.asked)
    end)

    it("is the default one if With names none and there is a broker", function()
      local world = new_world():has_sessions({ "" })
      assert.equal(world.session, open(world).session)
      assert.same({ "" }, world:asked_names())
    end)

    it("is none if the broker has no default", function()
      local world = new_world():has_sessions({ "EntraConnect" })
      local call = open(world)
      assert.is_nil(call.session)
      call:invoke("Act", "ann")
      assert.same({ "Act", "ann", n = 3 }, world.calls[1])
    end)

    it("is none without a broker", function()
      assert.is_nil(open(new_world()).session)
      local world = new_world()
      world.context.AcquireAuthSession = function() error("nobody asks without a broker") end
      assert.is_nil(open(world).session)
    end)

    it("is none for a provider that uses none, unless With names one", function()
      local world = new_world({ UsesAuthSession = false }):has_sessions({ "", "Directory" })
      assert.is_nil(open(world).session)
      assert.same({}, world.asked)
      assert.equal(world.session, open(world, { AuthSessionName = "Directory" }).session)
    end)

    it("is by convention called like the provider, for mailboxes", function()
      local world = new_world():has_sessions({ "Identity", "" })
      open(world, {}, nil, true)
      assert.same({ "Identity" }, world:asked_names())
      world = new_world():has_sessions({ "" })
      assert.equal(world.session, open(world, {}, nil, true).session)
      assert.same({ "Identity", "" }, world:asked_names())
      assert.is_nil(open(new_world(), {}, nil, true).session)
    end)

    it("must be there if With names it", function()
      local world = new_world():has_sessions({ "" })
      assert.equal("session.missing", failure(world, { AuthSessionName = "Directroy" }).kind)
      assert.same({}, world.calls)
    end)

    it("is not replaced by another when it is there but cannot be used", function()
      local world = new_world():has_sessions({ "" })
      world.context.AcquireAuthSession = function() error(errors.new("session.ambiguous", "two"), 0) end
      assert.equal("session.ambiguous", failure(world).kind)
      world.context.AcquireAuthSession = function() error("the vault is sealed", 0) end
      assert.equal("the vault is sealed", failure(world))
    end)

    it("cannot be named where the context acquires none", function()
      local err = failure(new_world(), { AuthSessionName = "Directory" })
      assert.equal("Step: With.AuthSessionName asks for 'Directory', but the context has no AcquireAuthSession",
        err.message)
    end)

    it("has options that are a map", function()
      local world = new_world():has_sessions({ "Directory" })
      local err = failure(world, { AuthSessionName = "Directory", AuthSessionOptions = "Admin" })
      assert.equal("Step requires With.AuthSessionOptions to be a hashtable (a table with keys), got 'Admin'",
        err.message)
      assert.same({}, world.asked)
    end)
  end)

  describe("the provider", function()
    it("is the one that With names, whatever the case", function()
      local world = new_world()
      world.context.Providers.Corp = step_world.provider({ Act = { Changed = true } }, world.calls)
      assert.equal(world.context.Providers.Corp, open(world, { Provider = "CORP" }).provider)
      assert.equal(world.provider, open(world).provider)
    end)

    it("must have been supplied", function()
      local world = new_world({ GetCapabilities = {} })
      world.context.Providers.AuthSessionBroker = {}
      local err = failure(world, { Provider = "Identty" })
      assert.equal("provider.missing", err.kind)
      assert.equal("none", err.effect)
      assert.equal("Step: provider 'Identty' was not supplied (there are: Identity); did you mean 'Identity'?",
        err.message)
      world.context.Providers = {}
      assert.equal("Step: provider 'Identity' was not supplied (there are: none)", failure(world).message)
    end)

    it("stands in a map of providers", function()
      local world = new_world({ GetCapabilities = {} })
      for _, providers in ipairs({ world.provider, { world.provider }, "Identity" }) do
        world.context.Providers = providers
        assert.equal("Step: the Providers must be a map by alias, such as { Identity = … }", failure(world).message)
      end
    end)

    it("must have the method, before a session is acquired", function()
      local world = new_world():has_sessions({ "" })
      local err = failure(world, {}, { "Act", "GrantEntitlement" })
      assert.equal("provider.missing", err.kind)
      assert.equal("Step: provider 'Identity' must implement the method 'GrantEntitlement'", err.message)
      assert.same({}, world.asked)
    end)

    it("may have further methods", function()
      local call = open(new_world())
      assert.is_true(call:has("Act"))
      assert.is_false(call:has("BulkAct"))
    end)
  end)

  describe("an answer", function()
    local function changed(answer) return open(new_world()):changed("Act", answer) end

    it("says whether something was changed", function()
      assert.is_true(changed({ Changed = true }))
      assert.is_false(changed({ changed = false }))
    end)

    it("may say nothing of it", function()
      assert.is_nil(changed(nil))
      assert.is_nil(changed({}))
      assert.is_nil(changed("done"))
      assert.is_nil(changed({ Changed = require("idle").null }))
    end)

    it("must not say it with a text: 'false' would be true", function()
      local ok, err = pcall(changed, { Changed = "false" })
      assert.is_false(ok)
      assert.equal("provider.failed", err.kind)
      assert.equal("applied", err.effect)
      assert.matches("Step: provider 'Identity', method 'Act': .*Changed = 'false'", err.message)
    end)
  end)

  it("refuses code in With, at any depth", function()
    local err = failure(new_world(), { AuthSessionOptions = { Roles = value.list({ print }) } })
    assert.equal("input.with", err.kind)
    assert.matches("^Step: With.AuthSessionOptions.Roles%[0%]: ScriptBlocks are not allowed", err.message)
  end)
end)
