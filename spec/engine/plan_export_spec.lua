local planning = require("spec.support.planning")
local plan_export = require("idle.engine.plan_export")
local value = require("idle.engine.value")

-- The golden file of IdLE: tests/fixtures/plan-export/expected/plan-export.json.
local GOLDEN = [[
{
  "schemaVersion": "1.0",
  "engine": {
    "name": "IdLE"
  },
  "request": {
    "type": "Joiner",
    "correlationId": "11111111-1111-1111-1111-111111111111",
    "actor": null,
    "input": {
      "identityKeys": {
        "userId": "jdoe"
      },
      "intent": {
        "department": "IT"
      },
      "context": {}
    }
  },
  "plan": {
    "id": "11111111-1111-1111-1111-111111111111",
    "mode": null,
    "steps": [
      {
        "id": "step-01",
        "name": "Ensure Mailbox",
        "stepType": "EnsureMailbox",
        "provider": null,
        "condition": {
          "type": "always",
          "expression": null
        },
        "inputs": {
          "mailboxType": "User"
        },
        "expectedState": null,
        "warnings": []
      }
    ],
    "warnings": []
  },
  "metadata": {
    "generatedBy": "Export-IdlePlanObject",
    "environment": null,
    "labels": []
  }
}]]

local function golden_plan()
  return planning.plan([[
@{
  Name           = 'Joiner - Export Fixture'
  LifecycleEvent = 'Joiner'
  Steps          = @(
    @{
      Name = 'Ensure Mailbox'
      Type = 'EnsureMailbox'
      With = @{
        mailboxType = 'User'
      }
    }
  )
}]], {
    request = { LifecycleEvent = "Joiner", CorrelationId = planning.ID, IdentityKeys = { userId = "jdoe" },
      Intent = { department = "IT" } },
    providers = { Dummy = true, StepMetadata = { EnsureMailbox = planning.metadata() } },
  })
end

describe("idle.engine.plan_export", function()
  local function write_1_0(made) return plan_export.write(made, { schema = "1.0" }) end

  local function write_1_1(made) return plan_export.write(made, { sha256 = planning.digest }) end

  local function emit_plan(step, options, fields)
    step.Name, step.Type = step.Name or "A", "IdLE.Step.EmitEvent"
    return planning.plan(planning.workflow({ step }, fields), options)
  end

  describe("schema 1.0", function()
    it("is IdLE's golden file, byte for byte", function()
      assert.equal(GOLDEN, write_1_0(golden_plan()))
    end)

    it("gives the same bytes in 100 runs", function()
      for _ = 1, 100 do assert.equal(GOLDEN, write_1_0(golden_plan())) end
    end)

    it("of a plan without steps has an empty list", function()
      assert.matches('"steps": [],', write_1_0(planning.plan(planning.workflow({}))), 1, true)
    end)

    it("leaves out what a condition is, as IdLE does", function()
      local text = write_1_0(emit_plan({ Condition = { Exists = "Request.Intent.Department" } }))
      assert.matches('"type": null,\n          "expression": null', text, 1, true)
      assert.is_nil(text:find("Request.Intent.Department", 1, true))
    end)

    it("tells the warnings of steps and of the plan, each with its fields in order", function()
      local text = write_1_0(emit_plan({ Precondition = { Exists = "Request.Context.Later" } }))
      local head = [["warnings": [
          {
            "code": "PreconditionContextPathUnresolvedAtPlan",
            "type": "Warning",
            "source": "Precondition",
            "paths": [
              "Request.Context.Later"
            ],
            "message": ]]
      assert.matches(head, text, 1, true)
      assert.matches('"type": "Warning",\n        "step": "A",\n        "source": "Precondition",', text, 1, true)
    end)

    it("counts steps with at least two digits", function()
      local steps = {}
      for index = 1, 101 do steps[index] = { Name = "S" .. index, Type = "IdLE.Step.EmitEvent" } end
      local text = write_1_0(planning.plan(planning.workflow(steps)))
      for _, id in ipairs({ "step-01", "step-10", "step-101" }) do
        assert.matches('"id": "' .. id .. '"', text, 1, true)
      end
    end)

    it("refuses a value deeper than 20 levels", function()
      local deep = "x"
      for _ = 1, 20 do deep = { In = deep } end
      local err = planning.error_of(write_1_0, planning.plan(planning.workflow({}),
        { request = planning.request({ Context = deep }) }))
      assert.equal("input.plan", err.kind)
      assert.matches("request.input.context.In", tostring(err), 1, true)
    end)
  end)

  describe("the request", function()
    local function exported(request, write)
      return (write or write_1_0)(planning.plan(planning.workflow({}), { request = planning.request(request) }))
    end

    it("is exported with an actor that is blank as null", function()
      assert.matches('"actor": null', exported({ Actor = "  " }), 1, true)
      assert.matches('"actor": "HR"', exported({ Actor = "HR" }), 1, true)
    end)

    it("has its maps, also the empty ones", function()
      assert.matches('"identityKeys": {},\n      "intent": {},\n      "context": {}',
        exported({ IdentityKeys = {}, Intent = {} }), 1, true)
    end)

    it("keeps lists, keys sorted and text as it is", function()
      local text = exported({ Intent = { B = value.list({ "ä" }), A = value.list() } })
      assert.matches('"A": [],\n        "B": [\n          "ä"\n        ]', text, 1, true)
    end)

    it("has its secrets replaced, at any depth", function()
      local text = exported({ Intent = { User = { Password = "hunter2", passwordHint = "dog" } } })
      assert.is_nil(text:find("hunter2", 1, true))
      assert.matches('"Password": "[REDACTED]"', text, 1, true)
      assert.matches('"passwordHint": "dog"', text, 1, true)
    end)

    it("never changes when it is exported", function()
      local made = planning.plan(planning.workflow({}),
        { request = planning.request({ Intent = { Password = "hunter2" } }) })
      write_1_0(made)
      assert.equal("hunter2", made.Request.Intent.Password)
    end)

    it("has a field above 64 KiB told by its size, measured after redaction", function()
      local compact = #'{"Text":""}'
      local function text_of(size) return exported({ Intent = { Text = ("x"):rep(size - compact) } }) end
      assert.is_nil(text_of(65536):find("TRUNCATED", 1, true))
      assert.matches('"intent": "[TRUNCATED - 65537 bytes]"', text_of(65537), 1, true)
      assert.is_nil(exported({ Intent = { token = ("x"):rep(70000) } }):find("TRUNCATED", 1, true))
    end)

    it("is complete in schema 1.1, because the plan is run from it", function()
      assert.is_nil(exported({ Intent = { Text = ("x"):rep(70000) } }, write_1_1):find("TRUNCATED", 1, true))
    end)

    it("counts bytes, not characters", function()
      assert.matches('[TRUNCATED - ' .. #'{"Text":""}' + 66000 .. ' bytes]',
        exported({ Intent = { Text = ("ä"):rep(33000) } }), 1, true)
    end)
  end)

  describe("schema 1.1", function()
    it("begins as 1.0 does and ends with a seal", function()
      local text = write_1_1(golden_plan())
      assert.matches('^{\n  "schemaVersion": "1.1",\n  "engine": {', text)
      assert.matches('"seal": {\n    "algorithm": "sha256",\n    "value": "' .. ("%x"):rep(64) .. '"\n  }\n}$', text)
    end)

    it("has every field of 1.0 in the same order", function()
      local made = emit_plan({ With = { Message = "x" }, Precondition = { Exists = "Request.Context.Later" } })
      local newer, from = write_1_1(made), 1
      for name in write_1_0(made):gmatch('"(%w+)": ') do
        from = assert(newer:find('"' .. name .. '": ', from, true), name)
      end
    end)

    it("tells what 1.0 leaves out", function()
      local made = planning.plan(planning.workflow({ {
        Name = "Cut off", Type = "IdLE.Step.DisableIdentity", Description = "why", With = { IdentityKey = "x" },
        Condition = { Exists = "Request.Intent.Department" }, Precondition = { Exists = "Request.Intent.Department" },
        OnPreconditionFalse = "Fail", PreconditionEvent = { Type = "T", Message = "M", Data = { token = "t" } },
        RetryProfile = "Slow",
      } }, { OnFailureSteps = { { Name = "Tell", Type = "IdLE.Step.EmitEvent" } } }),
        { providers = { Identity = planning.provider("IdLE.Identity.Disable") } })
      local text = write_1_1(made)
      for _, part in ipairs({
        '"provider": "Identity"', '"type": "when",\n          "expression": {\n            "Exists"',
        '"status": "Planned"', '"description": "why"', '"onPreconditionFalse": "Fail"', '"retryProfile": "Slow"',
        '"precondition": {', '"message": "M",\n          "data": {\n            "token": "[REDACTED]"',
        '"requiresCapabilities": [\n          "IdLE.Identity.Disable"', '"workflowName": "Spec"',
        '"id": "failure-01",\n        "name": "Tell"' }) do
        assert.matches(part, text, 1, true)
      end
    end)

    it("gives the same bytes for the same plan", function()
      assert.equal(write_1_1(golden_plan()), write_1_1(golden_plan()))
    end)

    it("has another seal if any value differs", function()
      local function seal(message)
        return write_1_1(emit_plan({ With = { Message = message } })):match('"value": "(%x+)"')
      end
      assert.equal(seal("x"), seal("x"))
      assert.not_equal(seal("x"), seal("y"))
    end)

    it("bears a thousand conditions within each other", function()
      local condition = { Exists = "Request.Intent.Department" }
      for _ = 1, 900 do condition = { All = { condition } } end
      assert.has_no.errors(function() write_1_1(emit_plan({ Condition = condition })) end)
    end)
  end)

  it("knows no other schema", function()
    local err = planning.error_of(plan_export.write, golden_plan(), { schema = "2.0" })
    assert.equal("input.option", err.kind)
  end)
end)
