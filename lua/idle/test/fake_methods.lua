--- The methods that a capability stands for (contracts §15), and what a fake answers where nothing is scripted:
--- what any step can go on with.
local capabilities = require("idle.engine.capabilities")
local fold = require("idle.engine.fold")
local value = require("idle.engine.value")

local fake_methods = {}

---@alias idle.test.DefaultAnswer fun(fake: table, name: string, ...): any

---@type table<string, table<string, idle.test.DefaultAnswer>>  by capability and method
local OF_CAPABILITY = {}

local function changed(_, name, key)
  return { Operation = name, IdentityKey = key, Changed = true }
end

for capability, method in pairs({
  ["IdLE.Identity.Create"] = "CreateIdentity",
  ["IdLE.Identity.Delete"] = "DeleteIdentity",
  ["IdLE.Identity.Disable"] = "DisableIdentity",
  ["IdLE.Identity.Enable"] = "EnableIdentity",
  ["IdLE.Identity.Move"] = "MoveIdentity",
  ["IdLE.Identity.RevokeSessions"] = "RevokeSessions",
  ["IdLE.Identity.Attribute.Ensure"] = "EnsureAttribute",
  ["IdLE.Entitlement.Grant"] = "GrantEntitlement",
  ["IdLE.Entitlement.Revoke"] = "RevokeEntitlement",
  ["IdLE.Mailbox.Type.Ensure"] = "EnsureMailboxType",
  ["IdLE.Mailbox.OutOfOffice.Ensure"] = "EnsureOutOfOffice",
  ["IdLE.Mailbox.Permissions.Ensure"] = "EnsureMailboxPermissions",
}) do
  OF_CAPABILITY[capability] = { [method] = changed }
end

-- Says that it may prune; the steps then grant and revoke.
OF_CAPABILITY["IdLE.Entitlement.Prune"] = {}

OF_CAPABILITY["IdLE.Identity.Read"] = {
  GetIdentity = function(_, _, key) return { IdentityKey = key, Enabled = true, Attributes = {} } end,
}
OF_CAPABILITY["IdLE.Identity.List"] = { ListIdentities = function() return value.list() end }
OF_CAPABILITY["IdLE.Entitlement.List"] = { ListEntitlements = function() return value.list() end }

OF_CAPABILITY["IdLE.Mailbox.Info.Read"] = {
  GetMailbox = function(_, _, key)
    return { IdentityKey = key, PrimarySmtpAddress = key, UserPrincipalName = key, DisplayName = key, Type = "User",
             RecipientType = "UserMailbox", RecipientTypeDetails = "UserMailbox" }
  end,
  GetOutOfOffice = function() return { Mode = "Disabled" } end,
}

-- A wait for a sync believes nothing but a run history, so that of a simulated server stands behind these.
local function simulated(fake)
  if not fake.sync then
    local session = require("idle.sim.sync_server")():session()
    fake.sync = { provider = require("idle.providers.entra_connect")(), session = session }
  end
  return fake.sync.provider, fake.sync.session
end

OF_CAPABILITY["IdLE.DirectorySync.Trigger"] = {
  StartSyncCycle = function(fake, _, policy_type)
    local provider, session = simulated(fake)
    return provider:StartSyncCycle(policy_type, session)
  end,
}
OF_CAPABILITY["IdLE.DirectorySync.Status"] = {
  GetSyncCycleState = function(fake)
    local provider, session = simulated(fake)
    return provider:GetSyncCycleState(session)
  end,
}

--- Whether a method answers whether it changed something.
---@param default? idle.test.DefaultAnswer
---@return boolean
function fake_methods.tells_change(default) return default == changed end

--- The capabilities whose methods are known, sorted.
---@return string[]
function fake_methods.capabilities()
  local names = {}
  for name in pairs(OF_CAPABILITY) do names[#names + 1] = name end
  return capabilities.sorted(names)
end

--- The methods of some capabilities with their default answers; one that is not known has none.
---@param ids string[]
---@return table<string, idle.test.DefaultAnswer>
function fake_methods.of(ids)
  local methods = {}
  for capability, own in pairs(OF_CAPABILITY) do
    for _, id in ipairs(ids) do
      if fold.equal(id, capability) then
        for name, default in pairs(own) do methods[name] = default end
      end
    end
  end
  return methods
end

return fake_methods
