local condition = require("idle.engine.condition")
local plan_step = require("idle.engine.plan_step")
local plans = require("spec.support.plans")
local step_catalogue = require("idle.engine.step_catalogue")

describe("idle.engine.plan_step", function()
  local CATALOGUE = step_catalogue.build({ packs = {}, host = {
    Test = { RequiredCapabilities = { "Test.Do" },
             WithSchema = { RequiredKeys = {}, OptionalKeys = { "Name", "Provider" } } },
  } })
  local IS_IT = { Equals = { Path = "Request.Intent.Department", Value = "IT" } }
  local IS_HR = { Equals = { Path = "Request.Intent.Department", Value = "HR" } }

  local function build(fields)
    local definition = { Name = "a", Type = "test", Description = "", With = {} }
    for name, field in pairs(fields or {}) do definition[name] = field end
    local plan = plans.new({})
    local roots = { Request = plan.Request, Plan = plan }
    return plan_step.build(definition, { plan = plan, catalogue = CATALOGUE, roots = roots, run_time_roots = roots })
  end

  local function refusal(fields)
    local ok, err = pcall(build, fields)
    assert.is_false(ok)
    return err.message
  end

  it("plans a step without a condition, with what its type needs", function()
    local step = build({ With = { Name = "x", Provider = "Directory" } })
    assert.same({ "Planned", "test", "Directory" }, { step.Status, step.Type, step.Provider })
    assert.same({ "Test.Do" }, { table.unpack(step.RequiresCapabilities) })
    assert.same({}, { table.unpack(step.Comparisons) })
  end)

  it("fills the templates of its With, and leaves the workflow's own as it was", function()
    local with = { Name = "{{Request.Intent.Department}}" }
    assert.equal("IT", build({ With = with }).With.Name)
    assert.equal("{{Request.Intent.Department}}", with.Name)
  end)

  it("does not fill them where the step is not applicable, and says what was compared", function()
    local step = build({ ConditionNode = condition.compile(IS_HR), With = { Name = "{{Request.Intent.Nothing}}" } })
    assert.equal("NotApplicable", step.Status)
    assert.equal("{{Request.Intent.Nothing}}", step.With.Name)
    assert.equal(1, #step.Comparisons)
    assert.equal("Planned", build({ ConditionNode = condition.compile(IS_IT) }).Status)
  end)

  it("raises what is wrong with it, and names it", function()
    assert.matches("'a'.*Tset", refusal({ Type = "Tset" }))
    assert.matches("With.Nmae", refusal({ With = { Nmae = "x" } }))
    assert.matches("Request.Intent.Nothing", refusal({ With = { Name = "{{Request.Intent.Nothing}}" } }))
  end)
end)
