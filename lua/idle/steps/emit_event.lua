--- IdLE.Step.EmitEvent: writes one event of the workflow's own into the record.
local errors = require("idle.engine.errors")

---@class idle.EmitEventWith
---@field Message? string  default: a text that names the step

--- Runs the step.
---@param context idle.StepContext
---@param with    idle.EmitEventWith
---@param step    { Name: string, Type: string }
---@return { Status: "Completed" }
local function emit_event(context, with, step)
  local message = with.Message or ("event of step '%s'"):format(step.Name)
  if type(message) ~= "string" or message == "" then
    errors.raise("input.with", ("EmitEvent requires With.Message to be a text, got %s"):format(type(message)))
  end
  context.EventSink:WriteEvent("Custom", message, step.Name, { StepType = step.Type })
  return { Status = "Completed" }
end

return emit_event
