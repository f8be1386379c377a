local NULL = require("spec.support.null")
local data = require("idle.engine.data")
local execute_preflight = require("idle.engine.execute_preflight")
local plans = require("spec.support.plans")
local retry = require("idle.engine.retry")
local value = require("idle.engine.value")

local step = plans.step
local ACQUIRE = "IdLE.Step.AcquireAuthSession"

local function no_check() end

local function check(plan, options, check_sink)
  options = options or { Providers = {} }
  return execute_preflight.check(plan, options, check_sink or no_check)
end

local function refusal(plan, options, check_sink)
  local ok, err = pcall(check, plan, options, check_sink)
  assert.is_false(ok)
  return err
end

local function options_with(execution_options)
  return { Providers = {}, ExecutionOptions = execution_options }
end

describe("idle.engine.execute_preflight", function()
  it("finds nothing wrong with a good plan", function()
    local providers = {}
    local found = check(plans.new({ step("a") }), { Providers = providers })
    assert.equal(providers, found.providers)
    assert.is_nil(found.registry)
  end)

  describe("the plan", function()
    it("must be one", function()
      for _, wrong in ipairs({ 5, "joiner.psd1", {}, { Steps = "x" } }) do
        assert.equal("input.plan", refusal(wrong).kind)
      end
      assert.matches("a map without Steps", refusal({}).message)
    end)

    it("must have a correlation id", function()
      for _, id in ipairs({ "", " ", false }) do
        local plan = plans.new({})
        plan.CorrelationId = id or nil
        assert.matches("CorrelationId", refusal(plan).message)
      end
    end)

    it("must hold no code, and the place is named", function()
      local err = refusal(plans.new({ step("a", { With = { Value = print } }) }))
      assert.equal("input.plan", err.kind)
      assert.matches("^Plan%.Steps%[0%]%.With%.Value: ScriptBlocks are not allowed", err.message)
      local in_request = plans.new({})
      in_request.Request.Intent.Do = data.code("whoami")
      assert.matches("^Plan%.Request%.Intent%.Do", refusal(in_request).message)
    end)

    it("may refer to providers, which have methods", function()
      local plan = plans.new({}, { Providers = { Identity = { GetCapabilities = function() return {} end } } })
      assert.equal(plan.Providers, check(plan, {}).providers)
    end)

    it("must have preconditions that can be evaluated", function()
      local err = refusal(plans.new({ step("a", { Precondition = { Equls = {} } }) }))
      assert.matches("invalid Precondition on step 'a'", err.message)
    end)
  end)

  describe("options of auth sessions", function()
    local function acquire(options, fields)
      return plans.step("session", { Type = ACQUIRE, With = { Name = "x", Options = options }, Status = fields })
    end

    it("must be data, wherever the step stands", function()
      local message = refusal(plans.new({ step("a"), acquire({ Role = print }) })).message
      assert.matches("auth session options", message)
      assert.matches("Plan%.Steps%[1%]%.With%.Options%.Role", message)
      message = refusal(plans.new({}, { OnFailureSteps = value.list({ acquire({ Role = data.code("x") }) }) })).message
      assert.matches("Plan%.OnFailureSteps%[0%]%.With%.Options%.Role", message)
    end)

    it("are checked also in a plan of one step", function()
      assert.matches("auth session options", refusal(plans.new({ acquire({ Role = print }) })).message)
    end)

    it("need a broker, if the step applies", function()
      local err = refusal(plans.new({ acquire({}) }))
      assert.equal("session.missing", err.kind)
      assert.matches("AuthSessionBroker", err.message)
      check(plans.new({ acquire({}, "NotApplicable") }))
      check(plans.new({ acquire({}) }), { Providers = { authsessionbroker = {} } })
    end)
  end)

  describe("providers", function()
    local own = { Identity = {} }
    local other = { Identity = {} }

    it("are those of the call", function()
      assert.equal(other, check(plans.new({}, { Providers = own }), { Providers = other }).providers)
    end)

    it("are those of the plan if the call has none", function()
      assert.equal(own, check(plans.new({}, { Providers = own }), {}).providers)
      assert.equal(own, check(plans.new({}, { Providers = own }), { Providers = NULL }).providers)
    end)

    it("may be an empty map, which is not none", function()
      local empty = {}
      assert.equal(empty, check(plans.new({}, { Providers = own }), { Providers = empty }).providers)
      assert.equal(empty, check(plans.new({}, { Providers = empty }), {}).providers)
    end)

    it("must come from one of them", function()
      for _, none in ipairs({ false, NULL }) do
        local plan = plans.new({}, { Providers = none or nil })
        local err = refusal(plan, {})
        assert.equal("input.setup", err.kind)
        assert.matches("Providers are required", err.message)
      end
    end)

    it("may be one object", function()
      local object = { GetCapabilities = function() return {} end }
      assert.equal(object, check(plans.new({}), { Providers = object }).providers)
    end)

    it("must be a map or an object", function()
      assert.matches("Providers must be a map", refusal(plans.new({}), { Providers = "Identity" }).message)
    end)

    it("must hold no code in the place of data", function()
      local message = refusal(plans.new({}), { Providers = { Identity = { Filter = data.code("x") } } }).message
      assert.matches("^Providers%.Identity%.Filter: ScriptBlocks are not allowed", message)
      assert.matches("^Providers%.Identity", refusal(plans.new({}), { Providers = { Identity = print } }).message)
    end)

    it("may refer to themselves", function()
      local provider = {}
      provider.self = provider
      check(plans.new({}), { Providers = { Identity = provider } })
    end)

    it("that are others than those of the plan must be able to do as much", function()
      local needy = step("a", { RequiresCapabilities = value.list({ "IdLE.Identity.Delete" }), Provider = "Identity" })
      local err = refusal(plans.new({ needy }, { Providers = own }), { Providers = other })
      assert.matches("MissingCapabilities: IdLE.Identity.Delete", err.message)
      local able = { GetCapabilities = function() return { "IdLE.Identity.Delete" } end }
      check(plans.new({ needy }), { Providers = { Identity = able } })
    end)
  end)

  describe("execution options", function()
    local profiles = { RetryProfiles = { Quick = { MaxAttempts = 2 } } }

    it("may be absent or null", function()
      local plan = plans.new({ step("a") })
      assert.equal(retry.DEFAULTS, check(plan).profiles[plan.Steps[1]])
      assert.equal(retry.DEFAULTS, check(plan, options_with(NULL)).profiles[plan.Steps[1]])
    end)

    it("give each step its profile", function()
      local plan = plans.new({ step("a"), step("b", { RetryProfile = "quick" }) },
        { OnFailureSteps = value.list({ step("c", { RetryProfile = "Quick" }) }) })
      local found = check(plan, options_with(profiles)).profiles
      assert.equal(3, found[plan.Steps[1]].MaxAttempts)
      assert.equal(2, found[plan.Steps[2]].MaxAttempts)
      assert.equal(2, found[plan.OnFailureSteps[1]].MaxAttempts)
    end)

    it("give steps without one the default", function()
      local plan = plans.new({ step("a") })
      local options = options_with({ RetryProfiles = profiles.RetryProfiles, DefaultRetryProfile = "Quick" })
      assert.equal(2, check(plan, options).profiles[plan.Steps[1]].MaxAttempts)
    end)

    it("must have the profile that any step names, before the first one runs", function()
      local late = step("b", { RetryProfile = "Qick" })
      for _, plan in ipairs({ plans.new({ step("a"), late }),
        plans.new({ step("a") }, { OnFailureSteps = value.list({ late }) }) }) do
        local message = refusal(plan, options_with(profiles)).message
        assert.matches("step 'b': unknown RetryProfile 'Qick'; available: Quick", message)
      end
      assert.matches("unknown RetryProfile", refusal(plans.new({ late })).message)
    end)

    it("need no profile for a step that does not apply", function()
      check(plans.new({ step("a", { RetryProfile = "Gone", Status = "NotApplicable" }) }))
    end)

    it("must be sound, also in what their parts make together", function()
      local message = refusal(plans.new({}), options_with({ RetryProfiles = { X = { MaxAttempts = 11 } } })).message
      assert.matches("MaxAttempts must be an integer between 0 and 10", message)
      local together = { RetryProfiles = { X = { InitialDelayMilliseconds = 6000 } } }
      message = refusal(plans.new({}), options_with(together)).message
      assert.matches("must be >= InitialDelayMilliseconds", message)
      message = refusal(plans.new({}), options_with({ DefaultRetryProfile = "X", RetryProfiles = {} })).message
      assert.matches("does not exist", message)
      assert.matches("must be a map", refusal(plans.new({}), options_with("quick")).message)
    end)

    it("must hold no code", function()
      local message = refusal(plans.new({}), options_with({ RetryProfiles = { X = { MaxAttempts = print } } })).message
      assert.matches("^ExecutionOptions%.RetryProfiles%.X%.MaxAttempts: ScriptBlocks are not allowed", message)
    end)
  end)

  describe("the step registry", function()
    local function with_registry(registry)
      return { Providers = { StepRegistry = registry } }
    end

    it("maps types to functions", function()
      local registry = { ["Contoso.Step.Order"] = function() end }
      assert.equal(registry, check(plans.new({}), with_registry(registry)).registry)
      assert.equal(registry, check(plans.new({}), { Providers = { stepregistry = registry } }).registry)
    end)

    it("must be a map", function()
      assert.matches("StepRegistry must be a map", refusal(plans.new({}), with_registry("x")).message)
      assert.matches("StepRegistry must be a map", refusal(plans.new({}), with_registry({ function() end })).message)
    end)

    it("must name types that are not blank", function()
      assert.matches("not blank", refusal(plans.new({}), with_registry({ [" "] = function() end })).message)
    end)

    it("must have functions for handlers", function()
      assert.matches("'X' must be a function, got a text", refusal(plans.new({}), with_registry({ X = "f" })).message)
      assert.matches("StepRegistry.X", refusal(plans.new({}), with_registry({ X = data.code("f") })).message)
    end)

    it("must not have two for one type", function()
      local twice = { ["X.Y"] = function() end, ["x.y"] = function() end }
      assert.matches("two handlers", refusal(plans.new({}), with_registry(twice)).message)
    end)
  end)

  it("checks in the order of the contract", function()
    local function refuse_sink() error("sink", 0) end
    local bad_session = step("s", { Type = ACQUIRE, With = { Options = { print } } })
    local bad_data = step("d", { With = { print } })
    local plan = plans.new({ bad_session, bad_data })
    local options = { EventSink = 1, ExecutionOptions = 5, Providers = 7 }

    plan.CorrelationId = ""
    assert.matches("CorrelationId", refusal(plan, options, refuse_sink).message)
    plan.CorrelationId = "c"
    assert.equal("sink", refusal(plan, options, refuse_sink))
    assert.matches("auth session options", refusal(plan, options).message)
    bad_session.With.Options = {}
    assert.matches("^Plan", refusal(plan, options).message)
    bad_data.With = {}
    assert.matches("^Providers must be", refusal(plan, options).message)
    options.Providers = { StepRegistry = "x" }
    assert.matches("^ExecutionOptions", refusal(plan, options).message)
    options.ExecutionOptions = nil
    assert.matches("^StepRegistry", refusal(plan, options).message)
    options.Providers = {}
    assert.matches("AuthSessionBroker", refusal(plan, options).message)
  end)
end)
