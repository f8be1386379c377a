--- `idle-lua plan`: what would run, and why the rest would not.
local errors = require("idle.engine.errors")
local plan_text = require("idle.host.plan_text")
local plans = require("idle.host.plans")
local workflow_files = require("idle.host.workflow_files")

local plan_command = {}

-- Without a setup there are no providers, so the message would puzzle.
local function add_hint(err, setup_path)
  if setup_path or not (errors.is(err) and type(err.data) == "table" and err.data.MissingCapabilities) then
    return err
  end
  return errors.new(err.kind, err.message .. "; there are no providers, because there is no setup file: name one "
    .. "with --setup", { data = err.data })
end

--- Makes the plan that the options of `plan` and `run` describe.
---@param path    string  of the workflow
---@param options table
---@return idle.Plan
---@return idle.Setup
function plan_command.build(path, options)
  if not options.request then
    errors.raise("input.option", "--request FILE is missing; it says who joins, moves or leaves")
  end
  local asked = plans.request(options.request)
  local setup, setup_path = workflow_files.setup(options.setup)
  local ok, made = pcall(plans.build, path, asked, setup.Providers)
  if not ok then error(add_hint(made, setup_path), 0) end
  return made, setup
end

-- Whoever reviews the plan may read it: the permissions are those of any new file.
local function write_file(path, text)
  local function fail(problem)
    errors.raise("input.file", ("cannot write plan '%s': %s"):format(errors.escape(path),
      errors.escape((problem:gsub("^.*: ", "")))))
  end
  local file <close>, problem = io.open(path, "wb")
  if not file then fail(problem) end
  local written, failure = file:write(text)
  if written then written, failure = file:flush() end
  if not written then fail(failure) end
end

--- Runs the command.
---@param options table     by name, as the table of commands lists them
---@param paths   string[]  one workflow
---@return integer exit_status
function plan_command.main(options, paths)
  if options.schema and not (options.json or options.out) then
    errors.raise("input.option", "--schema says how the plan is exported; add --out FILE or --json")
  end
  local made = plan_command.build(paths[1], options)
  local exported = (options.json or options.out) and plans.export_plan(made, { schema = options.schema })
  if options.out then write_file(options.out, exported) end
  if options.json then
    io.stdout:write(exported, "\n")
  else
    io.stdout:write(plan_text.describe(made))
  end
  if options.out and not options.json then
    io.stdout:write(("\nwritten to '%s'\n"):format(errors.escape(options.out)))
  end
  return 0
end

return plan_command
