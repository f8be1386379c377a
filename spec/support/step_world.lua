--- Everything a step is handed, made for specs: providers, a record of events, and a broker that
--- hands out one session.
local errors = require("idle.engine.errors")

local step_world = {}

---@class step_world.World
---@field context  table     of a step
---@field provider table     the one that `calls` tells of
---@field calls    table[]   { method, argument, …, n = count }, without the provider itself
---@field events   table[]
---@field asked    table[]   { name, options } of every session that was asked for
---@field session  table
local World = {}
World.__index = World

--- Makes a provider that records its calls. A method given as a function computes the answer from the
--- arguments; anything else is the answer.
---@param methods table<string, any>
---@param calls   table[]
function step_world.provider(methods, calls)
  local provider = { UsesAuthSession = methods.UsesAuthSession, EventSink = methods.EventSink }
  for name, answer in pairs(methods) do
    if name ~= "UsesAuthSession" and name ~= "EventSink" then
      provider[name] = function(_, ...)
        calls[#calls + 1] = table.pack(name, ...)
        if type(answer) == "function" then return answer(...) end
        return answer
      end
    end
  end
  return provider
end

--- Makes the world of a step.
---@param alias   string
---@param methods table<string, any>  of its provider
---@return step_world.World
function step_world.new(alias, methods)
  local world = setmetatable({ calls = {}, events = {}, asked = {} }, World)
  world.provider = step_world.provider(methods, world.calls)
  world.session = { InvokeCommand = function() end }
  world.context = {
    Providers = { [alias] = world.provider },
    EventSink = { WriteEvent = function(_, type_name, message, step_name, data)
      world.events[#world.events + 1] = { Type = type_name, Message = message, StepName = step_name, Data = data }
    end },
  }
  return world
end

--- Gives the world a broker that knows some sessions by name; "" is the default.
---@param names string[]
function World:has_sessions(names)
  self.context.Providers.AuthSessionBroker = {}
  function self.context.AcquireAuthSession(_, name, options)
    self.asked[#self.asked + 1] = { name, options }
    for _, known in ipairs(names) do
      if known == name then return self.session end
    end
    errors.raise("session.missing", ("no session '%s'"):format(name))
  end
  return self
end

--- The names of the sessions that were asked for, in order.
function World:asked_names()
  local names = {}
  for index, asked in ipairs(self.asked) do names[index] = asked[1] end
  return names
end

--- The names of the methods that were called, in order.
function World:called()
  local names = {}
  for index, call in ipairs(self.calls) do names[index] = call[1] end
  return names
end

--- Runs a step and expects it to fail.
---@return any raised
function World:failure(handler, with, step)
  local ok, raised = pcall(handler, self.context, with, step or { Name = "Step", Type = "IdLE.Step.Spec" })
  if ok then error("the step did not fail", 2) end
  return raised
end

return step_world
