--- `idle.test.recording_sink()`: an EventSink that keeps what it hears, redacted as all events are.
local redact = require("idle.engine.redact")
local value = require("idle.engine.value")

---@class idle.test.RecordingSink: idle.Sink
---@field Events idle.Event[]  oldest first
local Sink = {}
Sink.__index = Sink

--- Keeps an event.
---@param event idle.Event
function Sink:WriteEvent(event)
  self.Events[#self.Events + 1] = redact.copy(event)
end

--- The events of a type, oldest first.
---@param type_name string
---@return idle.Event[]
function Sink:of_type(type_name)
  local found = {}
  for _, event in ipairs(self.Events) do
    if event.Type == type_name then found[#found + 1] = event end
  end
  return found
end

--- The types of all events, in their order.
---@return string[]
function Sink:types()
  local types = {}
  for index, event in ipairs(self.Events) do types[index] = event.Type end
  return types
end

---@return idle.test.RecordingSink
return function()
  return setmetatable({ Events = value.list() }, Sink)
end
