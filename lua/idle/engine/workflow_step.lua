--- The rules of one step of a workflow (contracts §2.2), and its normalised form.
local condition = require("idle.engine.condition")
local data = require("idle.engine.data")
local fold = require("idle.engine.fold")
local suggest = require("idle.engine.suggest")
local with_schema = require("idle.engine.with_schema")
local workflow_report = require("idle.engine.workflow_report")

local workflow_step = {}

---@class idle.StepDefinition
---@field Name                 string
---@field Type                 string   as the workflow spells it
---@field Description          string
---@field With                 table
---@field Condition?           table
---@field ConditionNode?       idle.Condition  the same, prepared
---@field Precondition?        table
---@field PreconditionNode?    idle.Condition
---@field OnPreconditionFalse? "Blocked"|"Fail"|"Continue"
---@field PreconditionEvent?   { Type: string, Message: string, Data?: table }
---@field RetryProfile?        string

local RULES = workflow_report.rules("Unknown key", { "Name", "Type", "Description", "With", "Condition", "Precondition",
  "OnPreconditionFalse", "PreconditionEvent", "RetryProfile" },
  { notes = { when = "'When' was renamed to 'Condition'" } })
local EVENT_RULES = workflow_report.rules("Unknown key", { "Type", "Message", "Data" }, { lenient = true })

local ON_FALSE = { blocked = "Blocked", fail = "Fail", continue = "Continue" }
local PROFILE_PATTERN = "^[A-Za-z0-9_.-]{1,64}$"

local join = workflow_report.join

-- A text that must be there. Numbers and booleans count by their text.
local function required_text(report, field, keys, name)
  if field == nil then return report:add(join(keys, name), "%s is missing", name) end
  if type(field) == "table" then
    return report:add(join(keys, name), "%s must be a text, got %s", name, data.kind(field))
  end
  local text = data.text(field)
  if data.is_blank(text) then return report:add(join(keys, name), "%s must not be blank", name) end
  return text
end

local function check_condition(report, field, keys, source)
  if field == nil then return nil end
  local at = join(keys, source)
  if not data.is_map(field) then
    return report:add(at, "%s must be one condition, a map; got %s", source, data.kind(field))
  end
  local compiled, problems = condition.compile(field, source, report.is_data_file)
  for _, problem in ipairs(problems) do
    report:add(join(at, table.unpack(problem.Keys)), "invalid %s: %s: %s", source, problem.Path, problem.Message)
  end
  return compiled
end

local function check_on_false(report, field, keys)
  if field == nil then return nil end
  local word = type(field) == "string" and ON_FALSE[fold.case(field)]
  if word then return word end
  report:add(join(keys, "OnPreconditionFalse"), "OnPreconditionFalse must be Blocked, Fail or Continue, got %s%s",
    type(field) == "table" and data.kind(field) or data.quote(field),
    type(field) == "string" and suggest.hint(field, { "Blocked", "Fail", "Continue" }) or "")
end

local function event_text(report, field, keys, name)
  if type(field) == "string" and not data.is_blank(field) then return field end
  report:add(join(keys, name), "PreconditionEvent.%s must be a text and not blank, got %s", name,
    type(field) == "string" and "a blank" or data.kind(field))
end

local function check_event(report, field, keys, own)
  if field == nil then return nil end
  local at = join(keys, "PreconditionEvent")
  if not data.is_map(field) then
    return report:add(at, "PreconditionEvent must be a map with Type and Message, got %s", data.kind(field))
  end
  local fields = report:fields(field, at, EVENT_RULES)
  if fields.Data ~= nil and not data.is_map(fields.Data) then
    report:add(join(at, "Data"), "PreconditionEvent.Data must be a map, got %s", data.kind(fields.Data))
  end
  return {
    Type = event_text(report, fields.Type, at, "Type"),
    Message = event_text(report, fields.Message, at, "Message"),
    Data = own(fields.Data),
  }
end

local function check_with(report, field, keys, own)
  if field == nil then return {} end
  if data.is_map(field) then return own(field) end
  report:add(join(keys, "With"), "With must be a map, got %s", data.kind(field))
end

-- Planning checks these keys only for steps that apply; here the file is looked at as a whole.
local function check_type(report, with, type_name, keys, catalogue)
  if not (catalogue and type_name) then return end
  local entry = catalogue:find(type_name)
  if not entry then
    return report:add(join(keys, "Type"), "nothing is known of the step type %s%s", data.quote(type_name),
      catalogue:hint(type_name))
  end
  if not with then return end
  for _, problem in ipairs(with_schema.problems(entry.WithSchema, with)) do
    report:add(join(keys, "With", problem.Key), "step type '%s' %s", entry.Type, problem.Message)
  end
end

local function check_profile(report, field, keys)
  if field == nil then return nil end
  local at = join(keys, "RetryProfile")
  if data.is_blank(field) then return report:add(at, "RetryProfile must not be blank") end
  local text = type(field) ~= "table" and data.text(field) or ""
  if #text >= 1 and #text <= 64 and text:find("^[A-Za-z0-9_.-]+$") then return text end
  report:add(at, "RetryProfile %s must match %s",
    type(field) == "table" and data.kind(field) or data.quote(field), PROFILE_PATTERN)
end

---@class idle.StepCheck
---@field own        fun(v: any): any     makes a value the definition's own
---@field catalogue? idle.StepCatalogue   to check also the type and the keys of With

--- Checks a step.
---@param report  idle.WorkflowReport
---@param step    any
---@param keys    any[]           the way to it
---@param options idle.StepCheck
---@return idle.StepDefinition?  with holes, if there are violations
function workflow_step.check(report, step, keys, options)
  if not data.is_map(step) then
    report:add(keys, "a step must be a map with Name and Type, got %s", data.kind(step))
    return nil
  end
  local fields, own = report:fields(step, keys, RULES), options.own
  local definition = {
    Name = required_text(report, fields.Name, keys, "Name"),
    Type = required_text(report, fields.Type, keys, "Type"),
    Description = data.text(fields.Description),
    With = check_with(report, fields.With, keys, own),
    Condition = own(fields.Condition),
    ConditionNode = check_condition(report, fields.Condition, keys, "Condition"),
    Precondition = own(fields.Precondition),
    PreconditionNode = check_condition(report, fields.Precondition, keys, "Precondition"),
    OnPreconditionFalse = check_on_false(report, fields.OnPreconditionFalse, keys),
    PreconditionEvent = check_event(report, fields.PreconditionEvent, keys, own),
    RetryProfile = check_profile(report, fields.RetryProfile, keys),
  }
  check_type(report, definition.With, definition.Type, keys, options.catalogue)
  return definition
end

workflow_step.required_text = required_text

return workflow_step
