--- The commands of the ADSync module, as far as a directory sync needs them.
local binder = require("idle.sim.binder")
local clr = require("idle.sim.clr")
local history = require("idle.sim.history")
local moment = require("idle.sim.moment")
local records = require("idle.sim.records")
local texts = require("idle.sim.texts")
local timeline = require("idle.sim.timeline")
local value = require("idle.engine.value")

---@type table<string, idle.SimCommand>
local adsync = {}

local TYPES = texts.object_namespace
local POLICY_TYPES = { "Unspecified", "Delta", "Initial" }
local POLICY_TYPE = TYPES .. "SynchronizationPolicyType"

local function policy(name)
  for number, policy_name in ipairs(POLICY_TYPES) do
    if policy_name == name then return clr.enum(POLICY_TYPE, name, number - 1) end
  end
end

-- Every command talks to the service over COM, which asks for the caller's groups.
local function check_rights(context, class)
  if context.options.rights then return end
  local machine = texts.server.machine
  records.raise(records.service(class, "System.UnauthorizedAccessException",
    texts.access_denied:format(machine, "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))"),
    texts.hresult.access_denied))
end

local function command(class, parameters, run)
  class = texts.cmdlet_namespace .. class
  return {
    class = class,
    parameters = parameters,
    run = function(context, arguments)
      check_rights(context, class)
      return run(context, arguments, class)
    end,
  }
end

local function refuse(class, message)
  records.raise(records.service(class, "System.InvalidOperationException", message, texts.hresult.invalid_operation))
end

local function start(context, arguments, class)
  if context.options.suspended then refuse(class, texts.start.suspended) end
  if context:use_busy_start() then
    refuse(class, texts.start.connector_busy:format(texts.connectors.entra.name))
  end
  if timeline.is_busy(context.cycles, context.now_ms) then refuse(class, texts.start.busy) end
  local wanted = arguments.PolicyType
  context:accept(wanted and wanted ~= "Unspecified" and wanted or "Delta")
  return { clr.object("System.Management.Automation.PSCustomObject", { { "Result", "Success" } }) }
end

adsync["Start-ADSyncSyncCycle"] = command("StartADSyncSyncCycle", {
  PolicyType = { convert = binder.types.enum(POLICY_TYPE, POLICY_TYPES) },
  InteractiveMode = { convert = binder.types.boolean },
}, start)

local function settings_of_scheduler(context, next_ms, is_up)
  local options, interval_ms = context.options, math.floor(context.options.schedule_seconds * 1000)
  local properties = {
    { "AllowedSyncCycleInterval", clr.span(moment.span(math.min(interval_ms, 30 * 60 * 1000))) },
    { "CurrentlyEffectiveSyncCycleInterval", clr.span(moment.span(interval_ms)) },
    { "CustomizedSyncCycleInterval", clr.null },
    { "NextSyncCyclePolicyType", policy("Delta") },
    -- UTC by its name only: the date itself has no zone.
    { "NextSyncCycleStartTimeInUTC", clr.date(moment.date(context:server_ms(next_ms), "")) },
    { "PurgeRunHistoryInterval", clr.span("P7D") },
    { "SyncCycleEnabled", not options.disabled },
    { "MaintenanceEnabled", true },
    { "StagingModeEnabled", options.staging },
    { "SchedulerSuspended", options.suspended },
  }
  if not options.old_server then properties[#properties + 1] = { "SyncCycleInProgress", is_up } end
  return clr.object(TYPES .. "SchedulerSettings", properties)
end

local function scheduler(context)
  local next_ms = timeline.next_start_ms(context.options, context.cycles, context.now_ms)
  local is_up = timeline.is_flag_up(context.options, context.cycles, context.now_ms)
  local kept = context.kept.scheduler
  if not kept or kept.next_ms ~= next_ms or kept.is_up ~= is_up then
    kept = { next_ms = next_ms, is_up = is_up, settings = settings_of_scheduler(context, next_ms, is_up) }
    context.kept.scheduler = kept
  end
  return { kept.settings }
end

adsync["Get-ADSyncScheduler"] = command("GetADSyncScheduler", {}, scheduler)

local function run_history(context, arguments, class)
  if not context.options.history then
    records.raise(records.service(class, "System.UnauthorizedAccessException",
      texts.access_denied:format(texts.server.machine, "Access is denied."), texts.hresult.access_denied))
  end
  return history.results(context, arguments)
end

adsync["Get-ADSyncRunProfileResult"] = command("GetADSyncRunProfileResult", {
  RunHistoryId = { convert = binder.types.guid },
  ConnectorId = { convert = binder.types.guid },
  RunProfileId = { convert = binder.types.guid },
  RunNumber = { convert = binder.types.integer },
  NumberRequested = { convert = binder.types.integer },
  RunStepDetails = { convert = binder.types.boolean },
  StepNumber = { convert = binder.types.integer },
}, run_history)

local RUN_PROFILES = {
  "Full Import", "Full Synchronization", "Delta Import", "Delta Synchronization", "Export",
}

local function connector(key)
  local known, profiles = texts.connectors[key], value.list()
  for _, name in ipairs(RUN_PROFILES) do
    profiles[#profiles + 1] = clr.object(TYPES .. "RunProfile", {
      { "Name", name }, { "Identifier", clr.guid(history.profile_id(key, name)) },
    })
  end
  return clr.object(TYPES .. "Connector", {
    { "Name", known.name }, { "Identifier", clr.guid(known.id) }, { "ConnectorTypeName", known.type },
    { "Partitions", value.list() }, { "RunProfiles", profiles },
  })
end

local function connectors(_, arguments)
  local found = {}
  for _, key in ipairs({ "ad", "entra" }) do
    local known = texts.connectors[key]
    local is_wanted = (not arguments.Name or arguments.Name:lower() == known.name:lower())
      and (not arguments.Identifier or arguments.Identifier == known.id)
    if is_wanted then found[#found + 1] = connector(key) end
  end
  return found
end

adsync["Get-ADSyncConnector"] = command("GetADSyncConnector", {
  Name = { convert = binder.types.string },
  Identifier = { convert = binder.types.guid },
}, connectors)

-- Says nothing while nothing runs, also in the pauses within a cycle.
local function connector_status(context, arguments)
  local run = timeline.current_run(context.cycles, context.now_ms)
  local key = run and run.connector or (context:has_busy_starts() and "entra") or nil
  if not key then return {} end
  local name = texts.connectors[key].name
  if arguments.ConnectorName and arguments.ConnectorName:lower() ~= name:lower() then return {} end
  return { clr.object(TYPES .. "ConnectorRunStatus", {
    { "ConnectorName", name }, { "RunState", clr.enum(TYPES .. "RunState", "Busy", 1) },
  }) }
end

adsync["Get-ADSyncConnectorRunStatus"] = command("GetADSyncConnectorRunStatus", {
  ConnectorName = { convert = binder.types.string },
}, connector_status)

local function settings(context)
  local prefix, parameters = "Microsoft.Synchronize.", value.list()
  for _, setting in ipairs({
    { "ServerConfigurationVersion", texts.server.product_version },
    { "StagingMode", context.options.staging and "True" or "False" },
    { "SchedulerSuspended", context.options.suspended and "True" or "False" },
    { "SynchronizationPolicy", "Delta" },
  }) do
    parameters[#parameters + 1] =
      clr.object(TYPES .. "ConfigParameter", { { "Name", prefix .. setting[1] }, { "Value", setting[2] } })
  end
  return { clr.object(TYPES .. "GlobalSettings", { { "Version", 117 }, { "Parameters", parameters } }) }
end

adsync["Get-ADSyncGlobalSettings"] = command("GetADSyncGlobalSettings", {}, settings)

return adsync
