--- `idle-lua run`: plans and executes a workflow, or executes a plan that was exported.
local document = require("idle.host.document")
local errors = require("idle.engine.errors")
local execute = require("idle.host.execute")
local plan_command = require("idle.host.plan_command")
local plans = require("idle.host.plans")
local run_text = require("idle.host.run_text")
local workflow_files = require("idle.host.workflow_files")

local run_command = {}

local function check_options(path, options)
  document.check_stdout(options)
  if options.request and workflow_files.is_plan(path) then
    errors.raise("input.option", "an exported plan holds its request; leave --request out, or plan the workflow anew")
  end
end

local function read_plan(path, options)
  if not workflow_files.is_plan(path) then return plan_command.build(path, options) end
  return plans.load_plan(path), (workflow_files.setup(options.setup))
end

local function show(plan, result, options)
  if options.json then return document.print(result) end
  -- Lines of JSON on stdout are for a program: people read the other one.
  local stream = options.events == "-" and io.stderr or io.stdout
  stream:write(run_text.describe(plan, result))
end

--- Runs the command.
---@param options table     by name, as `idle.host.command_table` lists them
---@param files   string[]  the workflow or plan
---@return integer exit_status
function run_command.main(options, files)
  check_options(files[1], options)
  local plan, setup = read_plan(files[1], options)
  local executed = execute.perform(plan, {
    -- Without a setup there is no provider; a workflow may do without.
    Providers = setup.Providers or {},
    EventSink = setup.EventSink, ExecutionOptions = setup.ExecutionOptions, WhatIf = options["what-if"],
  })
  show(plan, executed.result, options)
  if executed.interruption then error(executed.interruption, 0) end
  return executed.exit_status
end

return run_command
