--- The entitlements of one identity of the mock provider.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local value = require("idle.engine.value")

local mock_entitlements = {}

local function text_of(v)
  if type(v) ~= "string" and type(v) ~= "number" then return nil end
  return not data.is_blank(v) and data.text(v) or nil
end

--- Reads an entitlement; what else it says is dropped.
---@param v     any
---@param where string  begins the message
---@return idle.Entitlement
function mock_entitlements.read(v, where)
  local read = {}
  for _, name in ipairs({ "Kind", "Id" }) do
    read[name] = data.is_map(v) and text_of((data.get(v, name))) or nil
    if not read[name] then
      errors.raise("input.parameter", ("%s: Entitlement.%s must not be empty"):format(where, name))
    end
  end
  return read
end

--- Reads the entitlements of a record; one may stand for a list of one.
---@param v     any
---@param where string
---@return idle.List
function mock_entitlements.read_all(v, where)
  local list = value.list()
  for index, entry in ipairs(data.items(v)) do list[index] = mock_entitlements.read(entry, where) end
  return list
end

---@param list        idle.Entitlement[]
---@param entitlement idle.Entitlement
---@return integer? index
function mock_entitlements.find(list, entitlement)
  for index, held in ipairs(list) do
    if fold.equal(held.Kind, entitlement.Kind) and fold.equal(held.Id, entitlement.Id) then return index end
  end
end

--- Copies a list.
---@param list  idle.Entitlement[]
---@param kind? string  nil = all
---@return idle.List
function mock_entitlements.copy(list, kind)
  local copies = value.list()
  for _, held in ipairs(list) do
    if kind == nil or fold.equal(held.Kind, kind) then copies[#copies + 1] = { Kind = held.Kind, Id = held.Id } end
  end
  return copies
end

return mock_entitlements
