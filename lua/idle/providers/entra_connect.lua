--- The provider of a directory sync on an Entra Connect server (Entra Connect
--- Sync, the module ADSync). It only ever calls `session:InvokeCommand`.
local adsync_errors = require("idle.providers.adsync_errors")
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local json = require("idle.json")
local sync_run = require("idle.engine.sync_run")
local utc = require("idle.engine.utc")
local value = require("idle.engine.value")

---@class idle.EntraConnect
---@field package facts table<idle.AuthSession, table>  what does not change, asked for once
---@field package had_history table<idle.AuthSession, boolean>  an entry was seen
local EntraConnect = {}
EntraConnect.__index = EntraConnect

-- The runs of a cycle appear one by one, so the newest entries are enough to miss none.
local HISTORY_ENTRIES = 50

-- Errors of the way to the server: the next command would only meet them again.
local FATAL = { "^ssh%.", "^session%.", "^secret%.", "^input%.", "^process%.", "^remote%.setup" }

---@return string[]
function EntraConnect.GetCapabilities()
  return { "IdLE.DirectorySync.Trigger", "IdLE.DirectorySync.Status" }
end

local function is_callable(v)
  local meta = getmetatable(v)
  return type(v) == "function" or (type(meta) == "table" and meta.__call ~= nil)
end

local function check_session(session)
  local ok, method = pcall(function() return session.InvokeCommand end)
  if ok and is_callable(method) then return session end
  errors.raise("session.contract", "AuthSession must implement InvokeCommand(CommandName, Parameters)")
end

local function invoke(session, command, parameters)
  local ok, answer, beside = pcall(session.InvokeCommand, session, command, parameters or {})
  if ok then return answer, beside end
  errors.pass_interruption(answer)
  error(adsync_errors.from(answer, command), 0)
end

local function is_fatal(err)
  -- An ADSync command that is missing is remote.setup too, and no reason to give up the others.
  return err.kind ~= "sync.setup" and errors.has_kind(err, FATAL)
end

-- For what a look can do without; nil = unreadable. With what the session tells beside it.
local function try(session, command, parameters)
  local ok, answer, beside = pcall(invoke, session, command, parameters)
  if not ok then
    errors.pass_interruption(answer)
    if is_fatal(answer) then error(answer, 0) end
    return nil
  end
  if value.is_null(answer) then return nil end
  return answer or nil, beside
end

local function check_policy(policy)
  local word = type(policy) == "string" and policy:lower()
  if word == "delta" or word == "initial" then return policy end
  errors.raise("input.parameter", ("StartSyncCycle: PolicyType must be 'Delta' or 'Initial', got '%s'"):format(
    errors.escape(tostring(policy))))
end

local function result_of(answer)
  if type(answer) ~= "table" then return nil end
  return answer.Result or (type(answer[1]) == "table" and answer[1].Result) or nil
end

--- Starts a sync cycle. `Started` is true only if the server said that it accepted the start; any
--- other answer leaves it open whether a cycle runs.
---@param PolicyType  "Delta"|"Initial"
---@param AuthSession idle.AuthSession
---@return { Started: boolean, Message: string }
function EntraConnect:StartSyncCycle(PolicyType, AuthSession) -- luacheck: ignore self
  check_policy(PolicyType)
  local answer = invoke(check_session(AuthSession), "Start-ADSyncSyncCycle", { PolicyType = PolicyType })
  local result = result_of(answer)
  if type(result) == "string" and result:lower() == "success" then
    return { Started = true, Message = ("a sync cycle of type '%s' was triggered"):format(PolicyType) }
  end
  local said = result == nil and "nothing" or ("'%s'"):format(errors.escape(tostring(result)))
  return { Started = false, Message = ("Start-ADSyncSyncCycle answered %s instead of 'Success'"):format(said) }
end

-- The server's own zone is in the date; one without a zone could be any time.
local function server_time(session)
  local seconds, has_zone = utc.parse(try(session, "Get-Date"))
  return seconds and has_zone and utc.format(seconds) or nil
end

local function as_list(answer)
  if type(answer) ~= "table" then return nil end
  if value.is_list(answer) then return answer end
  if value.is_sequence(answer) or next(answer) == nil then return value.list(answer) end
  return value.list({ answer })
end

local function connectors_of(session)
  local connectors = value.list()
  for _, connector in ipairs(as_list(try(session, "Get-ADSyncConnector")) or {}) do
    if type(connector) == "table" then
      connectors[#connectors + 1] = {
        Name = connector.Name, Identifier = connector.Identifier, ConnectorTypeName = connector.ConnectorTypeName,
      }
    end
  end
  return connectors
end

local function tenant_of(connectors)
  for _, connector in ipairs(connectors) do
    if tostring(connector.Identifier):lower() == sync_run.ENTRA_CONNECTOR then return connector.Name end
  end
end

local function product_version(session)
  local settings = try(session, "Get-ADSyncGlobalSettings")
  local parameters = type(settings) == "table" and as_list(settings.Parameters) or {}
  for _, parameter in ipairs(parameters) do
    if type(parameter) == "table" and parameter.Name == "Microsoft.Synchronize.ServerConfigurationVersion" then
      return parameter.Value
    end
  end
end

-- An item, of the environment too, drags its drive and provider along: 170 MB of output. A value is a text.
local COMPUTER_NAME = {
  Path = "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ActiveComputerName", Name = "ComputerName",
}

local function machine_name(session)
  local name = try(session, "Get-ItemPropertyValue", COMPUTER_NAME)
  return type(name) == "string" and name or nil
end

local function read_facts(facts, session)
  facts.Connectors = connectors_of(session)
  facts.Server.TenantConnector = tenant_of(facts.Connectors)
  facts.Server.ProductVersion = product_version(session)
  facts.Server.Name = machine_name(session)
end

-- They are asked for once, even if that fails: nothing here is worth a failed look.
function EntraConnect:facts_of(session)
  local facts = self.facts[session]
  if facts then return facts end
  facts = { Server = {}, Connectors = value.list() }
  self.facts[session] = facts
  local ok, raised = pcall(read_facts, facts, session)
  if not ok then errors.pass_interruption(raised) end
  return facts
end

-- An enum or a date may come in any shape; what is not the flag is not taken for it.
local function state_of(scheduler)
  local flag = scheduler and scheduler.SyncCycleInProgress
  if type(flag) ~= "boolean" then return false, "Unknown" end
  return flag, flag and "InProgress" or "Idle"
end

-- A server that never ran has no history, and then the command has no output. That is only believed of a session that
-- says what came beside it (others may return nil for a command that failed), and only until an entry was seen.
function EntraConnect:history_of(session)
  local answer, beside = try(session, "Get-ADSyncRunProfileResult", { NumberRequested = HISTORY_ENTRIES })
  if answer == nil and type(beside) == "table" and not self.had_history[session] then return value.list() end
  local runs = as_list(answer)
  if runs and runs[1] ~= nil then self.had_history[session] = true end
  return runs or json.null
end

--- Looks at the server once.
---@param AuthSession idle.AuthSession
---@return { InProgress: boolean, State: "Idle"|"InProgress"|"Unknown", Details: table }
function EntraConnect:GetSyncCycleState(AuthSession)
  local session = check_session(AuthSession)
  local server_time_utc = server_time(session)
  local scheduler = invoke(session, "Get-ADSyncScheduler")
  scheduler = type(scheduler) == "table" and scheduler or nil
  local runs = self:history_of(session)
  local facts = self:facts_of(session)
  local details = { ServerTimeUtc = server_time_utc, Runs = runs, Server = facts.Server, Connectors = facts.Connectors }
  for name, field in pairs(scheduler or {}) do
    if details[name] == nil then details[name] = field end
  end
  local in_progress, state = state_of(scheduler)
  return { InProgress = in_progress, State = state, Details = details }
end

--- One entry of the history with its steps: counts and failed objects. They can
--- be large, so a look goes without them.
---@param RunHistoryId string
---@param AuthSession  idle.AuthSession
---@return table? run  nil = unreadable
function EntraConnect:GetSyncRunDetails(RunHistoryId, AuthSession) -- luacheck: ignore self
  local answer = try(check_session(AuthSession), "Get-ADSyncRunProfileResult",
    { RunHistoryId = RunHistoryId, RunStepDetails = true })
  for _, run in ipairs(as_list(answer) or {}) do
    if type(run) == "table" and run.RunHistoryId == RunHistoryId then return run end
  end
end

--- Makes a provider.
---@param options? table  it has none
---@return idle.EntraConnect
return function(options)
  fields.check(options or {}, {}, "entra_connect")
  -- A session that nobody else holds any more takes its facts along.
  local function by_session() return setmetatable({}, { __mode = "k" }) end
  return setmetatable({ facts = by_session(), had_history = by_session() }, EntraConnect)
end
