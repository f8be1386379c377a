--- Runs of scripts whose events are seen.
local run = require("idle.host.run")
local seen_events = require("spec.support.seen_events")

local run_stage = {}

---@class spec.RunStage  of the run that was begun last
---@field seen table[]  events

---@return spec.RunStage
function run_stage.new()
  local stage = { seen = {} }

  --- A run whose events are seen; quick retries, so that specs are quick.
  function stage.begin(options)
    stage.seen = {}
    options = options or {}
    options.name = options.name or "joiner"
    options.event_sink = { WriteEvent = function(_, event) stage.seen[#stage.seen + 1] = event end }
    options.execution_options = options.execution_options or {
      RetryProfiles = { quick = { InitialDelayMilliseconds = 1, MaxDelayMilliseconds = 2 } },
      DefaultRetryProfile = "quick",
    }
    return run.new(options)
  end

  --- The types of the events, in their order.
  function stage.types_seen()
    return seen_events.types(stage.seen)
  end

  --- The first event of a type.
  function stage.event_of(type_name)
    return seen_events.first_of(stage.seen, type_name)
  end

  return stage
end

--- Every run is looked at, so that none of them decides this program's exit status.
function run_stage.result_of(it) return it:result() end

return run_stage
