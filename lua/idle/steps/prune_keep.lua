--- What a prune keeps: entries by their id, and patterns.
local data = require("idle.engine.data")
local entitlements = require("idle.steps.entitlements")
local errors = require("idle.engine.errors")
local value = require("idle.engine.value")
local wildcard = require("idle.engine.wildcard")
local with = require("idle.steps.with")

local prune_keep = {}

---@class idle.PruneKeep
---@field package entries  idle.Entitlement[]
---@field package patterns idle.Wildcard[]
local Keep = {}
Keep.__index = Keep

local function read_pattern(word, path, v)
  if type(v) ~= "string" or data.is_blank(v) then with.refuse(word, path, "a text that is not empty", v) end
  local pattern, problem = wildcard.compile(v)
  if pattern then return pattern end
  errors.raise("input.with", ("%s: %s is no pattern: %s, in %s"):format(word, path, problem, data.quote(v)))
end

--- Reads With.Keep and With.KeepPattern; one entry may stand for a list of one.
---@param word   string  the step's word
---@param values table   Kind, Keep, KeepPattern
---@return idle.PruneKeep
function prune_keep.read(word, values)
  local entries, patterns = {}, {}
  for index, v in ipairs(data.items(values.Keep)) do
    entries[index] = entitlements.read(word, ("With.Keep[%d]"):format(index - 1), v, values.Kind)
  end
  for index, v in ipairs(data.items(values.KeepPattern)) do
    patterns[index] = read_pattern(word, ("With.KeepPattern[%d]"):format(index - 1), v)
  end
  return setmetatable({ entries = entries, patterns = patterns }, Keep)
end

--- Asks the provider for the ids under which it lists the entries.
---@param call idle.ProviderCall
function Keep:resolve(call)
  for index, entry in ipairs(self.entries) do self.entries[index] = entitlements.resolve(call, entry) end
end

--- Whether an entitlement is to be kept.
---@param id string
---@return boolean
function Keep:has(id)
  if entitlements.find(self.entries, id) then return true end
  for _, pattern in ipairs(self.patterns) do
    if pattern:matches(id) then return true end
  end
  return false
end

--- Divides what an identity holds.
---@param held idle.ListedEntitlement[]
---@return idle.ListedEntitlement[] kept
---@return idle.ListedEntitlement[] superfluous
function Keep:divide(held)
  local kept, superfluous = {}, {}
  for _, entitlement in ipairs(held) do
    local part = self:has(entitlement.Id) and kept or superfluous
    part[#part + 1] = entitlement
  end
  return kept, superfluous
end

--- The entries that an identity does not hold, each once.
---@param held idle.ListedEntitlement[]
---@return idle.Entitlement[]
function Keep:missing_in(held)
  local missing = value.list()
  for _, entry in ipairs(self.entries) do
    if not (entitlements.find(held, entry.Id) or entitlements.find(missing, entry.Id)) then
      missing[#missing + 1] = entry
    end
  end
  return missing
end

return prune_keep
