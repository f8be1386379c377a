--- Grants or revokes many entitlements: all in one call where the provider can do that, else one by one.
local data = require("idle.engine.data")
local entitlements = require("idle.steps.entitlements")
local errors = require("idle.engine.errors")
local value = require("idle.engine.value")

local prune_calls = {}

---@alias idle.PruneReport fun(id: string, changed: boolean?, raised: any)  `raised` is nil for a call that succeeded

-- These come from the way to the system, not from an entitlement, so the next one would meet them again.
local OF_THE_WAY = {
  "^ssh%.", "^session%.", "^secret%.", "^input%.", "^process%.", "^remote%.protocol", "^remote%.too_large",
  "^remote%.setup", "^timeout$", "^internal$",
}

--- Whether an error is about one entitlement alone, which the system refuses to remove. What may
--- succeed later is not: the step is repeated then.
---@param raised any
---@return boolean
function prune_calls.is_refusal(raised)
  local err = errors.from(raised)
  return not (err.transient or err.effect == "applied" or errors.has_kind(err, OF_THE_WAY))
end

local function never() return false end

local GRANT = { single = "GrantEntitlement", bulk = "BulkGrantEntitlements", may_go_on = never }
local REVOKE = { single = "RevokeEntitlement", bulk = "BulkRevokeEntitlements", may_go_on = prune_calls.is_refusal }

local function one_by_one(operation, call, key, items, report)
  for _, item in ipairs(items) do
    local ok, answer = pcall(function()
      return call:changed(operation.single, call:invoke(operation.single, key, item.Entry or item))
    end)
    if ok then
      report(item.Id, answer, nil)
    else
      errors.pass_interruption(answer)
      report(item.Id, nil, answer)
      if not operation.may_go_on(answer) then return end
    end
  end
end

local function report_result(operation, call, result, id, report)
  local problem = data.get(result, "Error")
  if data.is_blank(problem) or problem == false then
    report(id, call:changed(operation.bulk, result), nil)
  else
    report(id, nil, errors.from(problem))
  end
end

-- Every item gets a report. What the answer does not mention is not known to be done.
local function at_once(operation, call, key, items, report)
  local entries = value.list()
  for index, item in ipairs(items) do entries[index] = item.Entry or item end
  local answer = call:invoke(operation.bulk, key, entries)
  local results = {}
  for _, result in ipairs(data.items(answer)) do
    local entitlement = data.is_map(result) and data.get(result, "Entitlement")
    local id = data.is_map(entitlement) and data.get(entitlement, "Id")
    if id then results[#results + 1] = { Id = data.text(id), result = result } end
  end
  for _, item in ipairs(items) do
    local found = entitlements.find(results, item.Id)
    if found then
      report_result(operation, call, found.result, item.Id, report)
    else
      report(item.Id, nil, errors.new("provider.failed", ("%s did not say what became of it"):format(operation.bulk)))
    end
  end
end

local function carry_out(operation, call, key, items, report)
  if #items == 0 then return end
  local how = call:has(operation.bulk) and at_once or one_by_one
  how(operation, call, key, items, report)
end

--- Grants entitlements. One by one, the first failure is the last call.
---@param call   idle.ProviderCall
---@param key    string  of the identity
---@param items  idle.Entitlement[]
---@param report idle.PruneReport
function prune_calls.grant(call, key, items, report)
  carry_out(GRANT, call, key, items, report)
end

--- Revokes entitlements. One by one, a refusal does not keep the next one from being tried.
---@param call   idle.ProviderCall
---@param key    string  of the identity
---@param items  idle.ListedEntitlement[]
---@param report idle.PruneReport
function prune_calls.revoke(call, key, items, report)
  carry_out(REVOKE, call, key, items, report)
end

return prune_calls
