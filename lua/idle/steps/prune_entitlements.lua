--- IdLE.Step.PruneEntitlements: an identity holds nothing of a kind but what is to be kept.
--- Nothing is granted; without Keep and KeepPattern, everything of the kind is revoked.
---
--- What the system refuses to remove is skipped with a warning; `OnSkipped = "Fail"`
--- makes the step fail then, after it has tried all.
local prune = require("idle.steps.prune")

local keys = { prune.PATTERN_KEY, table.unpack(prune.KEYS) }

---@type idle.PruneSettings
local PRUNE = { word = "PruneEntitlements", keys = keys }

---@type idle.StepHandler
return function(context, with, step)
  return prune.run(PRUNE, context, with, step)
end
