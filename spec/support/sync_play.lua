--- A scripted sync server for specs of single rules, and a driver that plays the
--- sync decision against it. Seconds count from the first look; nothing waits.
local sync_cycle = require("idle.engine.sync_cycle")
local utc = require("idle.engine.utc")

local sync_play = {}

local EPOCH = utc.parse("2026-03-01T08:00:00Z")
local INTERVAL = 1800

sync_play.CONNECTORS = {
  ad = { id = "11111111-1111-1111-1111-111111111111", name = "corp.example" },
  lab = { id = "22222222-2222-2222-2222-222222222222", name = "lab.example" },
  entra = { id = "b891884f-051e-4a83-95af-2544101c9083", name = "contoso.onmicrosoft.com - AAD" },
  hr = { id = "33333333-3333-3333-3333-333333333333", name = "HR database" },
}

--- A moment as the server writes it.
function sync_play.date(second) return utc.format(EPOCH + second) end

local Server = {}
Server.__index = Server

--- A server that was idle for ten minutes. What a start does is up to `on_start`; by default a
--- cycle begins one second after it.
---@param fields? table  flag = false: an old server; clock = false; history = false; scheduler = {…}
function sync_play.server(fields)
  local server = setmetatable({
    entries = {}, busy = {}, next_starts = {}, starts = {}, flag = true, clock = true, history = true, scheduler = {},
    clock_offset = 0, date_offset = 0, shows = "begin", lag = 0,
    on_start = function(self, now)
      self:cycle(now + 1)
      return { Started = true }
    end,
  }, Server)
  for name, field in pairs(fields or {}) do server[name] = field end
  server:cycle(-600)
  return server
end

--- A run that shows when it begins, or when it is over.
function Server:run(from, to, connector, profile, result, shown)
  shown = shown or self
  self.entries[#self.entries + 1] = {
    from = from, to = to, connector = sync_play.CONNECTORS[connector], profile = profile, result = result or "success",
    id = ("run-%03d"):format(#self.entries + 1), shows = shown.shows or self.shows, lag = shown.lag or self.lag,
    steps = shown.steps,
  }
  return self
end

local STAGES = {
  { "ad", "Import", "import" }, { "entra", "Import", "confirm" }, { "ad", "Synchronization", "sync" },
  { "entra", "Synchronization", "entra_sync" }, { "entra", "Export", "export" }, { "ad", "Export", "writeback" },
}

--- A whole cycle: six runs of 4 s each, 1 s apart, over after 29 s.
---@param at number
---@param options? { policy?: string, results?: table, without?: table, shown?: table, flag?: boolean }
---@return number finish
function Server:cycle(at, options)
  options = options or {}
  local from = at
  for _, stage in ipairs(STAGES) do
    if not (options.without or {})[stage[3]] then
      local profile = stage[2] == "Export" and "Export" or (options.policy or "Delta") .. " " .. stage[2]
      self:run(from, from + 4, stage[1], profile, (options.results or {})[stage[3]], options.shown)
      from = from + 5
    end
  end
  if options.flag ~= false then self.busy[#self.busy + 1] = { at, from - 1 } end
  self.next_starts[#self.next_starts + 1] = { at = from - 1, value = at + INTERVAL }
  return from - 1
end

local function is_within(spans, now)
  for _, span in ipairs(spans) do
    if now >= span[1] and now < span[2] then return true end
  end
  return false
end

function Server:next_start(now)
  local value
  for _, moved in ipairs(self.next_starts) do
    if moved.at <= now then value = moved.value end
  end
  return value and sync_play.date(value + self.clock_offset)
end

function Server:entry(entry, now)
  local over = entry.to + entry.lag <= now
  if not over and (entry.shows == "end" or entry.from + entry.lag > now) then return nil end
  local offset = self.clock_offset + self.date_offset
  return {
    RunHistoryId = entry.id, ConnectorId = entry.connector.id, ConnectorName = entry.connector.name,
    RunProfileName = entry.profile, IsRunComplete = over, Result = over and entry.result or "in-progress",
    StartDate = sync_play.date(entry.from + offset), EndDate = over and sync_play.date(entry.to + offset) or nil,
    RunStepResults = entry.steps,
  }
end

function Server:runs(now)
  local runs = {}
  for _, entry in ipairs(self.entries) do
    runs[#runs + 1] = not (self.purged_at and now >= self.purged_at and entry.to < self.purged_at)
      and self:entry(entry, now) or nil
  end
  table.sort(runs, function(a, b) return a.StartDate > b.StartDate end)
  return runs
end

local function holds(field, now)
  if type(field) == "function" then return field(now) end
  return field
end

--- What a look at a moment shows.
function Server:look(now)
  local details = {
    ServerTimeUtc = holds(self.clock, now) and sync_play.date(now + self.clock_offset) or nil,
    Server = { Name = "AADC01", TenantConnector = "contoso.onmicrosoft.com - AAD", ProductVersion = "2.5.79.0" },
    NextSyncCycleStartTimeInUTC = self:next_start(now), CurrentlyEffectiveSyncCycleInterval = "00:30:00",
    SyncCycleEnabled = true, StagingModeEnabled = false, SchedulerSuspended = false,
    Runs = holds(self.history, now) and self:runs(now) or nil,
    Connectors = self.connectors,
  }
  for name, field in pairs(self.scheduler) do details[name] = holds(field, now) end
  if not self.flag then return { InProgress = false, State = "Unknown", Details = details } end
  local up = is_within(self.busy, now)
  return { InProgress = up, State = up and "InProgress" or "Idle", Details = details }
end

local DEFAULTS = {
  policy_type = "Delta", wait = true, timeout = 600, poll_interval = 10, on_busy = "Wait", settle = 45,
  until_ = "CycleEnd", allow_disabled = false, random = function() return 0.5 end, now = 0,
}

--- Plays until the decision is made.
---@param server table
---@param options? table  of sync_cycle.new that differ
---@return table done  the last action
---@return { at: number, action: string, word?: string }[] log
function sync_play.play(server, options)
  local all, now, log = {}, 0, {}
  for name, option in pairs(DEFAULTS) do all[name] = option end
  for name, option in pairs(options or {}) do all[name] = option end
  local machine = sync_cycle.new(all)
  while true do
    local action = machine:next(now)
    log[#log + 1] = { at = now, action = action.action }
    if action.action == "done" then
      action.at = now
      return action, log
    elseif action.action == "look" then
      local fails = server.fails and server.fails(now)
      if fails then
        machine:look_failed(now, fails)
      else
        machine:saw(now, server.answers and server.answers(now) or server:look(now), sync_play.date(now - 3))
      end
    elseif action.action == "start" then
      server.starts[#server.starts + 1] = now
      log[#log].word = machine:answered(now, server:on_start(now, #server.starts))
    elseif action.action == "details" then
      machine:saw_details(server.details and server.details(action.run_ids) or nil)
    else
      now = now + action.seconds
    end
  end
end

--- Plays until the decision is made on a server where a start begins a cycle like this.
---@param cycle?   table  options of Server:cycle
---@param options? table  of sync_cycle.new that differ
---@param fields?  table  of the server
---@return table done  the last action
function sync_play.cycle(cycle, options, fields)
  local server = sync_play.server(fields)
  function server:on_start(now)
    self:cycle(now + 1, cycle)
    return { Started = true }
  end
  return (sync_play.play(server, options))
end

--- When an action was taken.
---@return number[] seconds
function sync_play.times(log, action)
  local times = {}
  for _, entry in ipairs(log) do
    if entry.action == action then times[#times + 1] = entry.at end
  end
  return times
end

return sync_play
