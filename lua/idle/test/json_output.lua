--- An output of busted's: one JSON document. busted's own ends in an error where a block has one.
local errors = require("idle.engine.errors")
local json = require("idle.json")

local function present(entry)
  local trace = entry.element.trace or {}
  local message = entry.message
  if message ~= nil and type(message) ~= "string" then message = tostring(message) end
  return { name = entry.name, file = trace.short_src, line = trace.currentline, message = message,
    duration_ms = entry.element.duration and entry.element.duration * 1000 }
end

local function list(entries)
  local out = require("idle.engine.value").list({})
  for index, entry in ipairs(entries) do out[index] = present(entry) end
  return out
end

return function()
  local busted = require("busted")
  local handler = require("busted.outputHandlers.base")()

  -- Runs that are repeated would be several documents: the last one counts.
  busted.subscribe({ "exit" }, function()
    io.stdout:write(errors.check(json.encode({
      successes = list(handler.successes), failures = list(handler.failures), errors = list(handler.errors),
      pendings = list(handler.pendings), duration_ms = handler.getDuration() * 1000,
    })), "\n")
    return nil, true
  end)
  return handler
end
