--- Reads an exported plan (schema 1.1), so that what runs is what was reviewed. The seal is
--- checked first; then everything is checked as a workflow is, because anybody can compute a seal.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local path = require("idle.engine.path")
local plan_export = require("idle.engine.plan_export")
local redact = require("idle.engine.redact")
local request = require("idle.engine.request")
local trail = require("idle.engine.trail")
local value = require("idle.engine.value")
local workflow = require("idle.engine.workflow")

local plan_load = {}

---@class idle.PlanLoadOptions
---@field sha256  fun(bytes: string): string  gives the 32 bytes of the digest
---@field source? string                      name of the file, for messages

local function fail(options, format, ...)
  errors.raise("input.plan", ("plan%s: %s"):format(options.source and (" '%s'"):format(options.source) or "",
    format:format(...)))
end

local function check_version(document, options)
  if not data.is_map(document) then
    fail(options, "a plan must be a map, got %s", data.kind(document))
  end
  local version = document.schemaVersion
  if version == "1.1" then return end
  if version == "1.0" then
    fail(options, "schema 1.0 does not hold what is needed to run it; export the plan with schema 1.1")
  end
  fail(options, "schemaVersion must be 1.1, got %s; is this a plan?", data.is_null(version) and "none"
    or data.quote(version))
end

local function check_seal(document, options)
  local seal = document.seal
  local digest = data.is_map(seal) and seal.algorithm == "sha256" and seal.value
  if type(digest) ~= "string" then fail(options, "it has no seal; only a plan with its seal can be run") end
  if digest == plan_export.seal(document, options.sha256) then return digest end
  errors.raise("plan.changed", ("plan%s was changed after it was exported: its seal does not match; "
    .. "plan and review anew"):format(options.source and (" '%s'"):format(options.source) or ""))
end

local function optional(field)
  if data.is_null(field) then return nil end
  return field
end

local function member(document, options, name, ...)
  local here, way = document, {}
  for _, key in ipairs({ name, ... }) do
    way[#way + 1] = key
    here = data.is_map(here) and optional(here[key]) or nil
  end
  if here == nil then fail(options, "%s is missing", table.concat(way, ".")) end
  return here
end

local function read_request(document, options)
  local origin = member(document, options, "request")
  local input = member(document, options, "request", "input")
  return request.for_planning({
    LifecycleEvent = origin.type, CorrelationId = origin.correlationId, Actor = origin.actor,
    IdentityKeys = input.identityKeys, Intent = input.intent, Context = input.context,
  }, { source = options.source })
end

local function event_of(event)
  if not data.is_map(event) then return event end
  return { Type = event.type, Message = event.message, Data = event.data }
end

local function step_of(record)
  if not data.is_map(record) then return record end
  local when = data.is_map(record.condition) and record.condition.expression or nil
  return {
    Name = record.name, Type = record.stepType, Description = record.description, With = record.inputs,
    Condition = when, Precondition = record.precondition, OnPreconditionFalse = record.onPreconditionFalse,
    PreconditionEvent = event_of(record.preconditionEvent), RetryProfile = record.retryProfile,
  }
end

local function steps_of(records)
  if not data.is_list(records) then return records end
  local steps = value.list()
  for index = 1, #records do steps[index] = step_of(records[index]) end
  return steps
end

local function read_definition(document, options)
  local definition, violations = workflow.check({
    Name = member(document, options, "plan", "workflowName"),
    LifecycleEvent = member(document, options, "request", "type"),
    Steps = steps_of(member(document, options, "plan", "steps")),
    OnFailureSteps = steps_of(member(document, options, "plan", "onFailureSteps")),
  })
  if definition then return definition end
  local texts = {}
  for index, violation in ipairs(violations) do texts[index] = violation.Path .. ": " .. violation.Message end
  fail(options, "%s", table.concat(texts, "; "))
end

local function read_warnings(records)
  local list = value.list()
  for index, record in ipairs(data.items(records)) do
    list[index] = { Code = record.code, Type = record.type, Step = optional(record.step), Source = record.source,
      Paths = record.paths, Message = record.message }
  end
  return list
end

-- The way to the first text that stands in the place of a secret.
local function find_redacted(v, keys)
  if v == redact.MARKER then return keys end
  if type(v) ~= "table" then return nil end
  for _, key in ipairs(data.sorted_keys(v)) do
    keys[#keys + 1] = key
    if find_redacted(v[key], keys) then return keys end
    keys[#keys] = nil
  end
end

local function refuse_redacted(step, options)
  local keys = step.Status == "Planned" and find_redacted(step.With, {})
  if not keys then return end
  fail(options, "step %s: %s was replaced by %s when the plan was exported, so the step cannot run from it; run the "
    .. "workflow file instead, or let the AuthSessionBroker supply the secret", data.quote(step.Name),
    trail.text("With", keys), redact.MARKER)
end

local function refuse_redacted_path(node, step, snapshot, options)
  for _, child in ipairs(node.children or {}) do refuse_redacted_path(child, step, snapshot, options) end
  if node.segments and path.resolve({ Request = snapshot }, node.segments) == redact.MARKER then
    fail(options, "step %s: its Precondition reads %s, which was replaced by %s when the plan was exported; run the "
      .. "workflow file instead", data.quote(step.Name), data.quote(node.path), redact.MARKER)
  end
end

local STATUS = { Planned = true, NotApplicable = true }

local function read_step(definition, record, snapshot, options)
  if not STATUS[record.status] then
    fail(options, "step %s: status must be Planned or NotApplicable, got %s", data.quote(definition.Name),
      data.quote(record.status))
  end
  local step = {
    Name = definition.Name, Type = definition.Type, Description = definition.Description, Status = record.status,
    Comparisons = value.list(), Condition = definition.Condition, Precondition = definition.Precondition,
    OnPreconditionFalse = definition.OnPreconditionFalse, PreconditionEvent = definition.PreconditionEvent,
    Warnings = read_warnings(record.warnings), With = definition.With, Provider = optional(record.provider),
    RequiresCapabilities = value.list(data.items(record.requiresCapabilities)), RetryProfile = definition.RetryProfile,
  }
  refuse_redacted(step, options)
  if definition.PreconditionNode then
    refuse_redacted_path(definition.PreconditionNode, step, snapshot, options)
  end
  return step
end

local function read_steps(definitions, records, snapshot, options)
  local steps = value.list()
  for index, definition in ipairs(definitions) do
    steps[index] = read_step(definition, records[index], snapshot, options)
  end
  return steps
end

--- Reads a plan. Raises `plan.changed` (exit status 5) if the seal does not match, and
--- `input.plan` for what is no plan, or cannot be run.
---@param document any  as JSON was read
---@param options  idle.PlanLoadOptions
---@return idle.Plan
function plan_load.read(document, options)
  check_version(document, options)
  local seal = check_seal(document, options)
  local snapshot = read_request(document, options)
  local definition = read_definition(document, options)
  local records = document.plan
  return {
    WorkflowName = definition.Name,
    LifecycleEvent = definition.LifecycleEvent,
    CorrelationId = snapshot.CorrelationId,
    Actor = snapshot.Actor,
    Request = snapshot,
    Steps = read_steps(definition.Steps, records.steps, snapshot, options),
    OnFailureSteps = read_steps(definition.OnFailureSteps, records.onFailureSteps, snapshot, options),
    Actions = value.list(),
    Warnings = read_warnings(records.warnings),
    Seal = seal,
  }
end

return plan_load
