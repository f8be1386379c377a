local broker = require("idle.host.broker")

describe("idle.host.broker", function()
  local function session(name)
    return { name = name, InvokeCommand = function() end }
  end

  local admin, reader, exchange, default = session("admin"), session("reader"), session("exchange"), session("default")

  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  describe("new", function()
    it("refuses a session that can't invoke commands, and says which", function()
      local err = failure(broker.new, { sessions = { { match = { AuthSessionName = "Sync" }, session = {} } } })
      assert.equal("input.session", err.kind)
      assert.matches("sessions%[1%] {AuthSessionName = Sync}: AuthSession must implement "
        .. "InvokeCommand%(CommandName, Parameters%)", err.message)
      local of_default = failure(broker.new, { default = "token" })
      assert.equal("input.session", of_default.kind)
      assert.equal("auth_session_broker: default: AuthSession must implement InvokeCommand(CommandName, Parameters); "
        .. "got a string", of_default.message)
    end)

    it("wants true or false for a fallback", function()
      local err = failure(broker.new, { default = default, fallback = "no" })
      assert.equal("auth_session_broker: fallback must be true or false, got 'no'", err.message)
    end)

    it("refuses a missing session", function()
      assert.equal("input.session", failure(broker.new, { sessions = { { match = {} } } }).kind)
    end)

    it("takes any object with the method", function()
      local Class = { InvokeCommand = function() end }
      Class.__index = Class
      local callable = { InvokeCommand = setmetatable({}, { __call = function() end }) }
      assert.is_true(broker.is_session(setmetatable({}, Class)))
      assert.is_true(broker.is_session(callable))
      assert.is_false(broker.is_session({ InvokeCommand = true }))
      assert.is_false(broker.is_session(nil))
    end)

    it("wants sessions or a default", function()
      assert.matches("'default' must be provided", failure(broker.new, {}).message)
    end)

    it("names an unknown field and the nearest one", function()
      assert.matches("unknown field 'session'; did you mean 'sessions'", failure(broker.new, { session = {} }).message)
      assert.matches("sessions%[1%]: unknown field 'sesion'; did you mean 'session'",
        failure(broker.new, { sessions = { { match = {}, sesion = admin } } }).message)
    end)

    it("wants a list of entries", function()
      assert.matches("must be a list", failure(broker.new, { sessions = { match = {}, session = admin } }).message)
      assert.matches("match must be a table", failure(broker.new, { sessions = { { session = admin } } }).message)
    end)
  end)

  describe("AcquireAuthSession", function()
    local routed = broker.new({
      sessions = {
        { match = { AuthSessionName = "EntraConnect", Role = "EntraConnectAdmin" }, session = admin },
        { match = { AuthSessionName = "EntraConnect", Role = "Reader" }, session = reader },
        { match = { AuthSessionName = "EntraConnect" }, session = exchange },
        { match = { Tier = 0 }, session = session("tier 0") },
      },
      default = default,
    })

    it("gives the default to who asks for no name", function()
      assert.equal(default, routed:AcquireAuthSession(nil, {}))
      assert.equal(default, routed:AcquireAuthSession("", { Role = "Reader" }))
    end)

    it("raises without a name and without a default", function()
      local bare = broker.new({ sessions = { { match = { AuthSessionName = "A" }, session = admin } } })
      assert.equal("session.missing", failure(bare.AcquireAuthSession, bare, "", {}).kind)
    end)

    it("routes by name and options, whatever their case", function()
      assert.equal(admin, routed:AcquireAuthSession("EntraConnect", { Role = "EntraConnectAdmin" }))
      assert.equal(reader, routed:AcquireAuthSession("entraconnect", { role = "READER" }))
    end)

    it("ignores options that a pattern does not name", function()
      assert.equal(reader, routed:AcquireAuthSession("EntraConnect", { Role = "Reader", Region = "EU" }))
    end)

    it("uses a pattern of the name alone only for requests of the name alone", function()
      assert.equal(exchange, routed:AcquireAuthSession("EntraConnect", {}))
      assert.equal(exchange, routed:AcquireAuthSession("EntraConnect", { CorrelationId = "c", Actor = "a" }))
      assert.equal("session.missing",
        failure(routed.AcquireAuthSession, routed, "EntraConnect", { Role = "Other" }).kind)
    end)

    it("prefers patterns with the name to those without", function()
      assert.equal(reader, routed:AcquireAuthSession("EntraConnect", { Role = "Reader", Tier = 0 }))
      assert.equal("tier 0", routed:AcquireAuthSession("Anything", { Tier = "0" }).name)
    end)

    it("compares texts; lists and maps match nothing", function()
      assert.equal("session.missing", failure(routed.AcquireAuthSession, routed, "Anything", { Tier = { 0 } }).kind)
    end)

    it("says which patterns are ambiguous", function()
      local twice = broker.new({ sessions = {
        { match = { AuthSessionName = "A", Role = "R" }, session = admin },
        { match = { AuthSessionName = "A", Site = "S" }, session = reader },
      } })
      local err = failure(twice.AcquireAuthSession, twice, "A", { Role = "R", Site = "S" })
      assert.equal("session.ambiguous", err.kind)
      assert.matches("Ambiguous", err.message)
      assert.matches("{AuthSessionName = A, Role = R}, {AuthSessionName = A, Site = S}", err.message)
    end)

    it("does not give the default to a misspelled name", function()
      local err = failure(routed.AcquireAuthSession, routed, "EntraConect", {})
      assert.equal("session.missing", err.kind)
      assert.matches("No matching auth session found for 'EntraConect'; did you mean 'EntraConnect'", err.message)
      assert.matches("fallback = true", err.message)
    end)

    it("gives the default to any name where that is wanted", function()
      local lenient = broker.new({ default = default, fallback = true })
      assert.equal(default, lenient:AcquireAuthSession("Whatever", { Role = "R" }))
    end)

    it("never shows an option's value", function()
      local err = failure(routed.AcquireAuthSession, routed, "EntraConnect", { Role = "hunter2", Secret = "swordfish" })
      assert.matches("with the options Role, Secret", err.message)
      assert.not_matches("hunter2", err.message)
      assert.not_matches("swordfish", err.message)
    end)
  end)
end)
