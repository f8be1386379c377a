--- What is known of the built-in step types: the capabilities they require, the
--- keys of their `With`, and the provider they use if they name none (contracts §5.1).

local function step(provider, capabilities, required, optional)
  local keys = { "Provider", "AuthSessionName", "AuthSessionOptions" }
  table.move(optional or {}, 1, #(optional or {}), #keys + 1, keys)
  return {
    RequiredCapabilities = capabilities,
    WithSchema = { RequiredKeys = required, OptionalKeys = keys },
    DefaultProvider = provider,
  }
end

local function identity(...) return step("Identity", ...) end
local function mailbox(...) return step("ExchangeOnline", ...) end

local common = {
  ["IdLE.Step.EmitEvent"] = step(nil, {}, {}, { "Message" }),
  ["IdLE.Step.CreateIdentity"] = identity({ "IdLE.Identity.Create" }, { "IdentityKey", "Attributes" }),
  ["IdLE.Step.DisableIdentity"] = identity({ "IdLE.Identity.Disable" }, { "IdentityKey" }),
  ["IdLE.Step.EnableIdentity"] = identity({ "IdLE.Identity.Enable" }, { "IdentityKey" }),
  ["IdLE.Step.DeleteIdentity"] = identity({ "IdLE.Identity.Delete" }, { "IdentityKey" }),
  ["IdLE.Step.MoveIdentity"] = identity({ "IdLE.Identity.Move" }, { "IdentityKey", "TargetContainer" }),
  ["IdLE.Step.EnsureAttributes"] = identity({ "IdLE.Identity.Attribute.Ensure" }, { "IdentityKey", "Attributes" }),
  ["IdLE.Step.EnsureEntitlement"] = identity(
    { "IdLE.Entitlement.List", "IdLE.Entitlement.Grant", "IdLE.Entitlement.Revoke" },
    { "IdentityKey", "Entitlement", "State" }),
  ["IdLE.Step.RevokeIdentitySessions"] = identity({ "IdLE.Identity.RevokeSessions" }, { "IdentityKey" }),
  ["IdLE.Step.PruneEntitlements"] = identity(
    { "IdLE.Entitlement.Prune", "IdLE.Entitlement.List", "IdLE.Entitlement.Revoke" },
    { "IdentityKey", "Kind" }, { "Keep", "KeepPattern", "OnSkipped" }),
  ["IdLE.Step.PruneEntitlementsEnsureKeep"] = identity(
    { "IdLE.Entitlement.Prune", "IdLE.Entitlement.List", "IdLE.Entitlement.Revoke", "IdLE.Entitlement.Grant" },
    { "IdentityKey", "Kind" }, { "Keep", "OnSkipped" }),
}

local directory_sync = {
  ["IdLE.Step.TriggerDirectorySync"] = {
    RequiredCapabilities = { "IdLE.DirectorySync.Trigger", "IdLE.DirectorySync.Status" },
    WithSchema = {
      RequiredKeys = { "AuthSessionName", "PolicyType" },
      OptionalKeys = { "Provider", "AuthSessionOptions", "Wait", "TimeoutSeconds", "PollIntervalSeconds",
        "ComputerName", "OnBusy", "SettleSeconds", "Until", "AllowDisabled", "Expect", "Baseline" },
    },
    DefaultProvider = "DirectorySync",
  },
}

local mailboxes = {
  ["IdLE.Step.Mailbox.GetInfo"] = mailbox({ "IdLE.Mailbox.Info.Read" }, { "IdentityKey" }),
  ["IdLE.Step.Mailbox.EnsureType"] = mailbox({ "IdLE.Mailbox.Info.Read", "IdLE.Mailbox.Type.Ensure" },
    { "IdentityKey", "MailboxType" }),
  ["IdLE.Step.Mailbox.EnsureOutOfOffice"] = mailbox({ "IdLE.Mailbox.Info.Read", "IdLE.Mailbox.OutOfOffice.Ensure" },
    { "IdentityKey", "Config" }),
  ["IdLE.Step.Mailbox.EnsurePermissions"] = mailbox({ "IdLE.Mailbox.Info.Read", "IdLE.Mailbox.Permissions.Ensure" },
    { "IdentityKey", "Permissions" }),
}

---@class idle.StepPack
---@field name  string
---@field steps table<string, table>  metadata by step type

--- The built-in step packs, in the order of their names.
---@type idle.StepPack[]
return {
  { name = "IdLE.Steps.Common", steps = common },
  { name = "IdLE.Steps.DirectorySync", steps = directory_sync },
  { name = "IdLE.Steps.Mailbox", steps = mailboxes },
}
