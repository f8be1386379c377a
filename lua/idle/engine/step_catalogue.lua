--- The catalogue of step types: what the built-in packs and the host say of them
--- (contracts §5). Planning needs nothing else of a step type.
local capabilities = require("idle.engine.capabilities")
local data = require("idle.engine.data")
local data_only = require("idle.engine.data_only")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local suggest = require("idle.engine.suggest")
local with_schema = require("idle.engine.with_schema")

local step_catalogue = {}

local HOST = "Providers.StepMetadata"
local KEYS = { "RequiredCapabilities", "WithSchema", "DefaultProvider" }

---@class idle.StepType
---@field Type                 string    as its owner spells it
---@field Owner                string    name of the pack, or "Providers.StepMetadata"
---@field RequiredCapabilities string[]  normalised
---@field WithSchema           idle.WithSchema
---@field DefaultProvider?     string    alias that a step without With.Provider uses

---@class idle.StepCatalogue
---@field private entries table<string, idle.StepType>
---@field Warnings string[]  old names of capabilities that were met
local Catalogue = {}
Catalogue.__index = Catalogue

local function fail(format, ...)
  errors.raise("input.setup", format:format(...))
end

local function check_fields(metadata, owner)
  for _, key in ipairs(data.sorted_keys(metadata)) do
    local word, is_known = tostring(key), false
    for _, known in ipairs(KEYS) do is_known = is_known or fold.equal(word, known) end
    -- Owners may keep notes of their own, but not a misspelled key of ours.
    local nearest = not is_known and suggest.nearest(word, KEYS)
    if nearest then fail("%s: unknown key '%s'; did you mean '%s'?", owner, errors.escape(word), nearest) end
  end
end

local function read_capabilities(metadata, owner, warn)
  local ids = data.get(metadata, "RequiredCapabilities")
  if not (data.is_null(ids) or type(ids) == "string" or data.is_list(ids) or data.is_empty_table(ids)) then
    fail("%s: invalid capability: RequiredCapabilities must be a text or a list of texts, got %s", owner,
      data.kind(ids))
  end
  for _, id in ipairs(data.items(ids)) do
    if type(id) ~= "string" then
      fail("%s: invalid capability: RequiredCapabilities has %s in the place of a text", owner, data.kind(id))
    end
    local trimmed = data.trim(id)
    if trimmed ~= "" and not capabilities.is_identifier(trimmed) then
      fail("%s: invalid capability %s; write it like 'IdLE.Identity.Read'", owner, data.quote(trimmed))
    end
  end
  return capabilities.normalise(ids, warn)
end

local function read_entry(type_name, metadata, owner_name, warn)
  local owner = ("%s: step type %s"):format(owner_name, data.quote(type_name))
  if not data.is_map(metadata) then fail("%s: the metadata must be a hashtable, got %s", owner, data.kind(metadata)) end
  data_only.check(metadata, owner, { kind = "input.setup" })
  check_fields(metadata, owner)
  local provider = data.get(metadata, "DefaultProvider")
  return {
    Type = type_name,
    Owner = owner_name,
    RequiredCapabilities = read_capabilities(metadata, owner, warn),
    WithSchema = with_schema.read(data.get(metadata, "WithSchema"), owner),
    DefaultProvider = type(provider) == "string" and provider or nil,
  }
end

local function refuse_second(entry, owner_name)
  if owner_name == HOST then
    fail("DuplicateStepTypeMetadata: the step type '%s' is described by '%s'; %s can only supplement types of its own",
      entry.Type, entry.Owner, HOST)
  end
  fail("DuplicateStepTypeMetadata: the step type '%s' is described by both '%s' and '%s'", entry.Type, entry.Owner,
    owner_name)
end

local function add(self, steps, owner_name, warn)
  for _, type_name in ipairs(data.sorted_keys(steps)) do
    if type(type_name) ~= "string" or data.is_blank(type_name) then
      fail("%s: a step type must be a name, got %s", owner_name, data.quote(type_name))
    end
    local folded = fold.case(type_name)
    if self.entries[folded] then refuse_second(self.entries[folded], owner_name) end
    self.entries[folded] = read_entry(type_name, steps[type_name], owner_name, warn)
  end
end

---@class idle.StepCatalogueOptions
---@field host?  any             `Providers.StepMetadata`: step types of the host's own
---@field packs? idle.StepPack[] default: the built-in ones

--- Makes the catalogue. Raises `input.setup` if somebody describes a step type badly, or a second time.
---@param options? idle.StepCatalogueOptions
---@return idle.StepCatalogue
function step_catalogue.build(options)
  options = options or {}
  local self = setmetatable({ entries = {}, Warnings = {} }, Catalogue)
  local function warn(message) self.Warnings[#self.Warnings + 1] = message end
  local packs = { table.unpack(options.packs or require("idle.engine.step_metadata")) }
  table.sort(packs, function(a, b) return a.name < b.name end)
  for _, pack in ipairs(packs) do add(self, pack.steps, pack.name, warn) end
  if not data.is_null(options.host) then
    if not data.is_map(options.host) then fail("%s must be a hashtable, got %s", HOST, data.kind(options.host)) end
    add(self, options.host, HOST, warn)
  end
  return self
end

--- Finds a step type, whatever its case.
---@param type_name string
---@return idle.StepType?
function Catalogue:find(type_name)
  return self.entries[fold.case(type_name)]
end

--- The names of all step types, sorted.
---@return string[]
function Catalogue:types()
  local names = {}
  for _, entry in next, self.entries do names[#names + 1] = entry.Type end
  table.sort(names)
  return names
end

--- Ends a message about a step type that is not there. People also write its last word alone.
---@param type_name string
---@return string
function Catalogue:hint(type_name)
  local names = self:types()
  local nearest = suggest.nearest(type_name, names) or suggest.nearest("IdLE.Step." .. type_name, names)
  return nearest and ("; did you mean '%s'?"):format(nearest) or ""
end

--- Finds the step type of a step, or raises.
---@param type_name string
---@param step_name string
---@return idle.StepType
function Catalogue:require(type_name, step_name)
  local entry = self:find(type_name)
  if entry then return entry end
  errors.raise("input.workflow", ("MissingStepTypeMetadata: step %s: nothing is known of the step type %s; load the "
    .. "step pack that brings it, or describe it in %s%s"):format(data.quote(step_name), data.quote(type_name), HOST,
    self:hint(type_name)))
end

--- Refuses a With that lacks a required key or has an unknown one; the first problem counts.
---@param entry     idle.StepType
---@param with      table
---@param step_name string
function step_catalogue.check_with(entry, with, step_name)
  local problem = with_schema.problems(entry.WithSchema, with)[1]
  if not problem then return end
  errors.raise("input.workflow", ("step %s (%s): %s"):format(data.quote(step_name), entry.Type, problem.Message))
end

--- The alias of the provider that a step uses.
---@param entry idle.StepType
---@param with  table
---@return string? alias  nil = the step type names none
function step_catalogue.provider_alias(entry, with)
  local alias = data.get(with, "Provider")
  return not data.is_blank(alias) and data.text(alias) or entry.DefaultProvider
end

return step_catalogue
