--- What runs of steps are put on, so that their events are seen: as they come, for idle.test.recording_sink
--- would redact them.
local errors = require("idle.engine.errors")

local stage = {}

--- Execution options with quick retries, so that specs are quick.
stage.QUICK = { RetryProfiles = { quick = { InitialDelayMilliseconds = 1, MaxDelayMilliseconds = 2 } },
  DefaultRetryProfile = "quick" }

--- The types of events, in their order.
---@param events idle.Event[]
---@return string
function stage.types_of(events)
  local types = {}
  for index, event in ipairs(events) do types[index] = event.Type end
  return table.concat(types, " ")
end

--- The first event of a type.
---@param events    idle.Event[]
---@param type_name string
---@return idle.Event?
function stage.first_of(events, type_name)
  for _, event in ipairs(events) do
    if event.Type == type_name then return event end
  end
end

--- A handler that fails at its first calls, for a reason that passes.
---@param times   integer
---@param answer? any  of the later calls
---@return fun(): any
function stage.fails_at_first(times, answer)
  local calls = 0
  return function()
    calls = calls + 1
    if calls <= times then errors.raise("ssh.connect", "refused") end
    return answer
  end
end

---@class spec.Stage
---@field seen       idle.Event[]                           of what was run last
---@field sink       idle.Sink                              hears them
---@field types_seen fun(): string                          their types, in their order
---@field event_of   fun(type_name: string): idle.Event?    the first one of a type

---@return spec.Stage
function stage.new()
  local new = { seen = {} }
  new.sink = { WriteEvent = function(_, event) new.seen[#new.seen + 1] = event end }
  function new.types_seen() return stage.types_of(new.seen) end
  function new.event_of(type_name) return stage.first_of(new.seen, type_name) end
  return new
end

return stage
