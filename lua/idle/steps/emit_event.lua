--- IdLE.Step.EmitEvent: writes one event of the workflow's own into the record.
local outcome = require("idle.steps.outcome")
local with = require("idle.steps.with")

local WORD = "EmitEvent"

-- Those of providers do nothing here; workflow files have them.
---@type idle.WithKey[]
local KEYS = {
  { key = "Message", read = with.text },
  { key = "Provider", read = with.text },
  { key = "AuthSessionName", read = with.text },
  { key = "AuthSessionOptions", read = with.map },
}

--- Runs the step.
---@param context idle.StepContext
---@param with_   { Message: string? }  default: a text that names the step
---@param step    { Name: string, Type: string }
---@return { Status: "Completed" }
local function emit_event(context, with_, step)
  local values = with.read(WORD, with_, KEYS)
  local message = values.Message or ("event of step '%s'"):format(step.Name)
  context.EventSink:WriteEvent("Custom", message, step.Name, { StepType = step.Type })
  local result = outcome.completed(step)
  result.Changed = nil
  return result
end

return emit_event
