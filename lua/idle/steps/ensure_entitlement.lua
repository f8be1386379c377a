--- IdLE.Step.EnsureEntitlement: an identity holds an entitlement, or does not.
local entitlements = require("idle.steps.entitlements")
local identity = require("idle.steps.identity")
local outcome = require("idle.steps.outcome")
local provider_call = require("idle.steps.provider_call")
local with = require("idle.steps.with")

local WORD = "EnsureEntitlement"

local function entitlement(v)
  return entitlements.read(WORD, "With.Entitlement", v)
end

local KEYS = {
  identity.KEY,
  { key = "Entitlement", read = entitlement, required = true },
  { key = "State", read = with.word({ "Present", "Absent" }), required = true },
}

local METHODS = { Present = "GrantEntitlement", Absent = "RevokeEntitlement" }

--- Runs the step.
---@param context idle.StepContext
---@param with_   table
---@param step    { Name: string, Type: string }
---@return idle.StepResult
local function ensure_entitlement(context, with_, step)
  local values = provider_call.read(WORD, with_, KEYS, identity.PROVIDER)
  local method = METHODS[values.State]
  local call = provider_call.open(context, WORD, values, { "ListEntitlements", method })
  local wanted = entitlements.resolve(call, values.Entitlement)
  local held = entitlements.find(entitlements.list(call, values.IdentityKey, wanted.Kind), wanted.Id) ~= nil
  if held == (values.State == "Present") then return outcome.completed(step, false) end
  local changed = call:changed(method, call:invoke(method, values.IdentityKey, wanted))
  -- A call that was needed and did not fail has changed something, unless it says otherwise.
  return outcome.completed(step, changed ~= false)
end

return ensure_entitlement
