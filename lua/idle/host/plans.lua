--- What scripts call to plan: idle.workflow, idle.request, idle.plan, idle.export_plan, idle.load_plan.
local clock = require("idle.host.clock")
local context = require("idle.host.context")
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local json = require("idle.json")
local parameter = require("idle.engine.parameter")
local plan = require("idle.engine.plan")
local plan_export = require("idle.engine.plan_export")
local plan_load = require("idle.engine.plan_load")
local request = require("idle.engine.request")
local terminal = require("idle.host.terminal")
local workflow = require("idle.engine.workflow")
local workflow_files = require("idle.host.workflow_files")

local plans = {}

-- Definitions that have been checked, so that they are not checked as if they were files.
local checked = setmetatable({}, { __mode = "k" })

local function sha256(bytes)
  return require("idle.hash").sha256(bytes)
end

local function load_workflow(source, event)
  if checked[source] then return source end
  if type(source) ~= "string" and type(source) ~= "table" then
    errors.raise("input.workflow", "a workflow is the path of a file or a table, got " .. parameter.kind(source))
  end
  local origin = type(source) == "string" and workflow_files.workflow(source) or { root = source }
  local definition = workflow.load(origin.root, {
    source = origin.path and errors.escape(origin.path), places = origin.places, is_own = origin.path ~= nil,
    lifecycle_event = event,
  })
  checked[definition] = true
  return definition
end

--- Reads and checks a workflow. Raises `input.workflow` with everything that is wrong with it.
---@param source string|table  path of a .psd1 or .lua file, or the workflow itself
---@return idle.WorkflowDefinition
function plans.workflow(source)
  return (load_workflow(source))
end

--- Makes a request; without a CorrelationId it gets a new one.
---@param source string|table  path of a .json, .psd1 or .lua file, or the request itself
---@return idle.Request
function plans.request(source)
  local path = type(source) == "string" and source or nil
  local made, ignored = request.new(path and workflow_files.request(path) or source, {
    new_id = context.new_id, source = path and errors.escape(path),
  })
  for _, note in ipairs(ignored) do terminal.warn("request: " .. note) end
  return made
end

--- Plans without a word about the plan's warnings, for a caller that shows them.
---@param source    string|table
---@param asked     table
---@param providers? table
---@return idle.Plan
function plans.build(source, asked, providers)
  local event = type(asked) == "table" and asked.LifecycleEvent or nil
  return plan.build({
    workflow = load_workflow(source, event), request = asked, providers = providers, now = clock.now(),
    null = json.null, warn = terminal.warn,
  })
end

--- Plans: nothing is changed. Raises for the first thing that is wrong.
---@param source    string|table  a workflow, or what `idle.workflow` takes
---@param asked     table         a request
---@param providers? table        by alias
---@return idle.Plan
function plans.plan(source, asked, providers)
  local made = plans.build(source, asked, providers)
  for _, warning in ipairs(made.Warnings) do terminal.warn(warning.Message) end
  return made
end

--- Writes a plan as JSON.
---@param made     idle.Plan
---@param options? { schema?: "1.0"|"1.1" }
---@return string
function plans.export_plan(made, options)
  if type(made) ~= "table" or type(made.Steps) ~= "table" then
    errors.raise("input.plan", "export_plan needs a plan as 'idle.plan' makes it, got " .. parameter.kind(made))
  end
  fields.check(parameter.options(options, "export_plan: options"), { "schema" }, "export_plan", "input.parameter")
  return plan_export.write(made, { schema = options and options.schema, sha256 = sha256 })
end

--- Reads an exported plan of schema 1.1, to execute it. Raises `plan.changed` if its seal does not match.
---@param path string
---@return idle.Plan
function plans.load_plan(path)
  parameter.text(path, "load_plan: path")
  return plan_load.read(workflow_files.plan(path), { sha256 = sha256, source = errors.escape(path) })
end

return plans
