--- Runs of scripts whose events are seen.
local run = require("idle.host.run")
local stages = require("spec.support.stage")

local run_stage = {}

---@return spec.Stage  with `begin`
function run_stage.new()
  local stage = stages.new()

  --- Begins a run.
  ---@param options? table  of the run
  function stage.begin(options)
    stage.seen = {}
    options = options or {}
    options.name = options.name or "joiner"
    options.event_sink = stage.sink
    options.execution_options = options.execution_options or stages.QUICK
    return run.new(options)
  end

  return stage
end

--- Every run is looked at, so that none of them decides this program's exit status.
function run_stage.result_of(it) return it:result() end

return run_stage
