--- Workflows: from a data file or a Lua table to a checked, normalised definition
--- (contracts §2). Everything wrong is found at once.
local copy = require("idle.engine.copy")
local data = require("idle.engine.data")
local data_only = require("idle.engine.data_only")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local psd1 = require("idle.engine.psd1")
local value = require("idle.engine.value")
local workflow_report = require("idle.engine.workflow_report")
local workflow_step = require("idle.engine.workflow_step")

local workflow = {}

---@class idle.WorkflowDefinition
---@field Name             string
---@field LifecycleEvent   string
---@field Description?     string
---@field Steps            idle.StepDefinition[]
---@field OnFailureSteps   idle.StepDefinition[]
---@field ContextResolvers idle.ResolverDefinition[]

---@class idle.ResolverDefinition
---@field Capability string
---@field With       table

---@class idle.WorkflowOptions
---@field source?          string               name of the file, for messages
---@field lifecycle_event? string               of the request; the workflow's must be the same
---@field catalogue?       idle.StepCatalogue   checks also the keys of each With
---@field places?          idle.Psd1Places      gives violations their lines
---@field is_own?          boolean              true = nobody else has the table, so it need not be copied
---@field null?            any                  stands for $null in a data file

local join = workflow_report.join

local ROOT_RULES = workflow_report.rules("Unknown root key", { "Name", "LifecycleEvent", "Steps", "OnFailureSteps",
  "Description", "ContextResolvers" })

local BELONGS_IN_WITH = "it belongs into With"
local RESOLVER_RULES = workflow_report.rules("Unknown key", { "Capability", "With" }, { notes = {
  provider = BELONGS_IN_WITH, authsessionname = BELONGS_IN_WITH, authsessionoptions = BELONGS_IN_WITH,
  identitykey = BELONGS_IN_WITH, to = "the capability says where its answer goes in Request.Context",
} })
local RESOLVER_WITH_RULES = workflow_report.rules("Unknown key",
  { "IdentityKey", "Provider", "AuthSessionName", "AuthSessionOptions" }, { lenient = true })

local function check_resolver_with(report, with, keys, own)
  if with == nil then return {} end
  if not data.is_map(with) then
    report:add(keys, "With must be a map, got %s", data.kind(with))
    return {}
  end
  local fields = report:fields(with, keys, RESOLVER_WITH_RULES)
  if fields.Provider ~= nil and data.is_blank(fields.Provider) then
    report:add(join(keys, "Provider"), "With.Provider must not be blank")
  end
  if fields.AuthSessionOptions ~= nil and not data.is_map(fields.AuthSessionOptions) then
    report:add(join(keys, "AuthSessionOptions"), "With.AuthSessionOptions must be a map (hashtable), got %s",
      data.kind(fields.AuthSessionOptions))
  end
  return own(with)
end

local function check_resolver(report, resolver, keys, own)
  if not data.is_map(resolver) then
    report:add(keys, "a context resolver must be a map with Capability, got %s", data.kind(resolver))
    return nil
  end
  local fields = report:fields(resolver, keys, RESOLVER_RULES)
  return {
    Capability = workflow_step.required_text(report, fields.Capability, keys, "Capability"),
    With = check_resolver_with(report, fields.With, join(keys, "With"), own),
  }
end

-- In a data file `@{}` is a map; in Lua, `{}` may well be meant as a list.
local function is_no_list(report, collection)
  return not data.is_list(collection) and (report.is_data_file or not data.is_empty_table(collection))
end

-- The entries of a collection, each checked; a missing collection is an empty one.
local function check_collection(report, collection, name, check, options)
  local definitions = value.list()
  if collection == nil then return definitions end
  if is_no_list(report, collection) then
    report:add({ name }, "%s must be a list, got %s; write '%s = @( … )'", name, data.kind(collection), name)
    return definitions
  end
  for index = 1, #collection do
    definitions[#definitions + 1] = check(report, collection[index], { name, index }, options)
  end
  return definitions
end

local function check_steps(report, collection, name, options)
  local first = {}
  return check_collection(report, collection, name, function(_, step, keys)
    local definition = workflow_step.check(report, step, keys, options)
    local folded = definition and definition.Name and fold.case(definition.Name)
    if folded and first[folded] then
      report:add(join(keys, "Name"), "duplicate step name %s in %s; %s[%d] has it already", data.quote(definition.Name),
        name, name, first[folded] - 1)
    elseif folded then
      first[folded] = keys[2]
    end
    return definition
  end)
end

local function check_event(report, fields, wanted)
  local event = workflow_step.required_text(report, fields.LifecycleEvent, {}, "LifecycleEvent")
  if event and not data.is_blank(wanted) and not fold.equal(event, wanted) then
    report:add({ "LifecycleEvent" }, "the workflow's LifecycleEvent %s does not match request LifecycleEvent %s",
      data.quote(event), data.quote(wanted))
  end
  return event
end

local function keep(v)
  return v
end

local function copied(v)
  return copy.deep(v, "Workflow")
end

local function check_root(report, root, options)
  local fields = report:fields(root, {}, ROOT_RULES)
  local definition = {
    Name = workflow_step.required_text(report, fields.Name, {}, "Name"),
    LifecycleEvent = check_event(report, fields, options.lifecycle_event),
    Description = fields.Description ~= nil and data.text(fields.Description) or nil,
  }
  if fields.Steps == nil then report:add({ "Steps" }, "Steps is missing; it may be empty, '@()'") end
  local own = options.is_own and keep or copied
  local step_options = { own = own, catalogue = options.catalogue }
  definition.Steps = check_steps(report, fields.Steps, "Steps", step_options)
  definition.OnFailureSteps = check_steps(report, fields.OnFailureSteps, "OnFailureSteps", step_options)
  definition.ContextResolvers =
    check_collection(report, fields.ContextResolvers, "ContextResolvers", check_resolver, own)
  return definition
end

-- The one rule whose first violation ends everything: what holds code or a secret is no workflow.
local function find_code(report, root)
  local ok, err = pcall(data_only.check, root, "Workflow", { no_secrets = true })
  if ok then return end
  if not errors.is(err) or not err.data then error(err, 0) end
  report:add(err.data.Keys, "%s: %s", err.data.Path, err.data.Message)
end

--- Checks a workflow.
---@param root     any  as it was read, or a Lua table
---@param options? idle.WorkflowOptions
---@return idle.WorkflowDefinition? definition  a deep copy; nil = there are violations
---@return idle.Violation[]         violations
function workflow.check(root, options)
  options = options or {}
  local report = workflow_report.new(options.places ~= nil)
  if not data.is_map(root) then
    report:add({}, "a workflow must be a map (hashtable) at the root, got %s", data.kind(root))
    return nil, report.violations
  end
  find_code(report, root)
  local definition = #report.violations == 0 and check_root(report, root, options) or nil
  if #report.violations == 0 then return definition, {} end
  if options.places then report:locate(root, options.places) end
  return nil, report.violations
end

--- Checks the text of a data file. Raises `input.workflow` for what is none.
---@param text     string
---@param options? idle.WorkflowOptions
---@return idle.WorkflowDefinition? definition  nil = there are violations
---@return idle.Violation[]         violations   with line and column
function workflow.check_text(text, options)
  options = options or {}
  local root, places = psd1.parse(text, { source = options.source, null = options.null, places = true })
  return workflow.check(root, {
    lifecycle_event = options.lifecycle_event, catalogue = options.catalogue, places = places, is_own = true,
  })
end

local function describe(violations)
  local texts = {}
  for index, violation in ipairs(violations) do
    texts[index] = ("- %s%s: %s"):format(violation.Path, violation.Line and (" (line %d)"):format(violation.Line) or "",
      violation.Message)
  end
  return table.concat(texts, "; ")
end

local function require_valid(definition, violations, options)
  if definition then return definition end
  local source = options and options.source
  errors.raise("input.workflow", ("workflow %sis invalid: %s"):format(source and ("'%s' "):format(source) or "",
    describe(violations)), { data = { Errors = value.list(violations) } })
end

--- Checks a workflow, or raises `input.workflow` with all violations; they are also
--- in the error's `data.Errors`.
---@param root     any
---@param options? idle.WorkflowOptions
---@return idle.WorkflowDefinition
function workflow.load(root, options)
  local definition, violations = workflow.check(root, options)
  return require_valid(definition, violations, options)
end

--- The same for the text of a data file.
---@param text     string
---@param options? idle.WorkflowOptions
---@return idle.WorkflowDefinition
function workflow.read(text, options)
  local definition, violations = workflow.check_text(text, options)
  return require_valid(definition, violations, options)
end

return workflow
