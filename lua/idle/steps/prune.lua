--- What IdLE.Step.PruneEntitlements and …EnsureKeep do (contracts §14.4): an identity
--- loses all entitlements of a kind, except those to keep.
---
--- What is guaranteed is granted before anything is revoked, so that an identity never
--- lacks it because a removal failed (W-23).
local entitlements = require("idle.steps.entitlements")
local errors = require("idle.engine.errors")
local identity = require("idle.steps.identity")
local outcome = require("idle.steps.outcome")
local provider_call = require("idle.steps.provider_call")
local prune_calls = require("idle.steps.prune_calls")
local prune_keep = require("idle.steps.prune_keep")
local value = require("idle.engine.value")
local with = require("idle.steps.with")

local prune = {}

---@class idle.Prune  one execution
---@field package word    string
---@field package context idle.StepContext
---@field package step    { Name: string, Type: string }
---@field package values  table
---@field package call    idle.ProviderCall
---@field package skipped { EntitlementId: string, Reason: string }[]
---@field package changed boolean
---@field package has_acted boolean  something was changed, or may have been
---@field package is_unsure boolean  of something skipped, nobody said that it was left as it is
---@field package failure? any       the first error that ends the step
local Prune = {}
Prune.__index = Prune

-- What it takes is read by prune_keep.
local function anything(v) return v end

---@type idle.WithKey[]
prune.KEYS = {
  identity.KEY,
  { key = "Kind", read = with.name, required = true },
  { key = "Keep", read = anything },
  { key = "OnSkipped", read = with.word({ "Warn", "Fail" }), default = "Warn" },
}

--- Of the step that guarantees nothing.
---@type idle.WithKey
prune.PATTERN_KEY = { key = "KeepPattern", read = anything }

function Prune:write(type_name, message, fields)
  fields.Kind = self.values.Kind
  self.context.EventSink:WriteEvent(type_name, ("%s: %s"):format(self.word, message), self.step.Name, fields)
end

function Prune:announce(kept, superfluous)
  self:write("Information", ("keeps %d and removes %d of kind '%s'"):format(#kept, #superfluous,
    errors.escape(self.values.Kind)), { KeepCount = #kept, PruneCount = #superfluous })
end

function Prune:note(verb, id, changed)
  self.has_acted = self.has_acted or changed ~= false
  self:write("Information", ("%s '%s'"):format(verb, errors.escape(id)), { EntitlementId = id })
end

function Prune:skip(id, raised)
  local err = errors.from(raised)
  local reason = tostring(err)
  self.is_unsure = self.is_unsure or err.effect ~= "none"
  self.skipped[#self.skipped + 1] = { EntitlementId = id, Reason = reason }
  self:write("Warning", ("'%s' was not removed: %s"):format(errors.escape(id), reason),
    { EntitlementId = id, Reason = reason })
end

function Prune:granted(id, changed, raised)
  if raised ~= nil then
    self.failure = self.failure or raised
    return
  end
  -- A call that was needed and did not fail has changed something, unless it says otherwise.
  self.changed = self.changed or changed ~= false
  self:note("granted", id, changed)
end

function Prune:revoked(id, changed, raised)
  if raised == nil then
    self.changed = self.changed or changed == true
    self:note("revoked", id, changed)
  elseif prune_calls.is_refusal(raised) then
    self:skip(id, raised)
  else
    self.failure = self.failure or raised
  end
end

function Prune:fail(raised)
  if not self.has_acted then error(raised, 0) end
  error(outcome.after_changes(raised, { Changed = self.changed, Skipped = self.skipped }), 0)
end

-- `how` grants or revokes; `report` is the method that hears what became of each item.
function Prune:carry_out(how, items, report)
  local ok, raised = pcall(how, self.call, self.values.IdentityKey, items, function(...) report(self, ...) end)
  if not ok then self:fail(raised) end
  if self.failure ~= nil then self:fail(self.failure) end
end

function Prune:finish()
  local first = self.skipped[1]
  if first and self.values.OnSkipped == "Fail" then
    self:fail(errors.new("step.failed", ("%s: entitlements that were not removed: %d; '%s': %s"):format(self.word,
      #self.skipped, errors.escape(first.EntitlementId), first.Reason),
      { effect = self.is_unsure and "unknown" or "none", data = { Changed = self.changed, Skipped = self.skipped } }))
  end
  local result = outcome.completed(self.step, self.changed)
  result.Skipped = self.skipped
  return result
end

local function methods_of(settings)
  local methods = { "ListEntitlements", "RevokeEntitlement" }
  if settings.ensures_keep then methods[#methods + 1] = "GrantEntitlement" end
  return methods
end

---@class idle.PruneSettings
---@field word          string
---@field keys          idle.WithKey[]
---@field ensures_keep? boolean  what is to be kept is granted if it is missing

--- Runs such a step.
---@param settings idle.PruneSettings
---@param context  idle.StepContext
---@param raw      table  With
---@param step     { Name: string, Type: string }
---@return idle.StepResult  Skipped: what could not be removed, and why
function prune.run(settings, context, raw, step)
  local values = provider_call.read(settings.word, raw, settings.keys, identity.PROVIDER)
  local keep = prune_keep.read(settings.word, values)
  local call = provider_call.open(context, settings.word, values, methods_of(settings))
  local self = setmetatable({ word = settings.word, context = context, step = step, values = values, call = call,
    skipped = value.list(), changed = false, has_acted = false, is_unsure = false }, Prune)
  keep:resolve(call)
  local held = entitlements.list(call, values.IdentityKey, values.Kind)
  local kept, superfluous = keep:divide(held)
  self:announce(kept, superfluous)
  if settings.ensures_keep then self:carry_out(prune_calls.grant, keep:missing_in(held), self.granted) end
  self:carry_out(prune_calls.revoke, superfluous, self.revoked)
  return self:finish()
end

return prune
