--- A plan as a file: what reviewers approve, and what later runs (contracts §9).
---
--- Schema 1.0 is IdLE's, byte for byte. Schema 1.1 has the same fields in the same order, with
--- `provider` and `condition` filled in, and after them what 1.0 leaves out; it ends with a seal:
--- a hash over the canonical form of all the rest. The seal finds every change of a value, but not a
--- new order or layout, and it is no signature: whoever edits a plan can also seal it anew, so keep
--- the seal itself where the plan's editors can't write, if that matters.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local plan_json = require("idle.engine.plan_json")
local redact = require("idle.engine.redact")
local value = require("idle.engine.value")

local plan_export = {}

--- The largest field of the request in schema 1.0, in bytes of compact JSON.
plan_export.MAX_FIELD_BYTES = 65536

-- Where PowerShell stops descending.
local MAX_DEPTH_1_0 = 20

local shape = plan_json.shape

local Engine = shape("name")
local Request = shape("type", "correlationId", "actor", "input")
local Input = shape("identityKeys", "intent", "context")
local Condition = shape("type", "expression")
local StepWarning = shape("code", "type", "source", "paths", "message")
local PlanWarning = shape("code", "type", "step", "source", "paths", "message")
local Metadata = shape("generatedBy", "environment", "labels")
local PreconditionEvent = shape("type", "message", "data")
local Seal = shape("algorithm", "value")

local Step = shape("id", "name", "stepType", "provider", "condition", "inputs", "expectedState", "warnings")
local FullStep = shape("id", "name", "stepType", "provider", "condition", "inputs", "expectedState", "warnings",
  "description", "status", "precondition", "onPreconditionFalse", "preconditionEvent", "retryProfile",
  "requiresCapabilities")

local Plan = shape("id", "mode", "steps", "warnings")
local FullPlan = shape("id", "mode", "steps", "warnings", "workflowName", "onFailureSteps")
local Root = shape("schemaVersion", "engine", "request", "plan", "metadata")
local SealedRoot = shape("schemaVersion", "engine", "request", "plan", "metadata", "seal")

local function text_or_null(text)
  return not data.is_blank(text) and text or nil
end

-- A field that is too large is told by its size, so that an export stays readable.
local function bound(field)
  local size = #plan_json.canonical(field)
  return size <= plan_export.MAX_FIELD_BYTES and field or ("[TRUNCATED - %d bytes]"):format(size)
end

local function keep(field) return field end

local function export_request(plan, limit)
  local request = redact.copy(plan.Request)
  return Request({
    type = text_or_null(plan.LifecycleEvent),
    correlationId = text_or_null(plan.CorrelationId),
    actor = text_or_null(plan.Actor),
    input = Input({
      identityKeys = limit(request.IdentityKeys), intent = limit(request.Intent), context = limit(request.Context),
    }),
  })
end

local function export_warnings(warnings, mark)
  local list = value.list()
  for index, warning in ipairs(warnings) do
    list[index] = mark({
      code = warning.Code, type = warning.Type, step = warning.Step, source = warning.Source, paths = warning.Paths,
      message = warning.Message,
    })
  end
  return list
end

-- What both schemas say of a step. 1.0 knows neither what a condition is nor the provider (W-15).
local function common_fields(step, index, prefix)
  return {
    id = ("%s-%02d"):format(prefix, index),
    name = text_or_null(step.Name),
    stepType = text_or_null(step.Type),
    condition = Condition({ type = not step.Condition and "always" or nil }),
    inputs = redact.copy(step.With),
    warnings = export_warnings(step.Warnings, StepWarning),
  }
end

local function export_event(event)
  if not event then return nil end
  return PreconditionEvent({ type = event.Type, message = event.Message, data = redact.copy(event.Data) })
end

local function full_fields(step, index, prefix)
  local fields = common_fields(step, index, prefix)
  fields.provider = step.Provider
  if step.Condition then fields.condition = Condition({ type = "when", expression = step.Condition }) end
  fields.description, fields.status = text_or_null(step.Description), step.Status
  fields.precondition, fields.onPreconditionFalse = step.Precondition, step.OnPreconditionFalse
  fields.preconditionEvent = export_event(step.PreconditionEvent)
  fields.retryProfile, fields.requiresCapabilities = step.RetryProfile, step.RequiresCapabilities
  return fields
end

local function export_steps(steps, prefix, fields_of, mark)
  local list = value.list()
  for index, step in ipairs(steps) do list[index] = mark(fields_of(step, index, prefix)) end
  return list
end

-- The fields of the root up to the seal.
local function root_fields(version, plan, request)
  return {
    schemaVersion = version,
    engine = Engine({ name = "IdLE" }),
    request = request,
    plan = plan,
    metadata = Metadata({ generatedBy = "Export-IdlePlanObject", labels = value.list() }),
  }
end

local function document_1_0(plan)
  return Root(root_fields("1.0", Plan({
    id = text_or_null(plan.CorrelationId),
    steps = export_steps(plan.Steps, "step", common_fields, Step),
    warnings = export_warnings(plan.Warnings, PlanWarning),
  }), export_request(plan, bound)))
end

local function document_1_1(plan)
  return root_fields("1.1", FullPlan({
    id = text_or_null(plan.CorrelationId),
    steps = export_steps(plan.Steps, "step", full_fields, FullStep),
    warnings = export_warnings(plan.Warnings, PlanWarning),
    workflowName = plan.WorkflowName,
    onFailureSteps = export_steps(plan.OnFailureSteps, "failure", full_fields, FullStep),
  }), export_request(plan, keep))
end

--- The seal of a document: a digest of all but its own seal.
---@param document table
---@param sha256   fun(bytes: string): string  gives the 32 bytes of the digest
---@return string  in hexadecimal
function plan_export.seal(document, sha256)
  local unsealed = {}
  for name, field in next, document do unsealed[name] = field end
  unsealed.seal = nil
  return (sha256(plan_json.canonical(unsealed)):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

---@class idle.PlanExportOptions
---@field schema? "1.0"|"1.1"                  default "1.1"
---@field sha256? fun(bytes: string): string  for schema 1.1; the engine has no cryptography of its own

--- A plan as the value that its file holds; secrets are replaced.
---@param plan    idle.Plan
---@param options idle.PlanExportOptions
---@return table document  its objects have shapes, see `idle.engine.plan_json`
function plan_export.document(plan, options)
  local schema = options.schema or "1.1"
  if schema == "1.0" then return document_1_0(plan) end
  if schema ~= "1.1" then
    errors.raise("input.option", ("unknown plan schema %s; there are 1.0 and 1.1"):format(data.quote(schema)))
  end
  local document = document_1_1(plan)
  document.seal = Seal({ algorithm = "sha256", value = plan_export.seal(document, options.sha256) })
  return SealedRoot(document)
end

--- Writes a plan. A plan whose steps hold secrets cannot be run from the file.
---@param plan    idle.Plan
---@param options idle.PlanExportOptions
---@return string json  without a line break at the end
function plan_export.write(plan, options)
  local document = plan_export.document(plan, options)
  return plan_json.pretty(document, { max_depth = document.schemaVersion == "1.0" and MAX_DEPTH_1_0 or nil })
end

return plan_export
