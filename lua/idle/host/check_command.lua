--- `idle-lua check`: everything that is wrong with workflow files.
local data = require("idle.engine.data")
local document = require("idle.host.document")
local errors = require("idle.engine.errors")
local json = require("idle.json")
local step_catalogue = require("idle.engine.step_catalogue")
local value = require("idle.engine.value")
local workflow = require("idle.engine.workflow")
local workflow_files = require("idle.host.workflow_files")

local check_command = {}

---@class idle.CheckedFile
---@field path        string
---@field root        any                        as it was read; nil = it is no data at all
---@field definition? idle.WorkflowDefinition    nil = there are violations
---@field violations  idle.Violation[]

-- A file that cannot even be read as data has one violation, without a path.
local function violation_of(err, path)
  if not errors.is(err) or err.kind ~= "input.workflow" then error(err, 0) end
  local place = err.data or {}
  local message = tostring(err)
  local prefix = ("%s:%s:%s: "):format(errors.escape(path), place.Line, place.Column)
  if place.Line and message:sub(1, #prefix) == prefix then message = message:sub(#prefix + 1) end
  return { Path = "", Message = message, Line = place.Line, Column = place.Column }
end

local function check_file(path, options)
  local ok, read = pcall(workflow_files.workflow, path)
  if not ok then return { path = path, violations = { violation_of(read, path) } } end
  local definition, violations = workflow.check(read.root, {
    places = read.places, is_own = true, catalogue = options.catalogue, lifecycle_event = options.lifecycle_event,
  })
  return { path = path, root = read.root, definition = definition, violations = violations }
end

local function check_options(options)
  local setup = workflow_files.setup(options.setup)
  local asked = options.request and require("idle.host.plans").request(options.request)
  local providers = setup.Providers or {}
  return {
    catalogue = step_catalogue.build({ host = providers.StepMetadata }),
    lifecycle_event = asked and asked.LifecycleEvent,
  }
end

local function text_of(file)
  local path, lines = errors.escape(file.path), {}
  for index, violation in ipairs(file.violations) do
    local place = violation.Line and (":%d:%d"):format(violation.Line, violation.Column) or ""
    local way = violation.Path ~= "" and errors.escape(violation.Path) .. ": " or ""
    lines[index] = ("%s%s: %s%s\n"):format(path, place, way, errors.escape(violation.Message))
  end
  if #lines > 0 then return table.concat(lines) end
  local definition = file.definition
  return ("%s: valid: %s, for the event %s, %d step%s\n"):format(path, data.quote(definition.Name),
    data.quote(definition.LifecycleEvent), #definition.Steps, #definition.Steps == 1 and "" or "s")
end

local function root_text(file, name)
  local text = data.is_map(file.root) and data.get(file.root, name)
  return type(text) == "string" and text or json.null
end

local function document_of(file)
  local steps = data.is_map(file.root) and data.get(file.root, "Steps")
  local list = value.list()
  for index, violation in ipairs(file.violations) do
    list[index] = {
      Path = violation.Path, Message = violation.Message, Line = violation.Line, Column = violation.Column,
    }
  end
  return {
    IsValid = #list == 0,
    WorkflowName = root_text(file, "Name"),
    LifecycleEvent = root_text(file, "LifecycleEvent"),
    StepCount = data.is_list(steps) and #steps or 0,
    Errors = list,
  }
end

local function print_json(files)
  local documents = value.list()
  for index, file in ipairs(files) do
    documents[index] = document_of(file)
    if #files > 1 then documents[index].File = file.path end
  end
  document.print(#files == 1 and documents[1] or documents)
end

--- Runs the command.
---@param options table     by name, as the table of commands lists them
---@param paths   string[]  the workflow files
---@return integer exit_status  65 = there are violations
function check_command.main(options, paths)
  local with, files, is_valid = check_options(options), {}, true
  for index, path in ipairs(paths) do
    files[index] = check_file(path, with)
    is_valid = is_valid and #files[index].violations == 0
    if not options.json then io.stdout:write(text_of(files[index])) end
  end
  if options.json then print_json(files) end
  return is_valid and 0 or 65
end

return check_command
