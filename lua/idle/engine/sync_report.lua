--- What a sync step reports: the `Data` of DESIGN §6.2, and who keeps the server busy.
local errors = require("idle.engine.errors")
local look_reader = require("idle.engine.sync_look")
local results = require("idle.engine.sync_results")
local utc = require("idle.engine.utc")
local value = require("idle.engine.value")

local sync_report = {}

-- Enough to recognise what went wrong; all of them are in the server's own log.
local FIRST_OBJECTS = 5

-- The database behind the history keeps dates to a few milliseconds.
local DATE_ROUNDING = 0.01

local function tenths(seconds) return seconds and math.floor(seconds * 10 + 0.5) / 10 end

local function date(seconds) return seconds and utc.format(seconds) end

local function text(v) return type(v) == "string" and v or nil end

local function name_of(run) return text(run.raw.ConnectorName) or run.connector end

--- Whoever is seen to run: the newest entry that is not over.
---@param history idle.SyncHistory
---@return { Connector?: string, RunProfile?: string, SinceUtc?: string }
function sync_report.running(history)
  for index = #history.timeline, 1, -1 do
    local run = history.timeline[index]
    if not run.is_complete and not run.is_gone then
      return { Connector = name_of(run), RunProfile = text(run.raw.RunProfileName), SinceUtc = utc.format(run.start) }
    end
  end
  return {}
end

---@param server? string
---@param who { Connector?: string, RunProfile?: string, SinceUtc?: string }
---@return string
function sync_report.busy_words(server, who)
  local words = server and ("sync server '%s' is busy"):format(server) or "the sync server is busy"
  if who.Connector and who.RunProfile then
    words = words .. (": '%s' on '%s'"):format(who.RunProfile, who.Connector)
  elseif who.Connector then
    words = words .. (": connector '%s'"):format(who.Connector)
  else
    words = words .. " with another cycle"
  end
  return errors.escape(who.SinceUtc and words .. " since " .. who.SinceUtc or words)
end

local function describe_run(run)
  local objects = results.failed_objects(run)
  return {
    RunHistoryId = run.id,
    ConnectorName = name_of(run),
    RunProfileName = text(run.raw.RunProfileName),
    Result = run.is_complete and run.result or "in-progress",
    StartUtc = date(run.start),
    EndUtc = date(run.finish),
    ErrorCount = results.has_steps(run) and #objects or nil,
    Errors = objects[1] and value.list({ table.unpack(objects, 1, FIRST_OBJECTS) }) or nil,
  }
end

local function describe_runs(cycle)
  local runs = value.list()
  for index, run in ipairs(cycle.runs) do runs[index] = describe_run(run) end
  return runs
end

local function same_name(a, b) return a:gsub("%s*,%s*", ","):lower() == b:gsub("%s*,%s*", ","):lower() end

-- An object that is nowhere among the errors is only cleared of them if the
-- entries name their failed objects.
local function expected(cycle, name)
  local found, was_listed = { ObjectDn = name }, false
  for _, run in ipairs(cycle.runs) do
    was_listed = was_listed or results.has_steps(run)
    for _, object in ipairs(results.failed_objects(run)) do
      if same_name(object.ObjectDn, name) then
        found.ErrorType, found.ConnectorName, found.RunProfileName =
          object.ErrorType, name_of(run), text(run.raw.RunProfileName)
        found.IsAmongErrors = true
        return found
      end
    end
  end
  if was_listed then found.IsAmongErrors = false end
  return found
end

local function imports_of(cycle)
  local imports = {}
  for _, run in pairs(cycle.imports) do imports[#imports + 1] = run end
  return imports
end

local STATES = { [true] = "InProgress", [false] = "Idle" }

local function describe_look(machine, look)
  local running = type(look.newest) == "table" and look.newest or {}
  return {
    AtSeconds = tenths(look.at - machine.began),
    State = look.error == nil and (STATES[look.up] or "Unknown") or nil,
    NextStart = look.next_start,
    ServerTimeUtc = look.clock,
    RunCount = look.run_count,
    Newest = text(running.Result) and ("'%s' on '%s': %s"):format(
      tostring(running.RunProfileName), tostring(running.ConnectorName), running.Result) or nil,
    Error = look.error,
  }
end

local function observations(machine)
  local looks = value.list()
  for _, look in ipairs(machine.observations) do looks[#looks + 1] = describe_look(machine, look) end
  return looks
end

local function server_facts(machine)
  local server = machine.look and look_reader.server_of(machine.look) or {}
  return {
    Name = text(server.Name),
    TenantConnector = text(server.TenantConnector),
    ProductVersion = text(server.ProductVersion),
    ClockSkewSeconds = tenths(machine.clock_skew),
  }
end

-- Ours, or that of somebody else who was first?
local function carried(machine, cycle)
  if not machine.is_sent then return cycle and "Adopted" or nil end
  if cycle and machine.sent_clock and cycle.key.start < machine.sent_clock - DATE_ROUNDING then return "Adopted" end
  return (cycle or machine.ending.outcome == "Unverified" or machine.ending.outcome == "NotWaited") and "Started" or nil
end

local function add_cycle(data, machine, cycle)
  local exported = machine.review.exported
  data.ImportStartUtc = date(cycle.key.start)
  data.ExportEndUtc = exported and date(exported.finish)
  data.Imported = results.counts(imports_of(cycle), "Stage")
  data.Exported = exported and results.counts(cycle.exports, "Export")
  data.Runs = describe_runs(cycle)
  if machine.expect then data.Expected = expected(cycle, machine.expect) end
end

--- The step's `Data`, once there is an ending.
---@param machine idle.SyncStateMachine
---@return table
function sync_report.data(machine)
  local ending = machine.ending
  local cycle = machine.is_trusted and machine.history.carrier or nil
  local data = {
    Outcome = ending.outcome,
    PolicyType = machine.policy_type,
    FailureClass = ending.class,
    Carried = carried(machine, cycle),
    Starts = machine.starts,
    AcceptedUtc = machine.accepted_utc,
    BusySeconds = tenths(machine:busy_seconds()),
    Server = server_facts(machine),
    Baseline = machine.baseline,
    Observations = ending.outcome ~= "Success" and observations(machine) or nil,
  }
  if cycle then add_cycle(data, machine, cycle) end
  return data
end

return sync_report
