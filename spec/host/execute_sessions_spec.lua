local errors = require("idle.engine.errors")
local execute = require("idle.host.execute")
local plans = require("spec.support.plans")

local step = plans.step

describe("idle.execute: auth sessions", function()
  local asked, session

  before_each(function() asked, session = {}, { InvokeCommand = function() end } end)

  local function broker(answer)
    return { AcquireAuthSession = function(_, name, options)
      asked[#asked + 1] = { name = name, options = options }
      if answer ~= nil then return answer end
      return session
    end }
  end

  -- A step that acquires a session, and its error.
  local function acquire(providers, name, options)
    local got
    local plan = plans.new({ step("a") })
    providers.StepRegistry = { Test = function(context) got = context:AcquireAuthSession(name, options) end }
    local result = execute.execute(plan, { Providers = providers })
    return got, result.Steps[1]
  end

  it("come from the broker, with the ids of the run among the options", function()
    local got = acquire({ AuthSessionBroker = broker() }, "Entra", { Role = "Admin" })
    assert.equal(session, got)
    assert.same({ { name = "Entra", options = { Role = "Admin", CorrelationId = "c-1", Actor = "hr" } } }, asked)
  end)

  it("have options that are copied, and overwrite what poses as an id", function()
    local options = { Role = { "x" }, CorrelationId = "mine" }
    acquire({ AuthSessionBroker = broker() }, "Entra", options)
    assert.equal("c-1", asked[1].options.CorrelationId)
    assert.equal("mine", options.CorrelationId)
    assert.not_equal(options.Role, asked[1].options.Role)
  end)

  it("need no options", function()
    acquire({ AuthSessionBroker = broker() }, "Entra")
    assert.same({ CorrelationId = "c-1", Actor = "hr" }, asked[1].options)
  end)

  it("must have options that are data", function()
    local _, record = acquire({ AuthSessionBroker = broker() }, "Entra", { Role = print })
    assert.matches("AuthSessionOptions%.Role", record.Error)
    assert.matches("auth session options", record.Error)
    assert.same({}, asked)
  end)

  it("need a broker, and one with its method", function()
    local _, record = acquire({}, "Entra")
    assert.matches("No AuthSessionBroker configured", record.Error)
    assert.equal("session.missing", record.ErrorKind)
    _, record = acquire({ AuthSessionBroker = {} }, "Entra")
    assert.matches("AcquireAuthSession", record.Error)
  end)

  it("must be what a session is", function()
    local _, record = acquire({ AuthSessionBroker = broker("token") }, "Entra")
    assert.equal("session.contract", record.ErrorKind)
  end)

  describe("reach the provider of a built-in step", function()
    local got

    local function disable(with, providers)
      got = nil
      providers.Identity = {
        GetCapabilities = function() return {} end,
        DisableIdentity = function(_, key, auth_session)
          got = { key = key, session = auth_session }
          return { Changed = true }
        end,
      }
      with.IdentityKey = "ann"
      local plan = plans.new({ step("a", { Type = "IdLE.Step.DisableIdentity", With = with }) })
      return execute.execute(plan, { Providers = providers }).Steps[1]
    end

    it("by name, with its options", function()
      disable({ AuthSessionName = "AD", AuthSessionOptions = { Role = "T0" } }, { AuthSessionBroker = broker() })
      assert.same({ key = "ann", session = session }, got)
      assert.equal("AD", asked[1].name)
      assert.equal("T0", asked[1].options.Role)
    end)

    it("as the default of the broker, if the step names none", function()
      disable({}, { AuthSessionBroker = broker() })
      assert.equal(session, got.session)
      assert.equal("", asked[1].name)
    end)

    it("not at all without a broker", function()
      assert.equal("Completed", disable({}, {}).Status)
      assert.is_nil(got.session)
    end)

    it("or the step fails, if it names one that cannot be had", function()
      local record = disable({ AuthSessionName = "AD" }, {})
      assert.equal("Failed", record.Status)
      assert.is_nil(got)
      record = disable({ AuthSessionName = "AD" }, { AuthSessionBroker = { AcquireAuthSession = function()
        errors.raise("session.missing", "No matching auth session found")
      end } })
      assert.matches("No matching auth session found", record.Error)
    end)

    it("only with options that are a map", function()
      local record = disable({ AuthSessionName = "AD", AuthSessionOptions = "x" }, { AuthSessionBroker = broker() })
      assert.matches("AuthSessionOptions", record.Error)
      assert.is_nil(got)
    end)
  end)
end)
