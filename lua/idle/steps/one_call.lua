--- Steps that call one method of a provider with the values of their With.
local outcome = require("idle.steps.outcome")
local provider_call = require("idle.steps.provider_call")

local one_call = {}

---@class idle.OneCall
---@field word     string          the step's word, which begins every message
---@field method   string          of the provider
---@field keys     idle.WithKey[]  of With; their values are the arguments, in this order
---@field provider string          alias of the provider, if With names none
---@field by_alias? boolean        without a name, a session that is called like the provider is tried first
---@field prepare?  fun(call: idle.ProviderCall, context: idle.StepContext)  comes right before the call

--- Runs such a step.
---@param settings idle.OneCall
---@param context  idle.StepContext
---@param with     table
---@param step     { Name: string, Type: string }
---@return idle.StepResult result
---@return any answer  of the provider
function one_call.run(settings, context, with, step)
  local values = provider_call.read(settings.word, with, settings.keys, settings.provider)
  local call = provider_call.open(context, settings.word, values, { settings.method }, settings.by_alias)
  if settings.prepare then settings.prepare(call, context) end
  local arguments = {}
  for index, key in ipairs(settings.keys) do arguments[index] = values[key.key] end
  local answer = call:invoke(settings.method, table.unpack(arguments, 1, #settings.keys))
  return outcome.completed(step, call:changed(settings.method, answer)), answer
end

--- Makes the handler of such a step.
---@param settings idle.OneCall
---@return idle.StepHandler
function one_call.step(settings)
  return function(context, with, step)
    return (one_call.run(settings, context, with, step))
  end
end

return one_call
