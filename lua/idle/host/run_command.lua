--- `idle-lua run`: plans and executes a workflow, or executes a plan that was exported.
local document = require("idle.host.document")
local errors = require("idle.engine.errors")
local execute = require("idle.host.execute")
local plans = require("idle.host.plans")
local run_text = require("idle.host.run_text")
local workflow_files = require("idle.host.workflow_files")

local run_command = {}

local function check_options(path, options)
  local is_plan = workflow_files.is_plan(path)
  if options.json and options.events == "-" then
    errors.raise("input.option", "--json and --events - both write to stdout; give the events a file")
  elseif is_plan and options.request then
    errors.raise("input.option", "an exported plan holds its request; leave --request out, or plan the workflow anew")
  elseif not is_plan and not options.request then
    errors.raise("input.option", "run needs --request FILE: who joins, moves or leaves, as .json, .psd1 or .lua")
  end
end

local function read_plan(path, options, providers)
  if workflow_files.is_plan(path) then return plans.load_plan(path) end
  return plans.plan(path, plans.request(options.request), providers)
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
  local path = files[1]
  check_options(path, options)
  local setup = workflow_files.setup(options.setup)
  -- Without a setup there is no provider; a workflow may do without.
  local providers = setup.Providers or {}
  local plan = read_plan(path, options, providers)
  local executed = execute.perform(plan, {
    Providers = providers, EventSink = setup.EventSink, ExecutionOptions = setup.ExecutionOptions,
    WhatIf = options["what-if"],
  })
  show(plan, executed.result, options)
  if executed.interruption then error(executed.interruption, 0) end
  return executed.exit_status
end

return run_command
