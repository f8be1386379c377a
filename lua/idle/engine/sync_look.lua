--- Reads one look at a sync server: what a provider's GetSyncCycleState answered.
local utc = require("idle.engine.utc")
local value = require("idle.engine.value")

local sync_look = {}

---@class idle.SyncLook
---@field is_readable boolean  the scheduler answered; if not, the look says nothing
---@field up?         boolean  the scheduler's flag; nil = this server has none
---@field next_start? string   as it came: it is only compared, seldom read
---@field clock?      string   the server's clock, read before the history
---@field runs?       table[]  history entries, newest first; nil = unreadable
---@field details     table    everything else that was said
---@field at?         number   monotonic seconds at which the look was over

-- Any of these shows that the scheduler answered, even where the flag is missing.
local SCHEDULER_FIELDS = {
  "NextSyncCycleStartTimeInUTC", "AllowedSyncCycleInterval", "CurrentlyEffectiveSyncCycleInterval",
  "NextSyncCyclePolicyType", "SyncCycleEnabled", "StagingModeEnabled", "SchedulerSuspended",
}

local EMPTY = {}

--- A field, or nil where it is null or missing.
local function field(map, name)
  local v = map[name]
  if v == nil or value.is_null(v) then return nil end
  return v
end
sync_look.field = field

-- Only a clear word counts: an unknown state is not idle.
local function flag_of(answer)
  if answer.State == "Unknown" then return nil end
  if answer.InProgress == true or answer.State == "InProgress" then return true end
  if answer.InProgress == false or answer.State == "Idle" then return false end
  return nil
end

local function has_scheduler(details)
  for _, name in ipairs(SCHEDULER_FIELDS) do
    if field(details, name) ~= nil then return true end
  end
  return false
end

-- A history of one entry may come as that entry.
local function runs_of(details)
  local runs = details.Runs
  if type(runs) ~= "table" then return nil end
  if runs.RunHistoryId ~= nil then return { runs } end
  return runs
end

--- Reads an answer; anything that is no look is an unreadable one.
---@param answer any  { InProgress, State, Details }
---@return idle.SyncLook
function sync_look.read(answer)
  if type(answer) ~= "table" then return { is_readable = false, details = EMPTY } end
  local details = type(answer.Details) == "table" and answer.Details or EMPTY
  local up = flag_of(answer)
  return {
    is_readable = up ~= nil or has_scheduler(details),
    up = up,
    next_start = field(details, "NextSyncCycleStartTimeInUTC"),
    clock = field(details, "ServerTimeUtc"),
    runs = runs_of(details),
    details = details,
  }
end

--- The interval at which the scheduler runs by itself, in seconds.
---@param look idle.SyncLook
---@return number?
function sync_look.interval_of(look)
  return utc.seconds_of_span(look.details.CurrentlyEffectiveSyncCycleInterval)
    or utc.seconds_of_span(look.details.AllowedSyncCycleInterval)
end

--- What the look says about the server itself: `Details.Server` is its name, or a map.
---@param look idle.SyncLook
---@return table server  Name, TenantConnector, ProductVersion; each may be missing
function sync_look.server_of(look)
  local server = look.details.Server
  if type(server) == "string" then return { Name = server } end
  return type(server) == "table" and server or {}
end

return sync_look
