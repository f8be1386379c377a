--- The names of what providers can do and what steps require (contracts §6).
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local value = require("idle.engine.value")

local capabilities = {}

--- What context resolvers may use, and where in the context its answer goes.
---@type table<string, string[]>
capabilities.READ_ONLY = {
  ["IdLE.Entitlement.List"] = { "Identity", "Entitlements" },
  ["IdLE.Identity.Read"] = { "Identity", "Profile" },
}

local RENAMED = { ["idle.mailbox.read"] = "IdLE.Mailbox.Info.Read" }

--- Whether a text is an identifier of at least two segments: `IdLE.Identity.Read`.
---@param text any
---@return boolean
function capabilities.is_identifier(text)
  return type(text) == "string" and text:find("^%a[%w.]*%w$") ~= nil and text:find(".", 1, true) ~= nil
    and not text:find("..", 1, true)
end

--- Sorts names and drops repetitions, whatever their case.
---@param names string[]
---@return string[] names  a new, marked list
function capabilities.sorted(names)
  local by_folded, order = {}, {}
  for _, name in ipairs(names) do
    local folded = fold.case(name)
    if not by_folded[folded] then
      by_folded[folded] = name
      order[#order + 1] = folded
    end
  end
  table.sort(order)
  local list = value.list()
  for index, folded in ipairs(order) do list[index] = by_folded[folded] end
  return list
end

--- Trims, replaces old names, sorts, and drops blanks and repetitions.
---@param ids   any                      a text, or a list of them
---@param warn? fun(message: string)     told of every old name
---@return string[]
function capabilities.normalise(ids, warn)
  local names = {}
  for _, id in ipairs(data.items(ids)) do
    if type(id) == "string" and not data.is_blank(id) then
      local trimmed = data.trim(id)
      local current = RENAMED[trimmed:lower()]
      if current and warn then
        warn(("DEPRECATED: the capability '%s' is now called '%s'"):format(trimmed, current))
      end
      names[#names + 1] = current or trimmed
    end
  end
  return capabilities.sorted(names)
end

--- Whether a list of capabilities has one of them, whatever its case.
---@param list string[]
---@param id   string
---@return boolean
function capabilities.has(list, id)
  for _, candidate in ipairs(list) do
    if fold.equal(candidate, id) then return true end
  end
  return false
end

--- Finds a method of a provider. Looking it up may run code of the provider's own.
---@param provider any
---@param name     string
---@return function?
function capabilities.method_of(provider, name)
  if type(provider) ~= "table" and type(provider) ~= "userdata" then return nil end
  local ok, method = pcall(function() return provider[name] end)
  return ok and method or nil
end

--- What a provider announces; nothing, if it has no GetCapabilities.
---@param provider any
---@param alias    string                  names the provider in errors
---@param warn?    fun(message: string)
---@return string[]
function capabilities.of_provider(provider, alias, warn)
  local method = capabilities.method_of(provider, "GetCapabilities")
  if not method then return value.list() end
  local ok, ids = pcall(method, provider)
  if ok then return capabilities.normalise(ids, warn) end
  errors.pass_interruption(ids)
  local cause = errors.from(ids)
  errors.raise("provider.failed", ("provider %s: GetCapabilities failed"):format(data.quote(alias)),
    { effect = "none", transient = cause.transient, cause = cause })
end

return capabilities
