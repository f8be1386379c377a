local idle = require("idle")

describe("planning in a script", function()
  local SOURCE = { Name = "W", LifecycleEvent = "Joiner",
    Steps = { { Name = "A", Type = "IdLE.Step.EmitEvent", With = { Message = "{{Request.Intent.Name}}" } } } }

  local function error_of(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  it("takes a workflow table, a checked workflow or a path", function()
    local request = idle.request({ LifecycleEvent = "Joiner", Intent = { Name = "Ada" } })
    assert.equal("Ada", idle.plan(SOURCE, request).Steps[1].With.Message)
    assert.equal("Ada", idle.plan(idle.workflow(SOURCE), request).Steps[1].With.Message)
    local sync = idle.workflow("examples/workflows/trigger-sync.psd1")
    assert.equal("Directory sync", sync.Name)
  end)

  it("gives a request without an id a new one, and keeps one that it has", function()
    assert.matches("^%x+%-%x+%-4%x+%-%x+%-%x+$", idle.request({ LifecycleEvent = "Joiner" }).CorrelationId)
    assert.equal("c", idle.request({ LifecycleEvent = "Joiner", CorrelationId = "c" }).CorrelationId)
    assert.not_equal(idle.request({ LifecycleEvent = "Joiner" }).CorrelationId,
      idle.request({ LifecycleEvent = "Joiner" }).CorrelationId)
  end)

  it("reads a request from a file", function()
    assert.equal("alan.turing", idle.request("examples/workflows/leaver-request.lua").IdentityKeys.Account)
    assert.equal("grace.hopper", idle.request("examples/workflows/mover-request.psd1").IdentityKeys.Account)
  end)

  it("raises all violations of a workflow, also in data", function()
    local err = error_of(idle.workflow, { Nme = "W", Steps = { {} } })
    assert.equal("input.workflow", err.kind)
    assert.is_true(#err.data.Errors >= 4)
    assert.equal("input.workflow", error_of(idle.workflow, 5).kind)
  end)

  it("warns people of what a precondition will need", function()
    local child = require("spec.support.child")
    local outcome = child.run({ "-e", [[local idle = require "idle"
      idle.plan({ Name = "W", LifecycleEvent = "Joiner", Steps = { { Name = "A", Type = "IdLE.Step.EmitEvent",
        Precondition = { Exists = "Request.Context.Later" } } } }, idle.request{ LifecycleEvent = "Joiner" })]] })
    assert.equal(0, outcome.exit_code)
    assert.matches("warning: step 'A': Precondition", outcome.stderr, 1, true)
  end)

  it("says when a plan was made", function()
    local made = idle.plan(SOURCE, idle.request({ LifecycleEvent = "Joiner", Intent = { Name = "Ada" } }))
    assert.matches("^%d+%-%d+%-%d+T[%d:.]+Z$", made.CreatedUtc)
  end)

  it("refuses a secret in a plan, naming its place", function()
    local secret <close> = assert(require("idle.secret").new("hunter2"))
    local err = error_of(idle.plan, { Name = "W", LifecycleEvent = "Joiner",
      Steps = { { Name = "A", Type = "IdLE.Step.EmitEvent", With = { Message = secret } } } },
      idle.request({ LifecycleEvent = "Joiner" }))
    assert.equal("input.workflow", err.kind)
    assert.matches("Workflow.Steps[0].With.Message: a secret must not be part of a plan", tostring(err), 1, true)
    err = error_of(idle.plan, SOURCE, { LifecycleEvent = "Joiner", CorrelationId = "c", Intent = { Key = secret } })
    assert.equal("input.request", err.kind)
    assert.matches("Intent.Key: a secret must not be part of a plan", tostring(err), 1, true)
  end)

  it("keeps null and long numbers through an export", function()
    local made = idle.plan(SOURCE, { LifecycleEvent = "Joiner", CorrelationId = "c",
      Intent = { Name = "Ada", None = idle.null, Long = math.maxinteger } })
    local document = idle.json.decode(idle.export_plan(made))
    assert.equal(idle.null, document.request.input.intent.None)
    assert.equal(math.maxinteger, document.request.input.intent.Long)
  end)
end)
