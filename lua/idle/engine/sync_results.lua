--- What the results of a cycle's runs mean (DESIGN §6.2, outcome table; facts A.5).
local look_reader = require("idle.engine.sync_look")

local field = look_reader.field

local sync_results = {}

---@class idle.SyncReview
---@field failed?     idle.SyncRun  an AD import, a synchronization or the Entra export stopped
---@field exported?   idle.SyncRun  the Entra export, once it is over
---@field lost?       idle.SyncRun  one of these that was purged before it was seen to be over
---@field is_deciding boolean       one of these is not over
---@field is_running  boolean       some run is not over
---@field has_export  boolean       an Entra export has begun
---@field is_written_back boolean   the AD export of every connector that imported is over
---@field unsynced?   idle.SyncRun  an AD import that no synchronization followed
---@field noted       idle.SyncRun[]  over, but not all went well

local FINE = { ["success"] = true, ["completed-no-objects"] = true, ["completed-transient-objects"] = true }

--- What the result of a run that is over says. One that nobody knows is no success.
---@param result string
---@return "ok"|"noted"|"failed"
function sync_results.class_of(result)
  if FINE[result] then return "ok" end
  return result:find("^completed%-") and "noted" or "failed"
end

-- Writeback to AD and the import from Entra do not stop a change on its way to Entra.
local function is_decisive(run)
  if run.act == "import" then return run.kind == "ad" end
  if run.act == "export" then return run.kind == "entra" end
  return run.act == "sync"
end

local function look_at_unfinished(review, run)
  if run.is_gone then
    review.lost = review.lost or (is_decisive(run) and run or nil)
  else
    review.is_running = true
    review.is_deciding = review.is_deciding or is_decisive(run)
  end
end

local function look_at(review, run, written)
  if not run.is_complete then return look_at_unfinished(review, run) end
  local class = sync_results.class_of(run.result)
  if class == "failed" and is_decisive(run) then
    review.failed = review.failed or run
  elseif class ~= "ok" and run.act ~= nil then
    review.noted[#review.noted + 1] = run
  end
  if run.kind == "ad" and run.act == "export" then written[run.connector] = true end
end

--- Looks over the runs of a cycle.
---@param cycle idle.SyncCycle
---@return idle.SyncReview
function sync_results.review(cycle)
  local review, written = {
    has_export = cycle.exports[1] ~= nil, is_running = false, is_deciding = false, is_written_back = true, noted = {},
  }, {}
  for _, run in ipairs(cycle.runs) do look_at(review, run, written) end
  local last = cycle.exports[#cycle.exports]
  review.exported = last and last.is_complete and last or nil
  for connector, import in pairs(cycle.imports) do
    if not written[connector] then review.is_written_back = false end
    local first = review.unsynced
    if not cycle.syncs[connector] and not (first and first.connector < connector) then review.unsynced = import end
  end
  return review
end

local ADVICE = {
  { "^stopped%-deletion%-threshold%-exceeded$", "threshold",
    "more deletions are staged than the threshold allows, and nothing is exported until somebody decides: review them, "
    .. "then let them pass once (Disable-ADSyncExportDeletionThreshold) or bring the objects back" },
  { "^stopped%-error%-limit$", "data",
    "too many objects have errors: repair them in the source, the run log names them" },
  { "^stopped%-user%-termination", "stopped", "somebody stopped the run on the server: ask them, then start again" },
  { "^stopped%-database", "connectivity",
    "the sync service lost its database: an administrator of the server must look at it, then start again" },
  { "^stopped%-server%-down$", "connectivity",
    "the connected directory went away: check its servers and the network, then start again" },
  { "^no%-start%-server%-down$", "connectivity",
    "the connected directory cannot be reached: check its servers and the network, then start again" },
  { "^no%-start%-connection$", "connectivity",
    "the connected directory cannot be reached: check its servers and the network, then start again" },
  { "^no%-start%-credentials$", "access",
    "the connector's own account is refused: an administrator of the server must renew its password or rights" },
  { "^no%-start%-ma%-already%-running$", "busy", "the connector was running already: start again when it is free" },
  { "^no%-start%-ma%-update%-in%-progress$", "busy",
    "the connector was being reconfigured: start again when that is over" },
}

--- Who must do what about a result that stopped a cycle.
---@param result string
---@return string class   busy, connectivity, access, data, threshold, stopped or unknown (facts, rule 12)
---@return string advice
function sync_results.advice(result)
  for _, entry in ipairs(ADVICE) do
    if result:find(entry[1]) then return entry[2], entry[3] end
  end
  return "unknown", "an administrator of the server must look at this run in Synchronization Service Manager"
end

local MAX_DEPTH = 12

-- The lists of failed objects lie at different depths in different versions of
-- the module; whatever names an object is one.
local function collect_objects(v, found, depth)
  if type(v) ~= "table" or depth > MAX_DEPTH then return end
  local dn = field(v, "ObjectDn")
  if type(dn) == "string" then
    found[#found + 1] = { ObjectDn = dn, ErrorType = field(v, "ErrorType") }
    return
  end
  for _, child in pairs(v) do collect_objects(child, found, depth + 1) end
end

local function steps_of(run)
  local steps = field(run.raw, "RunStepResults")
  if type(steps) ~= "table" then return {} end
  return (steps.StepNumber ~= nil or steps.StepResult ~= nil) and { steps } or steps
end

--- Whether the entry brought its steps along, which hold counts and failed objects.
---@param run idle.SyncRun
---@return boolean
function sync_results.has_steps(run)
  return next(steps_of(run)) ~= nil
end

--- The objects of a run that failed.
---@param run idle.SyncRun
---@return { ObjectDn: string, ErrorType?: string }[]
function sync_results.failed_objects(run)
  local found = {}
  for _, step in ipairs(steps_of(run)) do collect_objects(step, found, 0) end
  table.sort(found, function(a, b)
    if a.ObjectDn ~= b.ObjectDn then return a.ObjectDn < b.ObjectDn end
    return tostring(a.ErrorType) < tostring(b.ErrorType)
  end)
  return found
end

local COUNTERS = { "Add", "Update", "Rename", "Delete", "DeleteAdd", "Failure" }

--- Adds up the counters of runs: `{ Add, Update, Rename, Delete, DeleteAdd, Failure, Total }`,
--- where the total is what went through.
---@param runs   idle.SyncRun[]
---@param prefix "Stage"|"Export"
---@return table<string, integer>?  nil = the entries hold no counters
function sync_results.counts(runs, prefix)
  local counts, has_any = { Total = 0 }, false
  for _, name in ipairs(COUNTERS) do counts[name] = 0 end
  for _, run in ipairs(runs) do
    for _, step in ipairs(steps_of(run)) do
      for _, name in ipairs(COUNTERS) do
        local count = math.tointeger(field(step, prefix .. name))
        if count then
          has_any, counts[name] = true, counts[name] + count
          if name ~= "Failure" then counts.Total = counts.Total + count end
        end
      end
    end
  end
  return has_any and counts or nil
end

return sync_results
