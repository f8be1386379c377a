--- What a sync step reports, in words for people.
local errors = require("idle.engine.errors")
local results = require("idle.engine.sync_results")

local sync_text = {}

local HEADLINES = {
  Success = "the cycle has exported",
  CompletedWithErrors = "the cycle has exported, but not everything went well",
  Unverified = "a cycle has ended, but its history could not be read",
  NoExport = "the cycle is over and shows no export: nothing was pending, or it is not visible",
  NotWaited = "the start of a cycle was sent; nobody waits for it",
  Busy = "another cycle runs; nothing was started",
  Failed = "the cycle failed",
  NotObserved = "no cycle was observed after the start",
  Timeout = "the cycle still runs, or has not settled yet",
}

local COUNTS = {
  { "Add", "added" }, { "Update", "updated" }, { "Rename", "renamed" }, { "Delete", "deleted" },
  { "DeleteAdd", "replaced" }, { "Failure", "failed" },
}

local function add(lines, label, text)
  if text and text ~= "" then lines[#lines + 1] = ("  %-9s %s"):format(label, errors.escape(text)) end
end

local function counts_text(counts)
  if not counts then return nil end
  local parts = {}
  for _, row in ipairs(COUNTS) do
    local count = counts[row[1]]
    if count and count > 0 then parts[#parts + 1] = ("%d %s"):format(count, row[2]) end
  end
  return #parts > 0 and table.concat(parts, ", ") or "nothing"
end

local function server_text(server)
  local parts = {}
  for _, name in ipairs({ "Name", "TenantConnector", "ProductVersion" }) do
    if type(server[name]) == "string" then parts[#parts + 1] = server[name] end
  end
  if (server.ClockSkewSeconds or 0) ^ 2 >= 4 then
    parts[#parts + 1] = ("its clock is %g s %s"):format(math.abs(server.ClockSkewSeconds),
      server.ClockSkewSeconds > 0 and "ahead" or "behind")
  end
  return table.concat(parts, ", ")
end

local function cycle_text(data)
  local parts = { data.PolicyType }
  if data.Carried == "Started" then parts[#parts + 1] = "started by us" end
  if data.Carried == "Adopted" then parts[#parts + 1] = "started by somebody else, and adopted" end
  if data.ImportStartUtc then parts[#parts + 1] = "import began " .. data.ImportStartUtc end
  if data.ExportEndUtc then parts[#parts + 1] = "export ended " .. data.ExportEndUtc end
  return table.concat(parts, ", ")
end

local function failed_objects_text(count)
  if (count or 0) == 0 then return "" end
  return (", %d %s failed"):format(count, count == 1 and "object" or "objects")
end

local function add_run(lines, run)
  if results.class_of(tostring(run.Result)) == "ok" then return end
  add(lines, "run", ("'%s' on '%s': %s%s"):format(tostring(run.RunProfileName), tostring(run.ConnectorName),
    tostring(run.Result), failed_objects_text(run.ErrorCount)))
  for _, object in ipairs(run.Errors or {}) do
    add(lines, "", object.ObjectDn .. (object.ErrorType and ": " .. object.ErrorType or ""))
  end
end

local function expected_text(expected)
  if not expected then return nil end
  if expected.IsAmongErrors then
    return ("'%s' is among the errors: %s"):format(expected.ObjectDn, tostring(expected.ErrorType))
  end
  local word = expected.IsAmongErrors == false and "is not among the errors" or "cannot be told from the history"
  return ("'%s' %s"):format(expected.ObjectDn, word)
end

--- Describes a step's Data: the outcome, and what is known of the cycle.
---@param data table
---@return string
function sync_text.describe(data)
  local lines = { ("%s: %s"):format(data.Outcome, HEADLINES[data.Outcome] or "") }
  add(lines, "server", server_text(data.Server or {}))
  add(lines, "cycle", cycle_text(data))
  add(lines, "imported", counts_text(data.Imported))
  add(lines, "exported", counts_text(data.Exported))
  for _, run in ipairs(data.Runs or {}) do add_run(lines, run) end
  add(lines, "expected", expected_text(data.Expected))
  local busy = data.BusySeconds or 0
  if busy > 0 then add(lines, "waited", ("%g s for the server to be free"):format(busy)) end
  return table.concat(lines, "\n") .. "\n"
end

local SCHEDULER = {
  { "SyncCycleEnabled", "schedule enabled" },
  { "SchedulerSuspended", "suspended" },
  { "StagingModeEnabled", "staging mode" },
  { "CurrentlyEffectiveSyncCycleInterval", "interval" },
  { "NextSyncCyclePolicyType", "next policy" },
  { "NextSyncCycleStartTimeInUTC", "next start (UTC)" },
}

local function scalar_text(v)
  if type(v) == "boolean" then return v and "yes" or "no" end
  return (type(v) == "string" or type(v) == "number") and tostring(v) or nil
end

local function scheduler_text(details)
  local parts = {}
  for _, row in ipairs(SCHEDULER) do
    local text = scalar_text(details[row[1]])
    if text then parts[#parts + 1] = row[2] .. ": " .. text end
  end
  return table.concat(parts, "; ")
end

local function history_text(runs)
  if type(runs) ~= "table" then return "cannot be read" end
  local newest = runs[1]
  if not newest then return "no runs yet" end
  return ("%d runs, the newest: '%s' on '%s': %s"):format(#runs, tostring(newest.RunProfileName),
    tostring(newest.ConnectorName), tostring(newest.Result))
end

--- Describes one look at a server.
---@param answer   table   of GetSyncCycleState
---@param refusal? string  why a start would be refused now
---@return string
function sync_text.describe_look(answer, refusal)
  local details = type(answer.Details) == "table" and answer.Details or {}
  local server = details.Server
  local lines = { "State: " .. errors.escape(tostring(answer.State)) }
  add(lines, "server", server_text(type(server) == "table" and server or { Name = server }))
  add(lines, "clock", scalar_text(details.ServerTimeUtc))
  add(lines, "scheduler", scheduler_text(details))
  add(lines, "history", history_text(details.Runs))
  add(lines, "a start", refusal and "would be refused: " .. refusal
    or answer.InProgress == true and "would wait for the cycle that runs" or "would be sent")
  return table.concat(lines, "\n") .. "\n"
end

return sync_text
