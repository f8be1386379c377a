--- How steps call providers (contracts §12.4).
---
--- A provider is called with the arguments of its method and, last, the AuthSession. A step that
--- names a session gets that one or fails. A step that names none gets the broker's default session
--- if there is one; without a broker, or without a default, the provider is called without a session.
--- Lua does not show whether a method takes a session, and one that takes none ignores it. A provider
--- that says `UsesAuthSession = false` keeps the broker from being asked for nothing.
local capabilities = require("idle.engine.capabilities")
local data = require("idle.engine.data")
local data_only = require("idle.engine.data_only")
local errors = require("idle.engine.errors")
local suggest = require("idle.engine.suggest")
local with = require("idle.steps.with")

local provider_call = {}

---@class idle.ProviderCall  a provider, and the session with which one execution of a step calls it
---@field word     string  names the step in messages
---@field alias    string
---@field provider table
---@field session? idle.AuthSession
local ProviderCall = {}
ProviderCall.__index = ProviderCall

--- Reads With: the step's own keys, and those that every step with a provider has.
---@param word  string  the step's word, which begins every message
---@param raw   any     With as it was given
---@param keys  idle.WithKey[]
---@param alias string  of the provider, if With names none
---@return table<string, any> values
function provider_call.read(word, raw, keys, alias)
  local all = {
    { key = "Provider", read = with.text, default = alias },
    { key = "AuthSessionName", read = with.text },
    { key = "AuthSessionOptions", read = with.map },
  }
  table.move(keys, 1, #keys, #all + 1, all)
  if type(raw) == "table" then data_only.check(raw, word .. ": With", { kind = "input.with" }) end
  return with.read(word, raw, all)
end

local function aliases_of(providers)
  local aliases = {}
  for _, alias in ipairs(data.sorted_keys(providers)) do
    if capabilities.method_of(providers[alias], "GetCapabilities") then aliases[#aliases + 1] = tostring(alias) end
  end
  return aliases
end

local function find_provider(word, providers, alias)
  if type(providers) ~= "table" or data.is_list(providers) or capabilities.method_of(providers, "GetCapabilities") then
    errors.raise("input.setup", ("%s: the Providers must be a map by alias, such as { %s = … }"):format(word, alias))
  end
  local provider = data.get(providers, alias)
  if not data.is_null(provider) then return provider end
  local aliases = aliases_of(providers)
  errors.raise("provider.missing", ("%s: provider %s was not supplied (there are: %s)%s"):format(word,
    data.quote(alias), #aliases > 0 and errors.escape(table.concat(aliases, ", ")) or "none",
    errors.escape(suggest.hint(alias, aliases))))
end

local function has_broker(context)
  return not data.is_null((data.get(context.Providers, "AuthSessionBroker")))
end

local function acquire(self, context, name, options)
  if not context.AcquireAuthSession then
    errors.raise("input.setup", ("%s: With.AuthSessionName asks for %s, but the context has no AcquireAuthSession")
      :format(self.word, data.quote(name)))
  end
  return context:AcquireAuthSession(name, options)
end

-- The first session that the broker has. Any failure but "there is none" counts:
-- a session that is there but cannot be used must not be replaced by another.
local function acquire_if_there(self, context, names, options)
  if self.provider.UsesAuthSession == false or not context.AcquireAuthSession or not has_broker(context) then return end
  for _, name in ipairs(names) do
    local ok, session = pcall(acquire, self, context, name, options)
    if ok then return session end
    if errors.from(session).kind ~= "session.missing" then error(session, 0) end
  end
end

--- Finds the provider of a step and the session to call it with. Nothing has been changed when it raises.
---@param context idle.StepContext
---@param word    string  the step's word
---@param values  table   as `read` returned them
---@param methods string[]  that the step will call
---@param by_alias? boolean without a name, a session that is called like the provider is tried first
---@return idle.ProviderCall
function provider_call.open(context, word, values, methods, by_alias)
  local self = setmetatable({ word = word, alias = values.Provider }, ProviderCall)
  self.provider = find_provider(word, context.Providers, self.alias)
  for _, name in ipairs(methods) do self:require(name) end
  local options = values.AuthSessionOptions
  if values.AuthSessionName then
    self.session = acquire(self, context, values.AuthSessionName, options)
  else
    self.session = acquire_if_there(self, context, by_alias and { self.alias, "" } or { "" }, options)
  end
  return self
end

--- Whether the provider has a method that not every provider has.
---@param name string
---@return boolean
function ProviderCall:has(name)
  return capabilities.method_of(self.provider, name) ~= nil
end

--- Raises if the provider does not have a method.
---@param name string
function ProviderCall:require(name)
  if self:has(name) then return end
  errors.raise("provider.missing", ("%s: provider %s must implement the method '%s'"):format(self.word,
    data.quote(self.alias), name))
end

--- Calls a method; the session becomes its last argument.
---@param name string
---@return any answer
function ProviderCall:invoke(name, ...)
  local provider, arguments = self.provider, table.pack(...)
  arguments[arguments.n + 1] = self.session
  return provider[name](provider, table.unpack(arguments, 1, arguments.n + 1))
end

--- Raises that an answer is not what the contract of providers says.
---@param name    string      the method
---@param problem string
---@param effect  idle.Effect what the call has done
function ProviderCall:refuse_answer(name, problem, effect)
  errors.raise("provider.failed", ("%s: provider %s, method '%s': %s"):format(self.word, data.quote(self.alias), name,
    problem), { effect = effect })
end

--- What an answer says about a change. Only a boolean says anything: 'false' is a text.
---@param name   string  the method that gave it
---@param answer any
---@return boolean? changed  nil = it does not say
function ProviderCall:changed(name, answer)
  local changed
  if type(answer) == "table" then changed = data.get(answer, "Changed") end
  if data.is_null(changed) then return nil end
  if type(changed) == "boolean" then return changed end
  self:refuse_answer(name, ("it was carried out, but its answer has Changed = %s, which is neither true nor false")
    :format(data.quote(changed)), "applied")
end

return provider_call
