--- What an Entra Connect server says and how long it takes: data only, from public material.
--- Whoever can look at a real server corrects it here and nowhere else.
local texts = {}

-- Stack lines as the service sends them inside the message (captured, in English).
local STACK = "\r\n   at Microsoft.MetadirectoryServices.Scheduler.Scheduler.StartSyncCycle("
  .. "String overridePolicy, Boolean interactiveMode)\r\n   at SchedulerUtils.StartSyncCycle("
  .. "SchedulerUtils* , Char* policyType, Int32 interactiveMode, Char** errorString)\r\n"

--- Refusals of Start-ADSyncSyncCycle. Its error id repeats the whole message, stack included.
texts.start = {
  busy = "System.InvalidOperationException: Sync is already running. "
    .. "Cannot start a new run till this one completes." .. STACK,
  connector_busy = "System.InvalidOperationException: Connector: %s is busy." .. STACK,
  suspended = "System.InvalidOperationException: Scheduler is already suspended via global parameters." .. STACK,
}

texts.access_denied = "Retrieving the COM class factory for remote component with CLSID "
  .. "{835BEE60-8731-4159-8BFF-941301D76D05} from machine %s failed due to the following error: 80070005 %s."

-- What a service that is being restarted answers; the same call succeeds a little later.
texts.unavailable = "The RPC server is unavailable. (Exception from HRESULT: 0x800706BA)"

texts.command_not_found = "The term '%s' is not recognized as the name of a cmdlet, function, script file, or "
  .. "operable program. Check the spelling of the name, or if a path was included, verify that the path is correct "
  .. "and try again."

--- Signed 32-bit numbers, as .NET shows them.
texts.hresult = {
  invalid_operation = -2146233079,
  access_denied = -2147024891,
  unavailable = -2147023174,
  runtime = -2146233087,
  invalid_cast = -2147467262,
  argument = -2147024809,
}

texts.cmdlet_namespace = "Microsoft.IdentityManagement.PowerShell.Cmdlet."
texts.object_namespace = "Microsoft.IdentityManagement.PowerShell.ObjectModel."

texts.server = {
  machine = "SYNC01",
  user = "CONTOSO\\svc-idle",
  run_as = "NT SERVICE\\ADSync",
  product_version = "2.5.79.0",
  powershell_version = "5.1.17763.5830",
  -- Get-Date answers in the server's own zone.
  utc_offset_minutes = 60,
}

texts.connectors = {
  ad = { name = "contoso.local", id = "5f9a2c11-7c1d-4f0e-9d4b-0f3b6f1f2a77", type = "AD" },
  -- The id of the connector to Entra ID is the same on every server.
  entra = { name = "contoso.onmicrosoft.com - AAD", id = "b891884f-051e-4a83-95af-2544101c9083", type = "Extensible2" },
}

--- The runs of a cycle, in their order. `share` is the run's part of `cycle_seconds`.
texts.runs = {
  { name = "AD Import", connector = "ad", kind = "Import", share = 0.20 },
  { name = "Entra Import", connector = "entra", kind = "Import", share = 0.10 },
  { name = "AD Sync", connector = "ad", kind = "Synchronization", share = 0.20 },
  { name = "Entra Sync", connector = "entra", kind = "Synchronization", share = 0.10 },
  { name = "Entra Export", connector = "entra", kind = "Export", share = 0.25 },
  { name = "AD Export", connector = "ad", kind = "Export", share = 0.15 },
}

--- Every result a run may end with, for options and their check.
texts.results = {
  "success", "completed-no-objects", "completed-transient-objects", "completed-warnings",
  "completed-sync-warnings", "completed-export-warnings", "completed-sync-errors", "completed-export-errors",
  "completed-discovery-errors", "completed-transient-errors", "stopped-deletion-threshold-exceeded",
  "stopped-error-limit", "stopped-server-down", "stopped-database-connection-lost",
  "stopped-connectivity", "stopped-user-termination-from-wmi-or-ui",
  "no-start-connection", "no-start-server-down", "no-start-credentials", "no-start-ma-already-running",
  "no-start-ma-update-in-progress",
}

--- The object that a run with per-object errors complains about.
texts.failed_object = {
  dn = "CN=Kim Example,OU=Staff,DC=contoso,DC=local",
  cs_guid = "0d3c5b8e-6a0f-4c55-9f0a-2f6f0c1d9b11",
  error_type = { Export = "AttributeValueMustBeUnique", Synchronization = "extension-dll-exception",
                 Import = "missing-anchor-value" },
  cd_error = "Unable to update this object because the following attributes associated with this object have values "
    .. "that may already be associated with another object in your local directory services: [ProxyAddresses].",
}

return texts
