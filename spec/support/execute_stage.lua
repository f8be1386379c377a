--- Plans that are executed as by a workflow file, with steps of the spec's own; their events are seen.
local execute = require("idle.host.execute")
local stages = require("spec.support.stage")

local execute_stage = {}

---@return spec.Stage  with `run`
function execute_stage.new()
  local stage = stages.new()

  --- Executes a plan.
  ---@param plan     idle.Plan
  ---@param handler? function  of the type "Test", unless `options` has providers
  ---@param options? idle.ExecuteOptions
  function stage.run(plan, handler, options)
    stage.seen = {}
    options = options or {}
    options.Providers = options.Providers or {}
    options.Providers.StepRegistry = options.Providers.StepRegistry or { Test = handler }
    options.EventSink = options.EventSink or stage.sink
    options.ExecutionOptions = options.ExecutionOptions or stages.QUICK
    return execute.execute(plan, options)
  end

  return stage
end

return execute_stage
