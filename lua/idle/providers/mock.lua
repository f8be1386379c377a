--- An identity system in memory, for tests and to try workflows with: it has all that the built-in
--- steps on identities ask for, needs no session, and answers the same to the same calls.
---
--- As IdLE's mock, it makes an identity that is asked for and not there; only entitlements need one.
--- It announces more than that one: every step type can run, so it creates, enables, moves and
--- deletes identities, and revokes their sessions.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local fold = require("idle.engine.fold")
local mock_entitlements = require("idle.providers.mock_entitlements")
local mock_store = require("idle.providers.mock_store")
local redact = require("idle.engine.redact")
local same = require("idle.engine.same")
local value = require("idle.engine.value")

---@class idle.MockOptions
---@field InitialStore?            table<string, idle.MockIdentity>  by identity key
---@field ProtectedEntitlementIds? string[]  cannot be revoked, like the primary group of Active Directory

---@class idle.MockIdentity
---@field IdentityKey?  string                default: the key in the store
---@field Enabled?      boolean               default: true
---@field Attributes?   table<string, any>
---@field Entitlements? idle.Entitlement[]
---@field Container?    string                where MoveIdentity has put it

---@class idle.MockProvider
---@field UsesAuthSession boolean  false: no session is acquired for it
---@field package store     idle.MockStore
---@field package protected table<string, true>  ids, folded
local Mock = { UsesAuthSession = false }
Mock.__index = Mock

local OPTIONS = { "InitialStore", "ProtectedEntitlementIds" }
local RECORD_FIELDS = { "IdentityKey", "Enabled", "Attributes", "Entitlements", "Container" }

local result, check_key = mock_store.result, mock_store.check_key

---@return string[]
function Mock.GetCapabilities()
  return {
    "IdLE.Identity.Read", "IdLE.Identity.Create", "IdLE.Identity.Attribute.Ensure", "IdLE.Identity.Enable",
    "IdLE.Identity.Disable", "IdLE.Identity.Move", "IdLE.Identity.Delete", "IdLE.Identity.RevokeSessions",
    "IdLE.Entitlement.List", "IdLE.Entitlement.Grant", "IdLE.Entitlement.Revoke", "IdLE.Entitlement.Prune",
  }
end

local function new_identity(key)
  return { IdentityKey = key, Enabled = true, Attributes = {}, Entitlements = value.list() }
end

--- Reads an identity; makes it if it is not there.
---@param IdentityKey string
---@return { IdentityKey: string, Enabled: boolean, Attributes: table<string, any> }
function Mock:GetIdentity(IdentityKey)
  local identity = self.store:obtain(check_key("GetIdentity", IdentityKey))
  return {
    IdentityKey = identity.IdentityKey,
    Enabled = identity.Enabled,
    Attributes = mock_store.copy(identity.Attributes),
  }
end

-- Passwords can be set, but nobody reads them, as in any directory.
local function set_attribute(identity, name, wanted)
  if redact.is_secret_key(name) or value.is_secret(wanted) then return true end
  local present = data.get(identity.Attributes, name)
  if same(present, wanted) then return false end
  if data.is_null(wanted) then wanted = nil end
  data.set(identity.Attributes, name, mock_store.copy(wanted))
  return true
end

-- Reads an entry of a map and takes it out; null is none.
local function take(map, name)
  local field = data.get(map, name)
  data.set(map, name, nil)
  if data.is_null(field) then return nil end
  return field
end

--- Creates an identity with attributes; one that is there stays as it is. `Enabled` (default true)
--- and `Path`, its container, are no attributes.
---@param IdentityKey string
---@param Attributes? table<string, any>
---@return { Operation: string, IdentityKey: string, Changed: boolean }
function Mock:CreateIdentity(IdentityKey, Attributes)
  local key = check_key("CreateIdentity", IdentityKey)
  if self.store:find(key) then return result("CreateIdentity", key, false) end
  local attributes = mock_store.copy(Attributes or {})
  local enabled, container = take(attributes, "Enabled"), take(attributes, "Path")
  if enabled ~= nil and type(enabled) ~= "boolean" then
    errors.raise("input.parameter", ("CreateIdentity: Enabled must be true or false, got %s"):format(
      data.quote(enabled)))
  end
  if container ~= nil then mock_store.check_text("CreateIdentity", "Path", container) end
  local identity = self.store:obtain(key)
  identity.Enabled, identity.Container = enabled ~= false, container
  for _, name in ipairs(data.sorted_keys(attributes)) do set_attribute(identity, name, attributes[name]) end
  return result("CreateIdentity", key, true)
end

--- Sets one attribute; nil clears it. Makes the identity if it is not there.
---@param IdentityKey string
---@param Name        string
---@param Value       any
---@return { Operation: string, IdentityKey: string, Changed: boolean, Name: string, Value: any }
function Mock:EnsureAttribute(IdentityKey, Name, Value)
  local key = check_key("EnsureAttribute", IdentityKey)
  mock_store.check_text("EnsureAttribute", "Name", Name)
  local changed = set_attribute(self.store:obtain(key), Name, Value)
  local shown = not redact.is_secret_key(Name) and mock_store.copy(Value) or nil
  return result("EnsureAttribute", key, changed, { Name = Name, Value = shown })
end

-- Sets one field of an identity, which is made if it is not there.
local function ensure(self, operation, key, name, wanted, is_same)
  local identity = self.store:obtain(check_key(operation, key))
  local changed = not is_same(identity[name], wanted)
  if changed then identity[name] = wanted end
  return result(operation, key, changed)
end

---@param IdentityKey string
---@return { Operation: string, IdentityKey: string, Changed: boolean }
function Mock:DisableIdentity(IdentityKey)
  return ensure(self, "DisableIdentity", IdentityKey, "Enabled", false, rawequal)
end

---@param IdentityKey string
---@return { Operation: string, IdentityKey: string, Changed: boolean }
function Mock:EnableIdentity(IdentityKey)
  return ensure(self, "EnableIdentity", IdentityKey, "Enabled", true, rawequal)
end

local function same_container(a, b) return a ~= nil and fold.equal(a, b) end

---@param IdentityKey     string
---@param TargetContainer string
---@return { Operation: string, IdentityKey: string, Changed: boolean }
function Mock:MoveIdentity(IdentityKey, TargetContainer)
  check_key("MoveIdentity", IdentityKey)
  mock_store.check_text("MoveIdentity", "TargetContainer", TargetContainer)
  return ensure(self, "MoveIdentity", IdentityKey, "Container", TargetContainer, same_container)
end

---@param IdentityKey string
---@return { Operation: string, IdentityKey: string, Changed: boolean }
function Mock:DeleteIdentity(IdentityKey)
  local was_there = self.store:find(check_key("DeleteIdentity", IdentityKey)) ~= nil
  self.store:remove(IdentityKey)
  return result("DeleteIdentity", IdentityKey, was_there)
end

--- Always a change: whoever logs in again has a session again.
---@param IdentityKey string
---@return { Operation: string, IdentityKey: string, Changed: boolean }
function Mock:RevokeSessions(IdentityKey)
  self.store:obtain(check_key("RevokeSessions", IdentityKey))
  return result("RevokeSessions", IdentityKey, true)
end

--- Everything it holds, for specs and for a look after a trial run.
---@return table<string, idle.MockIdentity>  a copy
function Mock:Snapshot()
  return self.store:snapshot()
end

--- What an identity holds; nothing, if it is not there.
---@param IdentityKey  string
---@param AuthSession? any     not used
---@param Kind?        string  nil = of all kinds
---@return idle.Entitlement[]
function Mock:ListEntitlements(IdentityKey, AuthSession, Kind) -- luacheck: ignore AuthSession
  local identity = self.store:find(check_key("ListEntitlements", IdentityKey))
  return mock_entitlements.copy(identity and identity.Entitlements or {}, Kind)
end

local function identity_of(self, operation, key)
  local identity = self.store:find(check_key(operation, key))
  if identity then return identity end
  errors.raise("provider.not_found", ("%s: identity %s does not exist in the mock provider's store"):format(operation,
    data.quote(key)))
end

---@param IdentityKey string
---@param Entitlement idle.Entitlement
---@return { Operation: string, IdentityKey: string, Changed: boolean, Entitlement: idle.Entitlement }
function Mock:GrantEntitlement(IdentityKey, Entitlement)
  local held = identity_of(self, "GrantEntitlement", IdentityKey).Entitlements
  local wanted = mock_entitlements.read(Entitlement, "GrantEntitlement")
  local is_new = mock_entitlements.find(held, wanted) == nil
  if is_new then held[#held + 1] = { Kind = wanted.Kind, Id = wanted.Id } end
  return result("GrantEntitlement", IdentityKey, is_new, { Entitlement = wanted })
end

---@param IdentityKey string
---@param Entitlement idle.Entitlement
---@return { Operation: string, IdentityKey: string, Changed: boolean, Entitlement: idle.Entitlement }
function Mock:RevokeEntitlement(IdentityKey, Entitlement)
  local held = identity_of(self, "RevokeEntitlement", IdentityKey).Entitlements
  local unwanted = mock_entitlements.read(Entitlement, "RevokeEntitlement")
  if self.protected[fold.case(unwanted.Id)] then
    errors.raise("provider.refused", ("entitlement %s is protected and cannot be removed"):format(
      data.quote(unwanted.Id)))
  end
  local index = mock_entitlements.find(held, unwanted)
  if index then table.remove(held, index) end
  return result("RevokeEntitlement", IdentityKey, index ~= nil, { Entitlement = unwanted })
end

local function check_identity(identity, where)
  if type(identity.Enabled) ~= "boolean" then
    errors.raise("input.setup", ("%s: Enabled must be true or false, got %s"):format(where,
      data.quote(identity.Enabled)))
  end
  if not data.is_map(identity.Attributes) then
    errors.raise("input.setup", ("%s: Attributes must be a map, got %s"):format(where, data.kind(identity.Attributes)))
  end
  identity.Entitlements = mock_entitlements.read_all(identity.Entitlements, where)
end

local function read_protected(ids)
  local protected = {}
  for _, id in ipairs(data.items(ids)) do protected[fold.case(data.text(id))] = true end
  return protected
end

-- The store alone may stand for the options.
local function options_of(given)
  for _, name in ipairs(OPTIONS) do
    if type(given) == "table" and given[name] ~= nil then return given end
  end
  return { InitialStore = given }
end

--- Makes a provider.
---@param options? idle.MockOptions|table<string, idle.MockIdentity>  the latter is the initial store
---@return idle.MockProvider
return function(options)
  options = options_of(options)
  fields.check(options, OPTIONS, "mock")
  return setmetatable({
    store = mock_store.new({
      name = "mock", fields = RECORD_FIELDS, initial = options.InitialStore, new = new_identity, check = check_identity,
    }),
    protected = read_protected(options.ProtectedEntitlementIds),
  }, Mock)
end
