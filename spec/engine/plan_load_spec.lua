local planning = require("spec.support.planning")
local data = require("idle.engine.data")
local plan_export = require("idle.engine.plan_export")
local plan_load = require("idle.engine.plan_load")
local value = require("idle.engine.value")

local FAIL_STEP = { Name = "Tell", Type = "IdLE.Step.EmitEvent", With = { Message = "help" } }

local function make_plan(step, request)
  return planning.plan(planning.workflow({ step or {
    Name = "Cut off", Type = "IdLE.Step.DisableIdentity", With = { IdentityKey = "{{Request.IdentityKeys.Account}}" },
    Condition = { Exists = "Request.Intent.Department" }, Precondition = { Exists = "Request.Context.Later" },
    OnPreconditionFalse = "Fail", PreconditionEvent = { Type = "T", Message = "M", Data = { a = 1 } },
    RetryProfile = "Slow",
  } }, { OnFailureSteps = { FAIL_STEP } }), { request = planning.request(request),
    providers = { Identity = planning.provider("IdLE.Identity.Disable") } })
end

-- The value of a document as JSON would be read: without shapes, and with nulls.
local function as_read(v)
  if type(v) ~= "table" then return v end
  local names = (getmetatable(v) or {}).names
  local copied = value.is_list(v) and value.list() or {}
  for _, key in ipairs(names or data.sorted_keys(v)) do
    if names and v[key] == nil then copied[key] = data.NULL else copied[key] = as_read(v[key]) end
  end
  return copied
end

local function document_of(made)
  return as_read(plan_export.document(made, { sha256 = planning.digest }))
end

local function read(document) return plan_load.read(document, { sha256 = planning.digest, source = "p.json" }) end

local function reseal(document)
  document.seal = { algorithm = "sha256", value = plan_export.seal(document, planning.digest) }
  return document
end

describe("idle.engine.plan_load", function()
  it("gives back the plan that was exported", function()
    local made = make_plan()
    local loaded = read(document_of(made))
    for _, name in ipairs({ "WorkflowName", "LifecycleEvent", "CorrelationId", "Actor", "Request", "Warnings" }) do
      assert.same(made[name], loaded[name], name)
    end
    for index, step in ipairs(made.Steps) do
      for name, field in pairs(step) do
        if name ~= "Comparisons" and name ~= "Warnings" then assert.same(field, loaded.Steps[index][name], name) end
      end
    end
    assert.equal("Tell", loaded.OnFailureSteps[1].Name)
    assert.is_true(value.is_list(loaded.Actions))
  end)

  it("gives the same export again", function()
    local made = make_plan()
    assert.equal(plan_export.write(made, { sha256 = planning.digest }),
      plan_export.write(read(document_of(made)), { sha256 = planning.digest }))
  end)

  it("does not mind another order of the fields", function()
    local document, shuffled = document_of(make_plan()), {}
    for _, name in ipairs({ "seal", "plan", "metadata", "request", "engine", "schemaVersion" }) do
      shuffled[name] = document[name]
    end
    assert.has_no.errors(function() read(shuffled) end)
  end)

  describe("refuses as changed", function()
    local function changed(change)
      local document = document_of(make_plan())
      change(document)
      local err = planning.error_of(read, document)
      assert.equal("plan.changed", err.kind)
      assert.matches("'p.json'", tostring(err), 1, true)
      return err
    end

    it("a plan with another value, and exits with 5", function()
      local err = changed(function(document) document.plan.steps[1].inputs.IdentityKey = "eve" end)
      assert.equal(5, require("idle.engine.errors").exit_status(err))
    end)

    it("a plan with a step more or less", function()
      changed(function(document) table.remove(document.plan.onFailureSteps) end)
      changed(function(document) document.plan.steps[2] = document.plan.steps[1] end)
    end)

    it("a plan with a field that was not there", function()
      changed(function(document) document.plan.steps[1].extra = true end)
    end)

    it("a plan with another seal", function()
      changed(function(document) document.seal.value = ("0"):rep(64) end)
    end)
  end)

  describe("refuses", function()
    local function refusal(document)
      local err = planning.error_of(read, document)
      assert.equal("input.plan", err.kind)
      return tostring(err)
    end

    it("what is no plan", function()
      assert.matches("must be a map", refusal("text"))
      assert.matches("schemaVersion must be 1.1, got none", refusal({}), 1, true)
      assert.matches("got '2.0'", refusal({ schemaVersion = "2.0" }), 1, true)
    end)

    it("schema 1.0, and says what to do", function()
      assert.matches("export the plan with schema 1.1", refusal({ schemaVersion = "1.0" }), 1, true)
    end)

    it("a plan without a seal", function()
      local document = document_of(make_plan())
      document.seal = nil
      assert.matches("no seal", refusal(document))
    end)

    it("a sealed plan that is none, because anybody can compute a seal", function()
      local document = document_of(make_plan())
      document.plan.steps[1].precondition = { Exsts = "x" }
      assert.matches("did you mean 'Exists'", refusal(reseal(document)), 1, true)
      document = document_of(make_plan())
      document.plan.steps[1].status = "Done"
      assert.matches("status must be Planned or NotApplicable", refusal(reseal(document)), 1, true)
      document = document_of(make_plan())
      document.plan.workflowName = nil
      assert.matches("plan.workflowName is missing", refusal(reseal(document)), 1, true)
    end)

    it("a plan whose step lost a secret in the export", function()
      local made = make_plan({ Name = "New", Type = "IdLE.Step.EmitEvent",
        With = { Message = "x", AuthSessionOptions = { Password = "hunter2" } } })
      local message = refusal(document_of(made))
      assert.matches("With.AuthSessionOptions.Password was replaced", message, 1, true)
      assert.matches("AuthSessionBroker", message, 1, true)
    end)

    it("a plan whose precondition reads what was replaced", function()
      local made = make_plan({ Name = "New", Type = "IdLE.Step.EmitEvent",
        Precondition = { Any = { { Equals = { Path = "Request.Intent.Token", Value = "x" } } } } },
        { Intent = { Token = "hunter2" } })
      assert.matches("Precondition reads 'Request.Intent.Token'", refusal(document_of(made)), 1, true)
    end)
  end)

  it("runs a plan whose request alone has secrets that no step needs", function()
    local made = make_plan(nil, { Intent = { Department = "IT", Password = "hunter2" } })
    assert.equal("[REDACTED]", read(document_of(made)).Request.Intent.Password)
  end)
end)
