--- Entitlements as steps and providers exchange them: `{ Kind = …, Id = … }`,
--- compared whatever their case.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local with = require("idle.steps.with")

local entitlements = {}

---@class idle.Entitlement
---@field Kind string
---@field Id   string

-- Texts, and numbers that stand for one, as in the rest of With.
local function member(v, name)
  return with.name((data.get(v, name)))
end

--- Reads an entitlement out of With.
---@param word  string   the step's word
---@param path  string   "With.Entitlement"
---@param v     any
---@param default_kind? string
---@return idle.Entitlement
function entitlements.read(word, path, v, default_kind)
  if not data.is_map(v) then with.refuse(word, path, "a hashtable (a table with keys Kind and Id)", v) end
  local kind, id = data.get(v, "Kind"), data.get(v, "Id")
  local read = { Kind = data.is_blank(kind) and default_kind or with.name(kind), Id = with.name(id) }
  for _, name in ipairs({ "Kind", "Id" }) do
    if not read[name] then
      errors.raise("input.with", ("%s requires %s.%s to be a text that is not empty"):format(word, path, name))
    end
  end
  return read
end

-- An entitlement that cannot be told from others must not be passed over: it
-- might be the one that is to be removed.
local function check_listed(call, method, v, effect)
  local kind, id = data.is_map(v) and member(v, "Kind"), data.is_map(v) and member(v, "Id")
  if kind and id then return kind, id end
  call:refuse_answer(method, "it answered an entitlement without Kind or Id", effect)
end

---@class idle.ListedEntitlement
---@field Kind  string
---@field Id    string
---@field Entry table  as the provider listed it, with what else it says

--- Asks the provider what an identity holds.
---@param call idle.ProviderCall
---@param key  string  of the identity
---@param kind string  a provider may leave out all others
---@return idle.ListedEntitlement[]  of that kind only
function entitlements.list(call, key, kind)
  -- The session stands before the kind, so that providers without kinds find it where it always is.
  local answer = call.provider:ListEntitlements(key, call.session, kind)
  local listed = {}
  for _, entry in ipairs(data.items(answer)) do
    if not data.is_null(entry) then
      local entry_kind, id = check_listed(call, "ListEntitlements", entry, "none")
      if fold.equal(entry_kind, kind) then listed[#listed + 1] = { Kind = entry_kind, Id = id, Entry = entry } end
    end
  end
  return listed
end

--- The form of an entitlement in which the provider lists it: a name becomes an id (W-04).
---@param call        idle.ProviderCall
---@param entitlement idle.Entitlement
---@return idle.Entitlement
function entitlements.resolve(call, entitlement)
  if not call:has("ResolveEntitlement") then return entitlement end
  local answer = call:invoke("ResolveEntitlement", entitlement.Kind, entitlement)
  local kind, id = check_listed(call, "ResolveEntitlement", answer, "none")
  return { Kind = kind, Id = id }
end

--- Finds an entitlement by its id.
---@generic T: idle.Entitlement
---@param list T[]
---@param id   string
---@return T?
function entitlements.find(list, id)
  for _, entitlement in ipairs(list) do
    if fold.equal(entitlement.Id, id) then return entitlement end
  end
end

return entitlements
