local NULL = require("spec.support.null")
local data = require("idle.engine.data")
local step_catalogue = require("idle.engine.step_catalogue")
local value = require("idle.engine.value")
local workflow = require("idle.engine.workflow")

local function step(fields)
  local made = { Name = "a", Type = "IdLE.Step.EmitEvent" }
  for name, field in pairs(fields or {}) do made[name] = field end
  return made
end

local function with_steps(...)
  return { Name = "w", LifecycleEvent = "Joiner", Steps = value.list({ ... }) }
end

-- The violations of a workflow as path → message.
local function violations(root, options)
  local definition, found = workflow.check(root, options)
  assert.equal(definition == nil, #found > 0)
  local by_path = {}
  for _, violation in ipairs(found) do by_path[violation.Path] = violation.Message end
  return by_path, found
end

describe("idle.engine.workflow: a definition", function()
  it("has all collections, and the steps in their normal form", function()
    local definition = workflow.load(with_steps(step()))
    assert.same({
      Name = "w", LifecycleEvent = "Joiner", OnFailureSteps = {}, ContextResolvers = {},
      Steps = { { Name = "a", Type = "IdLE.Step.EmitEvent", Description = "", With = {} } },
    }, definition)
    assert.is_true(value.is_list(definition.OnFailureSteps))
  end)

  it("takes keys whatever their case, and numbers for texts", function()
    local definition = workflow.load({ NAME = 5, lifecycleevent = "Joiner", steps = { { name = 1, TYPE = "t",
      onpreconditionfalse = "CONTINUE", retryprofile = "slow", description = 7 } } })
    assert.equal("5", definition.Name)
    assert.same({ Name = "1", Type = "t", Description = "7", With = {}, OnPreconditionFalse = "Continue",
      RetryProfile = "slow" }, definition.Steps[1])
  end)

  it("keeps conditions as they are written, and prepared", function()
    local condition = { Exists = "Request.Intent.A" }
    local made = workflow.load(with_steps(step({ Condition = condition, Precondition = condition }))).Steps[1]
    assert.same(condition, made.Condition)
    assert.not_equal(condition, made.Condition)
    assert.equal("Exists", made.ConditionNode.operator)
    assert.equal("Exists", made.PreconditionNode.operator)
  end)

  it("shares nothing with its origin", function()
    local with = { A = { B = 1 } }
    local definition = workflow.load(with_steps(step({ With = with })))
    with.A.B = 2
    assert.equal(1, definition.Steps[1].With.A.B)
  end)

  it("takes null for what is not there", function()
    local definition = workflow.load(with_steps(step({ With = NULL, Condition = NULL, PreconditionEvent = NULL })))
    assert.same({}, definition.Steps[1].With)
    assert.is_nil(definition.Steps[1].Condition)
  end)

  it("may have no steps, and the same name in both collections", function()
    assert.same({}, workflow.load(with_steps()).Steps)
    local root = with_steps(step())
    root.OnFailureSteps = { step() }
    assert.equal("a", workflow.load(root).OnFailureSteps[1].Name)
  end)

  it("keeps a precondition's event", function()
    local event = { Type = "Custom", Message = "m", Data = { A = value.list({ 1 }) } }
    assert.same(event, workflow.load(with_steps(step({ PreconditionEvent = event }))).Steps[1].PreconditionEvent)
  end)

  it("keeps context resolvers", function()
    local root = with_steps()
    root.ContextResolvers = { { Capability = "IdLE.Identity.Read",
      With = { IdentityKey = "x", Provider = "Entra", AuthSessionOptions = { Role = "r" }, Other = 1 } } }
    assert.same(root.ContextResolvers, workflow.load(root).ContextResolvers)
  end)
end)

describe("idle.engine.workflow: violations of the root", function()
  it("names an unknown key, the allowed ones and the nearest", function()
    local root = with_steps()
    root.Stpes = root.Steps
    root.Steps = nil
    local found = violations(root)
    assert.equal("Unknown root key 'Stpes' (allowed: Name, LifecycleEvent, Steps, OnFailureSteps, Description, "
      .. "ContextResolvers); did you mean 'Steps'?", found.Stpes)
    assert.matches("Steps is missing", found.Steps)
  end)

  it("names what is missing or blank", function()
    local found = violations({ Name = " " })
    assert.equal("Name must not be blank", found.Name)
    assert.equal("LifecycleEvent is missing", found.LifecycleEvent)
    assert.matches("Steps is missing", found.Steps)
    assert.matches("Steps is missing", violations({ Name = "w", LifecycleEvent = "J", Steps = NULL }).Steps)
  end)

  it("names a collection that is no list", function()
    for _, name in ipairs({ "Steps", "OnFailureSteps", "ContextResolvers" }) do
      local root = with_steps()
      root[name] = step()
      assert.matches(name .. " must be a list, got a map", violations(root)[name])
      root[name] = "x"
      assert.matches("got a text", violations(root)[name])
    end
  end)

  it("names entries that are no maps, null included", function()
    local root = with_steps(step(), NULL, "x")
    root.ContextResolvers = { 5 }
    local found = violations(root)
    assert.matches("must be a map .* got null", found["Steps[1]"])
    assert.matches("must be a map .* got a text", found["Steps[2]"])
    assert.matches("must be a map .* got a number", found["ContextResolvers[0]"])
  end)

  it("names both lifecycle events if they differ", function()
    local found = violations(with_steps(), { lifecycle_event = "Leaver" })
    assert.equal("the workflow's LifecycleEvent 'Joiner' does not match request LifecycleEvent 'Leaver'",
      found.LifecycleEvent)
    assert.same({}, (violations(with_steps(), { lifecycle_event = "JOINER" })))
    assert.same({}, (violations(with_steps(), { lifecycle_event = " " })))
  end)

  it("is a workflow that is no map", function()
    assert.matches("hashtable.* got a list", violations({ 1, 2 })[""])
  end)

  it("is code anywhere, and then nothing else is looked at", function()
    local root = with_steps({ With = { Action = data.code("{ 1 }") } })
    local found, list = violations(root)
    assert.equal(1, #list)
    assert.matches("Workflow.Steps%[0%].With.Action: ScriptBlocks are not allowed", found["Steps[0].With.Action"])
  end)
end)

describe("idle.engine.workflow: violations of a step", function()
  it("names missing and blank texts with their whole path", function()
    local root = with_steps(step(), { Type = "t" }, { Name = "b", Type = "" })
    root.OnFailureSteps = { { Name = "x" } }
    local found = violations(root)
    assert.equal("Name is missing", found["Steps[1].Name"])
    assert.equal("Type must not be blank", found["Steps[2].Type"])
    assert.equal("Type is missing", found["OnFailureSteps[0].Type"])
  end)

  it("names a step name that is there twice, and its collection", function()
    local root = with_steps(step({ Name = "Grant" }), step({ Name = "b" }), step({ Name = "GRANT" }))
    root.OnFailureSteps = { step({ Name = "c" }), step({ Name = "C" }) }
    local found = violations(root)
    assert.equal("duplicate step name 'GRANT' in Steps; Steps[0] has it already", found["Steps[2].Name"])
    assert.equal("duplicate step name 'C' in OnFailureSteps; OnFailureSteps[0] has it already",
      found["OnFailureSteps[1].Name"])
  end)

  it("names mistakes of conditions in on-failure steps, and of preconditions", function()
    local root = with_steps(step({ Precondition = { Foo = 1 } }))
    root.OnFailureSteps = { step({ Condition = { Foo = 1 } }) }
    local found = violations(root)
    assert.matches("invalid Precondition: .*'Foo'", found["Steps[0].Precondition"])
    assert.matches("invalid Condition: .*'Foo'", found["OnFailureSteps[0].Condition"])
  end)

  it("looks at types and at keys of With, if it knows the step types", function()
    local found = violations(with_steps(step({ Type = "idle.step.disableidentity" })),
      { catalogue = step_catalogue.build() })
    assert.matches("requires With.IdentityKey", found["Steps[0].With.IdentityKey"])
  end)
end)

describe("idle.engine.workflow: violations of a context resolver", function()
  local function of_resolver(resolver)
    local root = with_steps()
    root.ContextResolvers = { resolver }
    return (violations(root))
  end

  it("names a capability that is missing", function()
    assert.equal("Capability is missing", of_resolver({})["ContextResolvers[0].Capability"])
  end)

  it("names unknown keys, and says what belongs into With", function()
    local found = of_resolver({ Capability = "c", Provider = "p", To = "x", Wiht = {} })
    assert.matches("Unknown key 'Provider' .*; it belongs into With", found["ContextResolvers[0].Provider"])
    assert.matches("Unknown key 'To'", found["ContextResolvers[0].To"])
    assert.matches("did you mean 'With'", found["ContextResolvers[0].Wiht"])
  end)

  it("names parts of With", function()
    local with = { Provider = "", AuthSessionOptions = "x", IdentiyKey = "y" }
    local found = of_resolver({ Capability = "c", With = with })
    assert.matches("With.Provider must not be blank", found["ContextResolvers[0].With.Provider"])
    assert.matches("AuthSessionOptions must be a map", found["ContextResolvers[0].With.AuthSessionOptions"])
    assert.matches("did you mean 'IdentityKey'", found["ContextResolvers[0].With.IdentiyKey"])
    assert.matches("With must be a map, got a text",
      of_resolver({ Capability = "c", With = "x" })["ContextResolvers[0].With"])
  end)
end)

describe("idle.engine.workflow: data files", function()
  local text = "@{\n Name = 'w'\n LifecycleEvent = 'Joiner'\n Steps = @(\n  @{ Name = 'a'; Type = 't' }\n"
    .. "  @{ Name = 'b'\n   Widht = @{} }\n )\n}"

  it("gives every violation its line", function()
    local _, found = workflow.check_text(text)
    assert.same({ { "Steps[1].Widht", 7, 4 }, { "Steps[1].Type", 6, 3 } },
      { { found[1].Path, found[1].Line, found[1].Column }, { found[2].Path, found[2].Line, found[2].Column } })
  end)

  it("raises all of them, with file, path and line", function()
    local ok, err = pcall(workflow.read, text, { source = "joiner.psd1" })
    assert.is_false(ok)
    assert.equal("input.workflow", err.kind)
    assert.matches("^workflow 'joiner.psd1' is invalid: %- Steps%[1%].Widht %(line 7%): Unknown key 'Widht'",
      err.message)
    assert.matches("; %- Steps%[1%].Type %(line 6%): Type is missing$", err.message)
    assert.equal(2, #err.data.Errors)
  end)

  it("knows an empty map from an empty list", function()
    local _, found = workflow.check_text("@{ Name = 'w'; LifecycleEvent = 'J'; Steps = @{} }")
    assert.matches("Steps must be a list, got a map", found[1].Message)
    assert.same({}, workflow.read("@{ Name = 'w'; LifecycleEvent = 'J'; Steps = @() }").Steps)
    assert.same({}, workflow.load({ Name = "w", LifecycleEvent = "J", Steps = {} }).Steps)
  end)

  it("keeps null in a condition's value", function()
    local definition = workflow.read("@{ Name = 'w'; LifecycleEvent = 'J'; Steps = @( @{ Name = 'a'; Type = 't'\n"
      .. "Condition = @{ Equals = @{ Path = 'Request.Intent.A'; Value = $null } } } ) }", { null = NULL })
    assert.equal(NULL, definition.Steps[1].Condition.Equals.Value)
  end)

  it("validates ten thousand steps quickly, right or wrong", function()
    local lines = {}
    for index = 1, 10000 do
      lines[index] = ("@{ Name = 'Step %d'; Type = 'IdLE.Step.EmitEvent'; With = @{ Message = 'm' }; X = 1 }")
        :format(index)
    end
    local large = "@{ Name = 'w'; LifecycleEvent = 'J'; Steps = @(\n" .. table.concat(lines, "\n") .. ") }"
    local began = os.clock()
    local _, found = workflow.check_text(large)
    assert.equal(10000, #found)
    assert.equal(10001, found[10000].Line)
    assert.equal(10000, #workflow.read((large:gsub("; X = 1", ""))).Steps)
    assert.is_true(os.clock() - began < 4)
  end)

  it("takes conditions a thousand deep", function()
    local condition = ("@{ All = @("):rep(1000) .. "@{ Exists = 'Request.Intent.A' }" .. (") }"):rep(1000)
    local definition = workflow.read("@{ Name = 'w'; LifecycleEvent = 'J'; Steps = @( @{ Name = 'a'; Type = 't'\n"
      .. "Condition = " .. condition .. " } ) }")
    assert.equal("All", definition.Steps[1].ConditionNode.group)
  end)
end)
