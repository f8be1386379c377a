local planning = require("spec.support.planning")
local plan = require("idle.engine.plan")
local value = require("idle.engine.value")

local EMIT = "IdLE.Step.EmitEvent"
local DISABLE = "IdLE.Step.DisableIdentity"

local function refusal(...) return tostring(planning.error_of(planning.plan, ...)) end

local function emit(name, fields)
  local step = { Name = name, Type = EMIT }
  for key, field in pairs(fields or {}) do step[key] = field end
  return step
end

describe("idle.engine.plan", function()
  describe("a plan", function()
    it("says whose it is and what is in it", function()
      local made = planning.plan(planning.workflow({ emit("A") }, { OnFailureSteps = { emit("B") } }),
        { request = planning.request({ Actor = "HR" }), now = "2026-11-22T07:00:00.000Z" })
      assert.equal("Spec", made.WorkflowName)
      assert.equal("Joiner", made.LifecycleEvent)
      assert.equal(planning.ID, made.CorrelationId)
      assert.equal("HR", made.Actor)
      assert.equal("2026-11-22T07:00:00.000Z", made.CreatedUtc)
      assert.equal("A", made.Steps[1].Name)
      assert.equal("B", made.OnFailureSteps[1].Name)
      assert.same({}, made.Actions)
      assert.same({}, made.Warnings)
    end)

    it("has lists also where there is nothing", function()
      local made = planning.plan(planning.workflow({}))
      for _, name in ipairs({ "Steps", "OnFailureSteps", "Actions", "Warnings" }) do
        assert.is_true(value.is_list(made[name]), name)
      end
    end)

    it("holds the providers as they were handed in", function()
      local providers = { Dummy = true }
      assert.equal(providers, planning.plan(planning.workflow({}), { providers = providers }).Providers)
    end)

    it("keeps a snapshot that a later change of the request does not reach", function()
      local request = planning.request({ Intent = { Groups = { "a" } } })
      local made = planning.plan(planning.workflow({}), { request = request })
      request.Intent.Groups[1] = "b"
      assert.equal("a", made.Request.Intent.Groups[1])
      assert.is_nil(made.Actor)
    end)

    it("does not share a step's values with the workflow", function()
      local step = emit("A", { With = { Message = "x" }, Precondition = { Exists = "Request.Intent.Department" } })
      local made = planning.plan(planning.workflow({ step }))
      step.With.Message, step.Precondition.Exists = "y", "z"
      assert.equal("x", made.Steps[1].With.Message)
      assert.equal("Request.Intent.Department", made.Steps[1].Precondition.Exists)
    end)

    it("is the same for the same inputs", function()
      local source = planning.workflow({ emit("A", { With = { Message = "{{Request.Intent.Department}}" } }),
        emit("B", { Condition = { Equals = { Path = "Request.Actor", Value = "x" } } }) })
      local request = planning.request({ Actor = "HR" })
      local first = planning.plan(source, { request = request })
      for _ = 1, 20 do assert.same(first, planning.plan(source, { request = request })) end
    end)

    it("keeps lists of one element and empty ones as lists", function()
      local made = planning.plan(planning.workflow({ emit("A", { With = { Message = value.list({ "x" }),
        AuthSessionOptions = { Empty = value.list() } } }) }))
      assert.is_true(value.is_list(made.Steps[1].With.Message))
      assert.is_true(value.is_list(made.Steps[1].With.AuthSessionOptions.Empty))
    end)
  end)

  describe("the request", function()
    it("must fit the workflow", function()
      local message = refusal(planning.workflow({}), { request = planning.request({ LifecycleEvent = "Leaver" }) })
      assert.matches("does not match request LifecycleEvent", message, 1, true)
      assert.matches("'Joiner'", message, 1, true)
      assert.matches("'Leaver'", message, 1, true)
    end)

    it("fits whatever the case of the event", function()
      assert.has_no.errors(function()
        planning.plan(planning.workflow({}), { request = planning.request({ LifecycleEvent = "JOINER" }) })
      end)
    end)

    it("must have its event and its correlation id", function()
      assert.matches("LifecycleEvent is missing", refusal(planning.workflow({}), { request = { CorrelationId = "x" } }))
      assert.matches("CorrelationId is missing",
        refusal(planning.workflow({}), { request = { LifecycleEvent = "Joiner" } }))
      assert.matches("must not contain property 'Identity'",
        refusal(planning.workflow({}), { request = planning.request({ Identity = {} }) }))
    end)

    it("is told of fields that nobody reads", function()
      local notes = {}
      planning.plan(planning.workflow({}), { request = planning.request({ DesiredState = {} }),
        warn = function(message) notes[#notes + 1] = message end })
      assert.equal(1, #notes)
      assert.matches("'DesiredState' is called 'Intent'", notes[1], 1, true)
    end)
  end)

  describe("a condition", function()
    local function with_condition(condition, request)
      return planning.plan(planning.workflow({ emit("A", { Condition = condition }) }), { request = request }).Steps[1]
    end

    it("decides whether the step is planned", function()
      local it_is = { Equals = { Path = "Request.Intent.Department", Value = "IT" } }
      assert.equal("Planned", with_condition(it_is).Status)
      assert.equal("NotApplicable", with_condition({ None = { it_is } }).Status)
    end)

    it("may look into the plan and the workflow", function()
      assert.equal("Planned", with_condition({ Equals = { Path = "Plan.LifecycleEvent", Value = "Joiner" } }).Status)
      assert.equal("Planned", with_condition({ Equals = { Path = "Workflow.Name", Value = "Spec" } }).Status)
    end)

    it("leaves behind what it compared", function()
      local note = with_condition({ Equals = { Path = "Request.Intent.Department", Value = "HR" } }).Comparisons[1]
      assert.equal("Request.Intent.Department", note.Path)
      assert.equal("Equals", note.Operator)
      assert.equal("HR", note.Expected)
      assert.equal("IT", note.Actual)
      assert.is_false(note.Result)
    end)

    it("with a path that leads nowhere is refused, naming step, source and all paths", function()
      local message = refusal(planning.workflow({ emit("Grant VPN", { Condition = { All = {
        { Equals = { Path = "Request.Intent.Vpn", Value = "x" } },
        { Like = { Path = "Request.Intent.Departmnt", Pattern = "x" } },
      } } }) }))
      assert.matches("unresolved condition path", message, 1, true)
      assert.matches("'Grant VPN'", message, 1, true)
      assert.matches("in Condition", message, 1, true)
      assert.matches("'Request.Intent.Vpn'", message, 1, true)
      assert.matches("did you mean 'Department'", message, 1, true)
    end)
  end)

  describe("a step that does not apply", function()
    local NEVER = { Exists = "Request.Intent.Nothing" }

    it("keeps its With as it is written", function()
      local made = planning.plan(planning.workflow({
        emit("A", { Condition = NEVER, With = { Message = "{{Request.Intent.Nothing}}" } }),
      }))
      assert.equal("NotApplicable", made.Steps[1].Status)
      assert.equal("{{Request.Intent.Nothing}}", made.Steps[1].With.Message)
    end)

    it("need not have the right keys in With", function()
      assert.has_no.errors(function()
        planning.plan(planning.workflow({ { Name = "A", Type = DISABLE, Condition = NEVER, With = { Other = 1 } } }))
      end)
    end)

    it("demands no capabilities and no provider", function()
      assert.has_no.errors(function()
        planning.plan(planning.workflow({ { Name = "A", Type = "IdLE.Step.DeleteIdentity", Condition = NEVER } }),
          { providers = { Identity = planning.provider("IdLE.Identity.Read") } })
      end)
    end)

    it("must still be of a known type", function()
      assert.matches("MissingStepTypeMetadata",
        refusal(planning.workflow({ { Name = "A", Type = "Nope.Step", Condition = NEVER } })))
    end)

    it("has its precondition looked at all the same", function()
      assert.matches("unresolved condition path in Precondition", refusal(planning.workflow({
        emit("A", { Condition = NEVER, Precondition = { Exists = "Request.Intnt.X" } }),
      })))
    end)
  end)

  describe("the With of a step that applies", function()
    local providers = { Identity = planning.provider("IdLE.Identity.Disable") }

    it("has its templates filled", function()
      local made = planning.plan(planning.workflow({
        { Name = "A", Type = DISABLE, With = { IdentityKey = "CORP\\{{Request.IdentityKeys.Account}}" } },
      }), { providers = providers })
      assert.equal("CORP\\ada", made.Steps[1].With.IdentityKey)
    end)

    it("must have the required keys, which the message lists", function()
      local message = refusal(planning.workflow({ { Name = "Cut off", Type = DISABLE } }), { providers = providers })
      for _, part in ipairs({ "'Cut off'", DISABLE, "With.IdentityKey" }) do assert.matches(part, message, 1, true) end
    end)

    it("must not have unknown keys, and the nearest right one is named", function()
      local message = refusal(planning.workflow({
        { Name = "A", Type = DISABLE, With = { IdentityKey = "x", Prvoider = "Identity" } },
      }), { providers = providers })
      assert.matches("With.Prvoider", message, 1, true)
      assert.matches("did you mean 'Provider'", message, 1, true)
    end)

    it("with several mistakes raises the first one in order, each time", function()
      local with = { Message = "{{Request.Intent.B}}", AuthSessionName = "{{Request.Intent.A}}",
        Provider = "{{Request.Intent.C}}" }
      for _ = 1, 20 do
        assert.matches("With.AuthSessionName", refusal(planning.workflow({ emit("A", { With = with }) })), 1, true)
      end
    end)

    it("must not lead to null", function()
      local message = refusal(planning.workflow({ emit("A", { With = { Message = "{{Request.Intent.Titel}}" } }) }))
      assert.matches("resolved to null or does not exist", message, 1, true)
      assert.matches("'A'", message, 1, true)
    end)
  end)

  describe("a precondition", function()
    local function planned(precondition)
      return planning.plan(planning.workflow({ emit("Hold", { Precondition = precondition }) }))
    end

    it("may look into a context that is filled later, with a warning on plan and step", function()
      local made = planned({ Exists = "Request.Context.LastDayIsOver" })
      assert.equal(1, #made.Warnings)
      assert.equal(made.Warnings[1], made.Steps[1].Warnings[1])
      local warning = made.Warnings[1]
      assert.equal("PreconditionContextPathUnresolvedAtPlan", warning.Code)
      assert.equal("Warning", warning.Type)
      assert.equal("Hold", warning.Step)
      assert.equal("Precondition", warning.Source)
      assert.same({ "Request.Context.LastDayIsOver" }, { table.unpack(warning.Paths) })
    end)

    it("warns only on the step it belongs to, also when names repeat across the collections", function()
      local made = planning.plan(planning.workflow(
        { emit("Same", { Precondition = { Exists = "Request.Context.A" } }) }, { OnFailureSteps = { emit("Same") } }))
      assert.equal(1, #made.Steps[1].Warnings)
      assert.equal(0, #made.OnFailureSteps[1].Warnings)
    end)

    it("is refused if a path outside the context leads nowhere", function()
      assert.matches("unresolved condition path in Precondition",
        tostring(planning.error_of(planned, { Exists = "Request.Intent.Nothing" })))
    end)

    it("cannot look into the workflow, which is gone when the step runs", function()
      assert.matches("Workflow.Name",
        tostring(planning.error_of(planned, { Equals = { Path = "Workflow.Name", Value = "Spec" } })))
    end)

    it("is kept with what belongs to it", function()
      local step = planning.plan(planning.workflow({ emit("A", {
        Precondition = { Exists = "Request.Intent.Department" }, OnPreconditionFalse = "continue",
        PreconditionEvent = { Type = "T", Message = "M", Data = { a = 1 } }, RetryProfile = "Slow",
      }) })).Steps[1]
      assert.equal("Continue", step.OnPreconditionFalse)
      assert.same({ Type = "T", Message = "M", Data = { a = 1 } }, step.PreconditionEvent)
      assert.equal("Slow", step.RetryProfile)
    end)
  end)

  describe("capabilities", function()
    local STEPS = { { Name = "Cut off", Type = DISABLE, With = { IdentityKey = "x" } } }

    it("are those of the step type, on the step", function()
      local made = planning.plan(planning.workflow(STEPS),
        { providers = { Identity = planning.provider("IdLE.Identity.Disable") } })
      assert.same({ "IdLE.Identity.Disable" }, { table.unpack(made.Steps[1].RequiresCapabilities) })
      assert.equal("Identity", made.Steps[1].Provider)
    end)

    it("that are missing are named with the steps and with what there is", function()
      local message = refusal(planning.workflow(STEPS),
        { providers = { Identity = planning.provider("IdLE.Identity.Read") } })
      assert.matches("MissingCapabilities: IdLE.Identity.Disable", message, 1, true)
      assert.matches("AffectedSteps: Cut off", message, 1, true)
      assert.matches("AvailableCapabilities: IdLE.Identity.Read", message, 1, true)
    end)

    it("are missing if there are no providers at all", function()
      assert.matches("MissingCapabilities: IdLE.Identity.Disable", refusal(planning.workflow(STEPS)), 1, true)
    end)

    it("must be those of the step's own provider, not of any", function()
      local message = refusal(planning.workflow(STEPS), { providers = {
        Identity = planning.provider("IdLE.Identity.Read"), Other = planning.provider("IdLE.Identity.Disable"),
      } })
      assert.matches("provider 'Identity' announces IdLE.Identity.Read", message, 1, true)
    end)

    it("cannot come from a provider that is not there, and the nearest alias is named", function()
      local message = refusal(planning.workflow({
        { Name = "A", Type = DISABLE, With = { IdentityKey = "x", Provider = "Identiy" } },
      }), { providers = { Identity = planning.provider("IdLE.Identity.Disable") } })
      assert.matches("no provider 'Identiy'", message, 1, true)
      assert.matches("did you mean 'Identity'", message, 1, true)
    end)

    it("are demanded of steps after a failure, too", function()
      assert.matches("AffectedSteps: Cut off", refusal(planning.workflow({}, { OnFailureSteps = STEPS })), 1, true)
    end)

    it("of a plan can be asked of other providers later", function()
      local made = planning.plan(planning.workflow(STEPS),
        { providers = { Identity = planning.provider("IdLE.Identity.Disable") } })
      assert.has_no.errors(function()
        plan.check_providers(made, { identity = planning.provider("IdLE.Identity.Disable") })
      end)
      assert.matches("MissingCapabilities", tostring(planning.error_of(plan.check_providers, made, {})))
    end)
  end)

  describe("step types of the host", function()
    it("are known by their metadata", function()
      local made = planning.plan(planning.workflow({ { Name = "A", Type = "corp.badge", With = { Any = 1 } } }),
        { providers = { Badges = planning.provider("Corp.Badge"),
          StepMetadata = { ["Corp.Badge"] = planning.metadata({ "Corp.Badge" }, "Badges") } } })
      assert.equal("corp.badge", made.Steps[1].Type)
      assert.equal("Badges", made.Steps[1].Provider)
    end)

    it("cannot replace built-in ones", function()
      local message = refusal(planning.workflow({}),
        { providers = { StepMetadata = { [EMIT] = planning.metadata() } } })
      assert.matches("DuplicateStepTypeMetadata", message, 1, true)
      assert.matches("supplement", message, 1, true)
    end)

    it("must be known, and the nearest name is given", function()
      local message = refusal(planning.workflow({ { Name = "A", Type = "IdLE.Step.EmitEvnt" } }))
      assert.matches("MissingStepTypeMetadata", message, 1, true)
      assert.matches("did you mean 'IdLE.Step.EmitEvent'", message, 1, true)
    end)
  end)

  describe("context resolvers", function()
    local provider = {
      GetCapabilities = function() return { "IdLE.Identity.Read" } end,
      GetIdentity = function(_, key) return { IdentityKey = key, Attributes = { Department = "HR" } } end,
    }
    local SOURCE = planning.workflow({ emit("A", { Condition = { Equals = {
      Path = "Request.Context.Views.Identity.Profile.Attributes.Department", Value = "HR" } } }) },
      { ContextResolvers = { { Capability = "IdLE.Identity.Read",
        With = { IdentityKey = "{{Request.IdentityKeys.Account}}" } } } })

    it("answer before the first condition is evaluated", function()
      local made = planning.plan(SOURCE, { providers = { Identity = provider } })
      assert.equal("Planned", made.Steps[1].Status)
      assert.equal("ada", made.Request.Context.Providers.Identity.Default.Identity.Profile.IdentityKey)
    end)

    it("leave the caller's request alone", function()
      local request = planning.request({ Context = {} })
      planning.plan(SOURCE, { providers = { Identity = provider }, request = request })
      assert.same({}, request.Context)
    end)
  end)
end)
