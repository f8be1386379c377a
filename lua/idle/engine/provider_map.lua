--- The providers of a plan by alias, with what each announces; and whether they can
--- do what its steps require (contracts §6.3, §6.4).
local capabilities = require("idle.engine.capabilities")
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local suggest = require("idle.engine.suggest")

local provider_map = {}

-- What a providers map holds besides providers.
local NOT_PROVIDERS = { stepregistry = true, stepmetadata = true, authsessionbroker = true }

---@class idle.ProviderEntry
---@field alias        string
---@field provider     any
---@field capabilities string[]

---@class idle.ProviderMap
---@field entries     idle.ProviderEntry[]  sorted by alias
---@field has_aliases boolean               false = a list, or one provider alone: steps cannot choose
---@field broker      any                   the AuthSessionBroker, if there is one
---@field private available? string[]
local ProviderMap = {}
ProviderMap.__index = ProviderMap

local function is_object(v)
  return type(v) == "table" or (type(v) == "userdata" and not data.is_null(v))
end

local function add(self, alias, provider, warn)
  if NOT_PROVIDERS[fold.case(alias)] or not is_object(provider) then return end
  self.entries[#self.entries + 1] = {
    alias = alias, provider = provider, capabilities = capabilities.of_provider(provider, alias, warn),
  }
end

local function add_all(self, providers, warn)
  if capabilities.method_of(providers, "GetCapabilities") then
    add(self, "provider", providers, warn)
  elseif data.is_list(providers) then
    for index, provider in ipairs(providers) do add(self, ("providers[%d]"):format(index - 1), provider, warn) end
  else
    self.has_aliases = true
    self.broker = data.get(providers, "AuthSessionBroker")
    for _, alias in ipairs(data.sorted_keys(providers)) do add(self, tostring(alias), providers[alias], warn) end
  end
end

--- Asks all providers what they announce.
---@param providers? any                     a map by alias, a list, one provider, or nil
---@param warn?      fun(message: string)    told of old names of capabilities
---@return idle.ProviderMap
function provider_map.new(providers, warn)
  local self = setmetatable({ entries = {}, has_aliases = false }, ProviderMap)
  if providers == nil then
    self.has_aliases = true
  elseif is_object(providers) then
    add_all(self, providers, warn)
  else
    errors.raise("input.setup", ("Providers must be a map by alias, got %s"):format(data.kind(providers)))
  end
  return self
end

--- Finds a provider by its alias, whatever its case.
---@param alias string
---@return idle.ProviderEntry?
function ProviderMap:find(alias)
  for _, entry in ipairs(self.entries) do
    if fold.equal(entry.alias, alias) then return entry end
  end
end

--- The providers that announce a capability.
---@param id string
---@return idle.ProviderEntry[]
function ProviderMap:announcing(id)
  local found = {}
  for _, entry in ipairs(self.entries) do
    if capabilities.has(entry.capabilities, id) then found[#found + 1] = entry end
  end
  return found
end

---@return string[]
function ProviderMap:aliases()
  local aliases = {}
  for index, entry in ipairs(self.entries) do aliases[index] = entry.alias end
  return aliases
end

local function joined(list)
  return #list > 0 and errors.escape(table.concat(list, ", ")) or "none"
end

--- What to say about an alias that no provider has.
---@param alias string
---@return string
function ProviderMap:no_such(alias)
  local aliases = self:aliases()
  return ("there is no provider %s (there are: %s)%s"):format(data.quote(alias), joined(aliases),
    errors.escape(suggest.hint(alias, aliases)))
end

--- All that the providers announce together.
---@return string[]
function ProviderMap:all_capabilities()
  if not self.available then
    local all = {}
    for _, entry in ipairs(self.entries) do table.move(entry.capabilities, 1, #entry.capabilities, #all + 1, all) end
    self.available = capabilities.sorted(all)
  end
  return self.available
end

---@class idle.CapabilityDemand  what one step needs
---@field Step           string    its name
---@field Capabilities   string[]
---@field Provider?      string    alias of its provider; nil = any provider may serve
---@field NotApplicable? boolean   true = it will not run, so nothing is demanded (W-13)

local function lacking(wanted, announced)
  local list = {}
  for _, id in ipairs(wanted) do
    if not capabilities.has(announced, id) then list[#list + 1] = id end
  end
  return list
end

-- What a step lacks, and a sentence about its provider.
local function examine(self, demand)
  if not (demand.Provider and self.has_aliases) then
    return lacking(demand.Capabilities, self:all_capabilities()), nil
  end
  local entry = self:find(demand.Provider)
  if not entry then return demand.Capabilities, self:no_such(demand.Provider) end
  local lacks = lacking(demand.Capabilities, entry.capabilities)
  if #lacks == 0 then return lacks end
  return lacks, ("provider %s announces %s"):format(data.quote(entry.alias), joined(entry.capabilities))
end

local function raise_missing(self, missing, steps, details)
  local found = {
    MissingCapabilities = capabilities.sorted(missing),
    AffectedSteps = capabilities.sorted(steps),
    AvailableCapabilities = self:all_capabilities(),
  }
  errors.raise("input.setup", ("MissingCapabilities: %s; AffectedSteps: %s; AvailableCapabilities: %s%s"):format(
    joined(found.MissingCapabilities), joined(found.AffectedSteps), joined(found.AvailableCapabilities),
    table.concat(details)), { data = found })
end

--- Refuses a plan with a step whose own provider is missing or does not announce
--- what the step requires (W-14). Steps that will not run demand nothing (W-13).
---@param demands idle.CapabilityDemand[]
function ProviderMap:check(demands)
  local missing, steps, details = {}, {}, {}
  for _, demand in ipairs(demands) do
    local lacks, detail = {}, nil
    if not demand.NotApplicable and #demand.Capabilities > 0 then lacks, detail = examine(self, demand) end
    if #lacks > 0 then
      table.move(lacks, 1, #lacks, #missing + 1, missing)
      steps[#steps + 1] = demand.Step
      details[#details + 1] = detail and ("; step %s: %s"):format(data.quote(demand.Step), detail)
    end
  end
  if #missing > 0 then raise_missing(self, missing, steps, details) end
end

return provider_map
