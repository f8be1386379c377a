--- IdLE.Step.PruneEntitlementsEnsureKeep: of a kind, an identity holds exactly the
--- entitlements in Keep. What is missing is granted first.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local prune = require("idle.steps.prune")

---@type idle.PruneSettings
local PRUNE = { word = "PruneEntitlementsEnsureKeep", keys = prune.KEYS, ensures_keep = true }

---@type idle.StepHandler
return function(context, with, step)
  if data.is_map(with) and select(2, data.get(with, "KeepPattern")) then
    errors.raise("input.with", PRUNE.word .. ": With.KeepPattern cannot be guaranteed, because a pattern names nothing "
      .. "that could be granted; list the entitlements in Keep, or use PruneEntitlements")
  end
  return prune.run(PRUNE, context, with, step)
end
