--- Steps that a script takes outside of a run: the same record, events and
--- errors, but no retries and no result beyond the step's own.
local context = require("idle.host.context")
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local step_types = require("idle.host.step_types")

local lone_step = {}

local OPTION_NAMES = { "Providers", "EventSink", "CorrelationId", "Actor", "NoteStart" }

---@class idle.LoneStepOptions
---@field Providers      table
---@field EventSink?     idle.Sink
---@field CorrelationId? string  default: a fresh one
---@field Actor?         string
---@field NoteStart?     fun(baseline?: table)  called with a Baseline before a start is sent, so that a later call can
---                      wait on even if this one is killed; with nil when the server refused the start. What it raises
---                      keeps the start from being sent

local function run(type_name, with, options)
  local name = type_name:match("[^.]+$")
  fields.check(options, OPTION_NAMES, name)
  local step_context = context.new({
    providers = options.Providers, event_sink = options.EventSink,
    correlation_id = options.CorrelationId, actor = options.Actor,
  })
  step_context.NoteStart = options.NoteStart
  local ok, result = pcall(step_types.find(type_name), step_context, with, { Name = name, Type = type_name })
  if ok then return result end
  if type(result) == "table" then
    result = errors.from(result)
    result.step = name
  end
  error(result, 0)
end

--- Starts a sync cycle and waits for it (DESIGN §6.1).
---@param with    table  keys of IdLE.Step.TriggerDirectorySync
---@param options idle.LoneStepOptions
---@return table result  Status, Changed, Data
function lone_step.trigger_directory_sync(with, options)
  return run("IdLE.Step.TriggerDirectorySync", with, options or {})
end

return lone_step
