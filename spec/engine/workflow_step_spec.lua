local step_catalogue = require("idle.engine.step_catalogue")
local value = require("idle.engine.value")
local workflow_report = require("idle.engine.workflow_report")
local workflow_step = require("idle.engine.workflow_step")

describe("idle.engine.workflow_step", function()
  local function check(step, catalogue)
    local report = workflow_report.new(false)
    local definition = workflow_step.check(report, step, {}, { own = function(v) return v end, catalogue = catalogue })
    local by_path = {}
    for _, violation in ipairs(report.violations) do by_path[violation.Path] = violation.Message end
    return by_path, definition
  end

  -- The violations of a step that has a name and a type, as path → message.
  local function of_step(fields, catalogue)
    local step = { Name = "a", Type = "IdLE.Step.EmitEvent" }
    for name, field in pairs(fields) do step[name] = field end
    return (check(step, catalogue))
  end

  it("gives what is right its normal form, also where something else is wrong", function()
    local found, definition = check({ name = 5, Type = "t", onpreconditionfalse = "FAIL", With = "x" })
    assert.same({ With = "With must be a map, got a text" }, found)
    assert.same({ Name = "5", Type = "t", Description = "", OnPreconditionFalse = "Fail" }, definition)
  end)

  it("takes a map for a step, and nothing else", function()
    local found, definition = check("Get-Date")
    assert.is_nil(definition)
    assert.same({ [""] = "a step must be a map with Name and Type, got a text" }, found)
  end)

  it("names missing and blank texts, and what is no text", function()
    assert.equal("Type is missing", check({ Name = "a" }).Type)
    assert.equal("Type must not be blank", of_step({ Type = " " }).Type)
    assert.equal("Name must be a text, got a map", of_step({ Name = {} }).Name)
  end)

  it("names an unknown key with its place and the nearest", function()
    assert.matches("^Unknown key 'Widht' %(allowed: Name, .*%); did you mean 'With'%?$", of_step({ Widht = {} }).Widht)
    assert.matches("did you mean 'Condition'", of_step({ Condtion = {} }).Condtion)
    assert.matches("'When' was renamed to 'Condition'", of_step({ When = {} }).When)
  end)

  it("names every mistake of a condition with its node", function()
    local found = of_step({ Condition = { All = { { Exists = "A" }, { Equals = { Pth = "B", Value = 1 } } } } })
    assert.matches("invalid Condition: Condition.All%[1%].Equals: Path is missing",
      found["Condition.All[1].Equals"])
  end)

  it("names conditions that are no map", function()
    assert.matches("Condition must be one condition, a map; got a text", of_step({ Condition = "x" }).Condition)
    assert.matches("Precondition must be one condition, a map; got a list",
      of_step({ Precondition = { { Exists = "A" } } }).Precondition)
  end)

  it("names a With that is no map", function()
    assert.equal("With must be a map, got a text", of_step({ With = "x" }).With)
    assert.equal("With must be a map, got a list", of_step({ With = value.list() }).With)
  end)

  it("names a retry profile, and the pattern", function()
    assert.equal("RetryProfile must not be blank", of_step({ RetryProfile = " " }).RetryProfile)
    assert.equal("RetryProfile 'a b' must match ^[A-Za-z0-9_.-]{1,64}$",
      of_step({ RetryProfile = "a b" }).RetryProfile)
    assert.matches("must match", of_step({ RetryProfile = ("x"):rep(65) }).RetryProfile)
    assert.matches("a list must match", of_step({ RetryProfile = { 1 } }).RetryProfile)
  end)

  it("names the three values of OnPreconditionFalse, and what it got", function()
    assert.equal("OnPreconditionFalse must be Blocked, Fail or Continue, got 'Continu'; did you mean 'Continue'?",
      of_step({ OnPreconditionFalse = "Continu" }).OnPreconditionFalse)
    assert.matches("got 'True'", of_step({ OnPreconditionFalse = true }).OnPreconditionFalse)
  end)

  it("names the parts of a precondition's event", function()
    local found = of_step({ PreconditionEvent = { Type = " ", Data = "x", Mesage = "m", Note = 1 } })
    assert.matches("PreconditionEvent.Type must be a text and not blank", found["PreconditionEvent.Type"])
    assert.matches("PreconditionEvent.Message must", found["PreconditionEvent.Message"])
    assert.matches("PreconditionEvent.Data must be a map", found["PreconditionEvent.Data"])
    assert.matches("did you mean 'Message'", found["PreconditionEvent.Mesage"])
    assert.is_nil(found["PreconditionEvent.Note"])
    assert.matches("must be a map with Type and Message, got a text",
      of_step({ PreconditionEvent = "x" }).PreconditionEvent)
  end)

  it("names keys of With, if it knows the step types", function()
    local catalogue = step_catalogue.build()
    local misspelled = { Type = "idle.step.disableidentity", With = { IdentiyKey = "x", Prvoider = "y" } }
    local found = of_step(misspelled, catalogue)
    assert.matches("requires With.IdentityKey .*'IdentiyKey'; did you mean 'IdentityKey'", found["With.IdentiyKey"])
    assert.matches("With.Prvoider is an unknown key .*did you mean 'Provider'", found["With.Prvoider"])
    found = of_step({ Type = "Custom.Type", With = { Anything = 1 } }, catalogue)
    assert.is_nil(found["With.Anything"])
    assert.matches("nothing is known of the step type 'Custom.Type'", found.Type)
  end)
end)
