--- From a step type to the function that runs it.
local errors = require("idle.engine.errors")
local parameter = require("idle.engine.parameter")
local suggest = require("idle.engine.suggest")

local step_types = {}

---@alias idle.StepHandler fun(context: idle.StepContext, with: table, step: { Name: string, Type: string }): table?

local BUILT_IN = {
  ["IdLE.Step.CreateIdentity"] = "idle.steps.create_identity",
  ["IdLE.Step.DeleteIdentity"] = "idle.steps.delete_identity",
  ["IdLE.Step.DisableIdentity"] = "idle.steps.disable_identity",
  ["IdLE.Step.EmitEvent"] = "idle.steps.emit_event",
  ["IdLE.Step.EnableIdentity"] = "idle.steps.enable_identity",
  ["IdLE.Step.EnsureAttributes"] = "idle.steps.ensure_attributes",
  ["IdLE.Step.EnsureEntitlement"] = "idle.steps.ensure_entitlement",
  ["IdLE.Step.Mailbox.EnsureOutOfOffice"] = "idle.steps.mailbox_ensure_out_of_office",
  ["IdLE.Step.Mailbox.EnsurePermissions"] = "idle.steps.mailbox_ensure_permissions",
  ["IdLE.Step.Mailbox.EnsureType"] = "idle.steps.mailbox_ensure_type",
  ["IdLE.Step.Mailbox.GetInfo"] = "idle.steps.mailbox_get_info",
  ["IdLE.Step.MoveIdentity"] = "idle.steps.move_identity",
  ["IdLE.Step.PruneEntitlements"] = "idle.steps.prune_entitlements",
  ["IdLE.Step.PruneEntitlementsEnsureKeep"] = "idle.steps.prune_entitlements_ensure_keep",
  ["IdLE.Step.RevokeIdentitySessions"] = "idle.steps.revoke_identity_sessions",
  ["IdLE.Step.TriggerDirectorySync"] = "idle.steps.trigger_directory_sync",
}

local function find(map, type_name)
  if map[type_name] ~= nil then return map[type_name], type_name end
  for name, entry in pairs(map) do
    if tostring(name):lower() == type_name:lower() then return entry, name end
  end
end

local function all_names(registry)
  local names = {}
  for name in pairs(BUILT_IN) do names[#names + 1] = name end
  for name in pairs(registry) do names[#names + 1] = tostring(name) end
  table.sort(names)
  return names
end

-- People also write the last word alone.
local function nearest(type_name, names)
  return suggest.nearest(type_name, names) or suggest.nearest("IdLE.Step." .. type_name, names)
end

--- Finds the handler of a step type, whatever its case.
---@param type_name string
---@param registry? table<string, idle.StepHandler>  `Providers.StepRegistry`: types of the script's own
---@return idle.StepHandler handler
---@return string type_name  as it is spelled
function step_types.find(type_name, registry)
  local own, own_name = find(registry or {}, type_name)
  if own then
    if type(own) == "function" then return own, own_name end
    errors.raise("input.setup", ("StepRegistry: '%s' must be a function, got %s"):format(own_name, parameter.kind(own)))
  end
  local module, name = find(BUILT_IN, type_name)
  if module then return require(module), name end
  local meant = nearest(type_name, all_names(registry or {}))
  errors.raise("input.workflow", ("unknown step type '%s'%s"):format(errors.escape(type_name),
    meant and ("; did you mean '%s'?"):format(meant) or ""))
end

return step_types
