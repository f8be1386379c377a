--- What a step is handed: providers, sessions, the record and the time (contracts §10.8).
local broker = require("idle.host.broker")
local clock = require("idle.host.clock")
local errors = require("idle.engine.errors")
local events = require("idle.host.events")
local loop = require("idle.loop")
local parameter = require("idle.engine.parameter")
local terminal = require("idle.host.terminal")

local context = {}

---@class idle.StepContext
---@field Plan?         idle.Plan  nil in a script's own run
---@field Providers     table
---@field EventSink     idle.Recorder
---@field CorrelationId string
---@field Actor         string
---@field Clock         table  `idle.host.clock`
---@field null          any    the null of lists and maps
---@field NoteStart?    fun(baseline?: table)  of idle.LoneStepOptions
local Context = {}
Context.__index = Context

-- Options reach a broker that may keep them, so they are copied; a function
-- among them would be code in the place of data.
local function copy_options(options, path, depth)
  if type(options) == "function" or depth > 16 then
    errors.raise("input.with", ("%s: %s"):format(path,
      depth > 16 and "nested too deeply" or "a function is no data; auth session options take values only"))
  end
  if type(options) ~= "table" then return options end
  local copy = {}
  for key, field in pairs(options) do copy[key] = copy_options(field, path .. "." .. tostring(key), depth + 1) end
  return setmetatable(copy, getmetatable(options))
end

local function find_broker(providers)
  local found = providers.AuthSessionBroker
  if found == nil then
    errors.raise("session.missing", "No AuthSessionBroker configured: put one into the providers as AuthSessionBroker")
  end
  local ok, method = pcall(function() return found.AcquireAuthSession end)
  if ok and method then return found end
  errors.raise("session.contract", "AuthSessionBroker must have a method AcquireAuthSession(Name, Options)")
end

--- Asks the broker of the providers for a session.
---@param Name?    string  nil or empty asks for the default session
---@param Options? table
---@return idle.AuthSession
function Context:AcquireAuthSession(Name, Options)
  if Options ~= nil and type(Options) ~= "table" then
    errors.raise("input.with", ("AuthSessionOptions must be a map, got %s"):format(parameter.kind(Options)))
  end
  local options = copy_options(Options or {}, "AuthSessionOptions", 0)
  options.CorrelationId, options.Actor = self.CorrelationId, self.Actor
  local session = find_broker(self.Providers):AcquireAuthSession(Name, options)
  if broker.is_session(session) then return session end
  errors.raise("session.contract", ("auth session '%s': AuthSession must implement "
    .. "InvokeCommand(CommandName, Parameters); the broker returned %s"):format(
    errors.escape(Name or "<default>"), parameter.kind(session)))
end

--- A fresh correlation id: a random UUID.
---@return string
function context.new_id()
  local bytes = { loop.random_bytes(16):byte(1, 16) }
  bytes[7] = bytes[7] & 0x0F | 0x40
  bytes[9] = bytes[9] & 0x3F | 0x80
  return ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x"):format(table.unpack(bytes))
end

---@class idle.ContextOptions
---@field plan?           idle.Plan
---@field providers?      table
---@field event_sink?     idle.Sink
---@field correlation_id? string
---@field actor?          string

--- Makes the context of a run, or of a step outside of one.
---@param options idle.ContextOptions
---@return idle.StepContext
function context.new(options)
  local providers = options.providers or {}
  if type(providers) ~= "table" then
    errors.raise("input.setup", ("providers must be a map, got %s"):format(parameter.kind(providers)))
  end
  local sinks = { table.unpack(events.standard_sinks()) }
  if options.event_sink ~= nil then table.insert(sinks, 1, events.check_sink(options.event_sink)) end
  local correlation_id, actor = options.correlation_id or context.new_id(), options.actor or ""
  return setmetatable({
    Plan = options.plan,
    Providers = providers,
    EventSink = events.new({
      correlation_id = correlation_id, actor = actor, sinks = sinks, now = clock.now, report = terminal.warn,
    }),
    CorrelationId = correlation_id,
    Actor = actor,
    Clock = clock,
    null = require("idle.json").null,
  }, Context)
end

return context
