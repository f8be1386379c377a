--- The events that a spec has collected.
local seen_events = {}

--- Their types, in their order.
---@param events idle.Event[]
---@return string[]
function seen_events.types(events)
  local types = {}
  for index, event in ipairs(events) do types[index] = event.Type end
  return types
end

--- The first event of a type.
---@param events    idle.Event[]
---@param type_name string
---@return idle.Event?
function seen_events.first_of(events, type_name)
  for _, event in ipairs(events) do
    if event.Type == type_name then return event end
  end
end

return seen_events
