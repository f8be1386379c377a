--- The run history as Get-ADSyncRunProfileResult shows it, with counters and per-object errors.
local clr = require("idle.sim.clr")
local moment = require("idle.sim.moment")
local null = require("idle.json").null
local texts = require("idle.sim.texts")
local timeline = require("idle.sim.timeline")
local value = require("idle.engine.value")

local history = {}

local TYPES = texts.object_namespace

-- The counters of a step, in the order of the real object. All are zero unless something happened.
local COUNTERS = {
  "StageNoChange", "StageAdd", "StageUpdate", "StageRename", "StageDelete", "StageDeleteAdd", "StageFailure",
  "FlowFailure", "ExportAdd", "ExportUpdate", "ExportRename", "ExportDelete", "ExportDeleteAdd", "ExportFailure",
}

-- What the change that is being carried counts as, run by run.
local COUNTS = {
  ["AD Import"] = { StageAdd = 1, StageUpdate = 2 },
  ["Entra Export"] = { ExportAdd = 1, ExportUpdate = 2 },
  ["AD Export"] = { ExportUpdate = 1 },
}
local NO_COUNTS = {}

-- Ids that never change: the same run has the same id in every look and every process.
local function guid(first, second)
  return ("%08x-%04x-4%03x-8%03x-%012x"):format(first >> 16 & 0xFFFFFFFF, first & 0xFFFF, second & 0xFFF,
    second >> 12 & 0xFFF, first & 0xFFFFFFFFFFFF)
end

local sums = {} -- of the names of runs, profiles and connectors: there are few

local function sum_of(text)
  if sums[text] then return sums[text] end
  local sum = 0
  for index = 1, #text do sum = (sum * 31 + text:byte(index)) & 0xFFFFFF end
  sums[text] = sum
  return sum
end

---@param connector "ad"|"entra"
---@param name      string  of the run profile
---@return string guid
function history.profile_id(connector, name)
  return guid(sum_of(connector) << 24 | sum_of(name), sum_of(name))
end

local function run_id(entry)
  local run = entry.run
  run.id = run.id or guid(entry.cycle.at_ms, sum_of(run.name))
  return run.id
end

local function profile_name(entry)
  if entry.run.kind == "Export" then return "Export" end
  return (entry.cycle.policy == "Initial" and "Full " or "Delta ") .. entry.run.kind
end

local function has_object_errors(run)
  return run.result:find("^completed%-.*errors$") ~= nil
end

local function counts_of(entry)
  local run, is_stopped = entry.run, entry.run.result:find("^stopped%-") or entry.run.result:find("^no%-start%-")
  if entry.cycle.by == "past" or not entry.is_complete or is_stopped then return NO_COUNTS end
  if not has_object_errors(run) then return COUNTS[run.name] or NO_COUNTS end
  local failure = ({ Import = "StageFailure", Synchronization = "FlowFailure", Export = "ExportFailure" })[run.kind]
  local counts = { [failure] = 1 }
  for name, count in pairs(COUNTS[run.name] or NO_COUNTS) do counts[name] = count end
  return counts
end

local function error_list(context, entry)
  local object = texts.failed_object
  if not entry.is_complete or not has_object_errors(entry.run) then return value.list() end
  return value.list({ clr.object(TYPES .. "RunStepErrorObject", {
    { "ObjectDn", object.dn },
    { "CsGuid", clr.guid(object.cs_guid) },
    { "DateOccurred", clr.date(moment.date(context:server_ms(entry.run.end_ms))) },
    { "RetryCount", 0 },
    { "ErrorType", object.error_type[entry.run.kind] },
    { "CdError", object.cd_error },
  }) })
end

local function end_date(context, entry)
  return entry.is_complete and clr.date(moment.date(context:server_ms(entry.run.end_ms))) or clr.null
end

local function connection_text(entry)
  local is_failed = entry.is_complete and entry.run.result:find("connection") or entry.run.result:find("server%-down")
  return is_failed and "<connection-result>failed-connection</connection-result>" or clr.null
end

local function step(context, entry)
  local result = entry.is_complete and entry.run.result or "in-progress"
  local properties = {
    { "RunHistoryId", clr.guid(run_id(entry)) },
    { "StepHistoryId", clr.guid(guid(entry.run.start_ms, 1)) },
    { "StepNumber", 1 },
    { "StepResult", result },
    { "StartDate", clr.date(moment.date(context:server_ms(entry.run.start_ms))) },
    { "EndDate", end_date(context, entry) },
  }
  local counts = counts_of(entry)
  for _, name in ipairs(COUNTERS) do properties[#properties + 1] = { name, counts[name] or 0 } end
  local errors_of_step = clr.object(TYPES .. "RunStepResultSyncErrors", {
    { "SyncErrorsXml", clr.null }, { "SyncErrorsList", error_list(context, entry) },
  })
  properties[#properties + 1] = { "ConnectorConnectionInformationXml", connection_text(entry) }
  properties[#properties + 1] = { "ConnectorDiscoveryErrors", clr.null }
  properties[#properties + 1] = { "SyncErrors", errors_of_step }
  properties[#properties + 1] = { "MvRetryErrors", clr.null }
  return clr.object(TYPES .. "RunStepResult", properties)
end

local COLUMNS = {
  type = TYPES .. "RunProfileResult",
  { "RunHistoryId", clr.guid },
  { "ConnectorId", clr.guid },
  { "ConnectorName" },
  { "RunProfileId", clr.guid },
  { "RunProfileName" },
  { "RunNumber" },
  { "Username" },
  { "IsRunComplete" },
  { "Result" },
  { "CurrentStepNumber" },
  { "TotalSteps" },
  { "StartDate", clr.date },
  { "EndDate", clr.date },
  { "RunStepResults" },
}

local function result(context, entry, has_details)
  local run = entry.run
  local known = texts.connectors[run.connector]
  local profile = profile_name(entry)
  return clr.row(COLUMNS, {
    run_id(entry),
    known.id,
    known.name,
    history.profile_id(run.connector, profile),
    profile,
    run.number,
    texts.server.run_as,
    entry.is_complete,
    entry.is_complete and run.result or "in-progress",
    1,
    1,
    moment.date(context:server_ms(run.start_ms)),
    entry.is_complete and moment.date(context:server_ms(run.end_ms)) or null,
    has_details and value.list({ step(context, entry) }) or null,
  }, has_details and "RunStepResults" or nil)
end

local function is_wanted(entry, arguments)
  local run = entry.run
  return (not arguments.RunHistoryId or arguments.RunHistoryId == run_id(entry))
    and (not arguments.ConnectorId or arguments.ConnectorId == texts.connectors[run.connector].id)
    and (not arguments.RunProfileId or arguments.RunProfileId == history.profile_id(run.connector, profile_name(entry)))
    and (not arguments.RunNumber or arguments.RunNumber == run.number)
end

local function choose(context, arguments)
  local limit, found = arguments.NumberRequested or math.huge, {}
  for run, cycle, is_complete in timeline.history(context.options, context.cycles, context.now_ms) do
    if #found >= limit then break end
    local entry = { run = run, cycle = cycle, is_complete = is_complete }
    if is_wanted(entry, arguments) then found[#found + 1] = result(context, entry, arguments.RunStepDetails) end
  end
  return found
end

-- A run shows the same until it is over, and from then on, and is asked for with every look.
local function shown(context, run, cycle, is_complete)
  local key = is_complete and "shown_complete" or "shown_open"
  run[key] = run[key] or result(context, { run = run, cycle = cycle, is_complete = is_complete }, false)
  return run[key]
end

local function newest(context, limit)
  local found = clr.rows(COLUMNS, value.list())
  for run, cycle, is_complete in timeline.history(context.options, context.cycles, context.now_ms) do
    if #found >= limit then break end
    found[#found + 1] = shown(context, run, cycle, is_complete)
  end
  return found
end

-- Most looks show what the last one did.
local function is_current(kept, context, limit)
  return kept and kept.limit == limit and kept.cycles == context.cycles and kept.count == #context.cycles
    and kept.from_ms <= context.now_ms and context.now_ms < kept.until_ms
end

--- The entries that were asked for, newest first.
---@param context   table  idle.SimContext
---@param arguments table  of Get-ADSyncRunProfileResult
---@return idle.ClrValue[]
function history.results(context, arguments)
  local limit = arguments.NumberRequested
  if not limit or next(arguments, next(arguments)) ~= nil then return choose(context, arguments) end
  if not is_current(context.kept.history, context, limit) then
    context.kept.history = {
      limit = limit, cycles = context.cycles, count = #context.cycles, from_ms = context.now_ms,
      until_ms = timeline.history_changes_ms(context.options, context.cycles, context.now_ms),
      list = newest(context, limit),
    }
  end
  return context.kept.history.list
end

return history
