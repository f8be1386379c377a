--- Context resolvers: before anything is planned, providers are asked what they know
--- of the identity, and the answers go into `Request.Context` (contracts §7).
local capabilities = require("idle.engine.capabilities")
local context_views = require("idle.engine.context_views")
local copy = require("idle.engine.copy")
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local suggest = require("idle.engine.suggest")
local template = require("idle.engine.template")
local value = require("idle.engine.value")

local context_resolvers = {}

local METHODS = { ["IdLE.Entitlement.List"] = "ListEntitlements", ["IdLE.Identity.Read"] = "GetIdentity" }

--- The session key of resolvers that name no session.
context_resolvers.DEFAULT_SESSION = "Default"

---@class idle.ResolverRun
---@field request   idle.Request
---@field providers idle.ProviderMap
---@field null?     any
---@field label     string  "ContextResolvers[i]"

local function fail(run, kind, format, ...)
  errors.raise(kind, ("%s: %s"):format(run.label, format:format(...)))
end

local function sorted_allowed()
  local names = {}
  for id in next, capabilities.READ_ONLY do names[#names + 1] = id end
  table.sort(names)
  return names
end

local function check_capability(run, wanted)
  for id in next, capabilities.READ_ONLY do
    if fold.equal(id, wanted) then return id end
  end
  local allowed = sorted_allowed()
  fail(run, "input.workflow", "the capability %s is not in the read-only allow-list: %s%s", data.quote(wanted),
    table.concat(allowed, ", "), errors.escape(suggest.hint(wanted, allowed)))
end

local function check_segment(run, what, text)
  if #text <= 64 and text:find("^%w[%w_-]*$") then return end
  fail(run, "input.workflow", "the %s %s is not a valid context path segment; it must match %s", what, data.quote(text),
    "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
end

local function choose_provider(run, capability, with)
  local alias = data.get(with, "Provider")
  if not data.is_null(alias) then
    local entry = run.providers:find(data.text(alias))
    return entry or fail(run, "input.setup", "%s", run.providers:no_such(data.text(alias)))
  end
  local entries = run.providers:announcing(capability)
  if #entries == 1 then return entries[1] end
  if #entries == 0 then
    fail(run, "input.setup", "no provider in the Providers map announces %s", capability)
  end
  local aliases = {}
  for index, entry in ipairs(entries) do aliases[index] = entry.alias end
  fail(run, "input.setup", "Multiple providers announce %s: %s; name one in With.Provider to disambiguate", capability,
    errors.escape(table.concat(aliases, ", ")))
end

local function acquire_named(run, name, options)
  local broker = run.providers.broker
  if not capabilities.method_of(broker, "AcquireAuthSession") then
    fail(run, "session.missing", "the auth session %s needs an AuthSessionBroker, and Providers has none",
      data.quote(name))
  end
  return broker:AcquireAuthSession(name, options)
end

-- A provider may need no session, so a default one that cannot be had is no error.
local function acquire_default(run, options)
  local broker = run.providers.broker
  if not capabilities.method_of(broker, "AcquireAuthSession") then return nil end
  local ok, session = pcall(broker.AcquireAuthSession, broker, nil, options)
  if ok then return session end
  errors.pass_interruption(session)
end

local function acquire_session(run, with)
  local name, options = data.get(with, "AuthSessionName"), data.get(with, "AuthSessionOptions")
  if data.is_null(options) then options = {} end
  if not data.is_map(options) then
    fail(run, "input.workflow", "With.AuthSessionOptions must be a map (hashtable), got %s", data.kind(options))
  end
  if data.is_blank(name) then
    return context_resolvers.DEFAULT_SESSION, acquire_default(run, options)
  end
  name = data.text(name)
  check_segment(run, "auth session name", name)
  return name, acquire_named(run, name, options)
end

local function fail_resolving(run, entry, capability, cause)
  errors.pass_interruption(cause)
  local err = errors.from(cause)
  errors.raise("provider.failed", ("%s: provider %s failed while resolving capability %s"):format(run.label,
    data.quote(entry.alias), capability), { effect = "none", transient = err.transient, cause = err })
end

local function ask(run, entry, capability, with, session)
  local key = data.get(with, "IdentityKey")
  if data.is_blank(key) then fail_resolving(run, entry, capability, "With.IdentityKey is missing") end
  local name = METHODS[capability]
  local method = capabilities.method_of(entry.provider, name)
  if not method then fail_resolving(run, entry, capability, ("the provider has no method '%s'"):format(name)) end
  local ok, answer = pcall(method, entry.provider, data.text(key), session)
  if not ok then fail_resolving(run, entry, capability, answer) end
  return answer
end

local function annotate(run, record, entry, capability, session_key)
  if not data.is_map(record) then
    fail_resolving(run, entry, capability, ("it returned %s where a map was expected"):format(data.kind(record)))
  end
  local copied = copy.deep(record, entry.alias, { kind = "provider.failed", drop_methods = true })
  data.set(copied, "SourceProvider", entry.alias)
  data.set(copied, "SourceAuthSessionName", session_key)
  return copied
end

-- The answer as it goes into the context: a list of entitlements, or one profile.
local function normalise(run, answer, entry, capability, session_key)
  if capability == "IdLE.Identity.Read" then
    if data.is_null(answer) then return run.null end
    return annotate(run, answer, entry, capability, session_key)
  end
  local list = value.list()
  for _, item in ipairs(data.items(answer)) do
    if not data.is_null(item) then list[#list + 1] = annotate(run, item, entry, capability, session_key) end
  end
  return list
end

local function resolve(run, resolver)
  local capability = check_capability(run, resolver.Capability)
  local with = template.expand(resolver.With, run.request, { step = run.label })
  local entry = choose_provider(run, capability, with)
  check_segment(run, "provider alias", entry.alias)
  local session_key, session = acquire_session(run, with)
  local answer = ask(run, entry, capability, with, session)
  context_views.store(run, { entry.alias, session_key }, capability,
    normalise(run, answer, entry, capability, session_key))
  context_views.rebuild(run, capability)
end

---@class idle.ResolverOptions
---@field null? any  stands for null in maps; nil = such entries are left out

--- Runs the context resolvers of a workflow in their order and writes into the
--- request's Context. Hand it a request of your own: `request.new` makes one.
---@param resolvers idle.ResolverDefinition[]
---@param request   idle.Request
---@param providers idle.ProviderMap
---@param options?  idle.ResolverOptions
function context_resolvers.run(resolvers, request, providers, options)
  for index, resolver in ipairs(resolvers) do
    resolve({
      request = request, providers = providers, null = options and options.null,
      label = ("ContextResolvers[%d]"):format(index - 1),
    }, resolver)
  end
end

--- The node of the context that a step's own provider and session filled; while its
--- precondition is evaluated it is `Request.Context.Current` (contracts §3.7).
---@param request        idle.Request
---@param with           table    of the step
---@param default_alias? string   of its step type
---@return table? node
function context_resolvers.current(request, with, default_alias)
  local alias = data.get(with, "Provider")
  alias = data.is_blank(alias) and default_alias or data.text(alias)
  local session = data.get(with, "AuthSessionName")
  session = data.is_blank(session) and context_resolvers.DEFAULT_SESSION or data.text(session)
  local here = request.Context
  for _, key in ipairs({ "Providers", alias or "", session }) do
    here = data.is_map(here) and data.get(here, key) or nil
  end
  return here
end

return context_resolvers
