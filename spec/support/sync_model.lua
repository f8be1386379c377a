--- A model of an Entra Connect server for exploring the sync decision: it
--- plays random schedules. Unlike of a real server, the truth about them is known (sync_truth.lua).
---
--- The change of the caller is made at second 0, in one of the AD connectors.
--- Time is a number that the model's own calls move on; nothing here waits.

local sync_model = {}

local Model = {}
Model.__index = Model

local ENTRA = { id = "b891884f-051e-4a83-95af-2544101c9083", name = "contoso.onmicrosoft.com - AAD" }
local AD = {
  { id = "ad-1", name = "corp.example" }, { id = "ad-2", name = "lab.example" }, { id = "ad-3", name = "eu.example" },
}

local INTERVAL = 1800
local NEVER = math.huge

local random = math.random

local function chance(p) return random() < p end
local function between(low, high) return low + (high - low) * random() end
local function pick(list) return list[random(#list)] end

--- What kind of server it is, and what goes wrong with it.
local function random_traits()
  local is_odd = chance(0.3)
  return {
    policy = chance(0.15) and "Initial" or "Delta",
    connectors = pick({ 1, 1, 1, 2, 2, 3 }),
    flag = pick({ "steady", "steady", "gaps", "gaps", "missing" }),
    appears = pick({ "begin", "end" }),
    lag = chance(0.5) and between(0, 25) or 0,
    gap = pick({ 0.5, 5, 27 }),
    run = pick({ 1, 5, 40 }),
    start_delay = pick({ 0, 1, 10, 25 }),
    skew = chance(0.3) and between(-5000, 5000) or 0,
    history_shift = is_odd and chance(0.2) and pick({ 3600, -3600, 19800, -18000 }) or 0,
    clock_step = is_odd and chance(0.2) and between(-90, 90) or 0,
    clock_step_at = between(10, 200),
    has_clock = not (is_odd and chance(0.1)),
    has_history = not (is_odd and chance(0.15)),
    unreadable = chance(0.3) and 0.2 or 0,
    fails = chance(0.3) and 0.15 or 0,
    null_state = chance(0.1) and 0.1 or 0,
    outage_at = chance(0.15) and between(0, 200) or NEVER,
    purge_at = is_odd and chance(0.3) and between(0, 150) or NEVER,
    has_pending = chance(0.85),
    has_writeback = chance(0.8),
    bad_result = chance(0.15) and pick({ "import", "sync", "export", "writeback" }) or nil,
    stop = is_odd and chance(0.2),
    answer = chance(0.3) and pick({ "lost", "lost_before", "null", "null_before", "odd" }) or "good",
    is_staging = chance(0.01),
    latency = pick({ 0.01, 0.3, 4 }),
    is_sluggish = chance(0.5),
  }
end

---@param overrides? table  traits that are not left to chance
function sync_model.new(overrides)
  local traits = random_traits()
  for name, trait in pairs(overrides or {}) do traits[name] = trait end
  local model = setmetatable({
    traits = traits, now = 0, cycles = {}, entries = {}, requests = {}, next_request = 1,
    free_at = -NEVER, next_start = between(0, INTERVAL), starts = 0, run_number = 0,
    changed_in = AD[random(traits.connectors)],
  }, Model)
  model:add_past()
  model:plan_foreign()
  model.outage_end = traits.outage_at + between(5, 80)
  return model
end

-- A cycle that is over, and in half of the schedules one that is under way.
function Model:add_past()
  self:add_cycle(-between(700, 1500), "Delta", "scheduled")
  if chance(0.5) then self:request(-between(0, 250), "foreign") end
end

function Model:plan_foreign()
  local at = 0
  for _ = 1, pick({ 0, 0, 1, 2, 4 }) do
    at = at + between(0, 150)
    self.requests[#self.requests + 1] = { at = at, by = chance(0.15) and "hand" or "foreign" }
  end
end

-- Dates as the server writes them.
function Model:clock(t)
  local traits = self.traits
  return 1.7e9 + t + traits.skew + (t >= traits.clock_step_at and traits.clock_step or 0)
end

local BAD = {
  import = { "stopped-server-down", "no-start-connection", "completed-discovery-errors" },
  sync = { "stopped-database-connection-lost", "completed-sync-errors" },
  export = { "stopped-deletion-threshold-exceeded", "no-start-credentials", "completed-export-errors" },
  writeback = { "no-start-connection", "completed-export-errors" },
}

local function stops(result) return (result:find("^stopped") or result:find("^no%-start")) ~= nil end

local function result_of(traits, stage)
  return traits.bad_result == stage and chance(0.7) and pick(BAD[stage]) or "success"
end

-- An entry has the dates of the clock at its time, and is shown late or at its end.
function Model:add_run(cycle, connector, profile, stage)
  local traits = self.traits
  local start = cycle.last + (cycle.runs[1] and between(0, traits.gap) or 0)
  local finish = start + between(0.2, traits.run)
  local run = {
    stage = stage, connector = connector, start = start, finish = finish, result = result_of(traits, stage),
    date = self:clock(start) + traits.history_shift,
  }
  cycle.runs[#cycle.runs + 1], cycle.last = run, finish
  self.run_number = self.run_number + 1
  local raw = {
    RunHistoryId = "run-" .. self.run_number, ConnectorId = connector.id, ConnectorName = connector.name,
    RunProfileName = profile, Result = run.result, IsRunComplete = true,
    StartDate = run.date, EndDate = self:clock(finish) + traits.history_shift,
  }
  local entry = { shown_at = finish + traits.lag, over_at = finish + traits.lag, finish = finish, raw = raw }
  if traits.appears == "begin" then
    entry.shown_at = start + traits.lag
    entry.running = setmetatable({ IsRunComplete = false, Result = "in-progress", EndDate = false }, { __index = raw })
  end
  self.entries[#self.entries + 1] = entry
  run.is_stopped = stops(run.result)
  return run
end

function Model:add_imports(cycle, profile)
  for index = 1, self.traits.connectors do self:add_run(cycle, AD[index], profile, "import") end
  self:add_run(cycle, ENTRA, "Delta Import", "confirm")
end

-- Somebody may stop a cycle while it imports or synchronizes.
function Model:add_syncs(cycle)
  local stop_before = self.traits.stop and chance(0.5) and random(self.traits.connectors) or 0
  for index = 1, self.traits.connectors do
    if index == stop_before then return false end
    local run = self:add_run(cycle, AD[index], "Delta Synchronization", "sync")
    if run.is_stopped then return false end
  end
  return not self:add_run(cycle, ENTRA, "Delta Synchronization", "sync").is_stopped
end

function Model:add_exports(cycle)
  local traits = self.traits
  if traits.has_pending then self:add_run(cycle, ENTRA, "Export", "export") end
  if not traits.has_writeback then return end
  for index = 1, traits.connectors do self:add_run(cycle, AD[index], "Export", "writeback") end
end

function Model:add_cycle(at, policy, by)
  local begin = at + (at < 0 and 0 or between(0, self.traits.start_delay))
  local cycle = { begin = begin, last = begin, by = by, policy = policy, runs = {} }
  self.cycles[#self.cycles + 1] = cycle
  local profile = policy == "Initial" and "Full Import" or "Delta Import"
  if by == "hand" then
    self:add_run(cycle, AD[random(self.traits.connectors)], profile, "import")
  else
    self:add_imports(cycle, profile)
    if self:add_syncs(cycle) then self:add_exports(cycle) end
  end
  cycle.finish = cycle.last + (by == "hand" and 0 or between(0, 3))
  self.free_at = cycle.finish
  return cycle
end

-- The scheduler follows the last cycle; a start while one runs is refused.
function Model:request(at, by)
  self:catch_up(at)
  if at < self.free_at then return false end
  self:add_cycle(at, by == "ours" and self.traits.policy or pick({ "Delta", "Delta", "Initial" }), by)
  return true
end

-- Lets everything happen that is due until then.
function Model:catch_up(t)
  while true do
    local foreign = self.requests[self.next_request]
    local scheduled = math.max(self.next_start, self.free_at)
    local at = math.min(foreign and foreign.at or NEVER, scheduled)
    if at > t then return self:end_cycles(t) end
    self:end_cycles(at)
    if foreign and at == foreign.at then
      self.next_request = self.next_request + 1
      if at >= self.free_at then self:add_cycle(at, pick({ "Delta", "Delta", "Initial" }), foreign.by) end
    elseif self.next_start <= at then
      self:add_cycle(at, "Delta", "scheduled")
      self.next_start = NEVER
    end
  end
end

-- The next start is set when a cycle ends.
function Model:end_cycles(t)
  local last = self.cycles[#self.cycles]
  if last.finish <= t and not last.is_ended and last.by ~= "hand" then
    last.is_ended = true
    self.next_start = last.begin + INTERVAL
    self.shown_next_start = self:clock(last.begin) + INTERVAL
  end
end

function Model:flag(t)
  local traits, cycle = self.traits, self.cycles[#self.cycles]
  if traits.flag == "missing" then return nil end
  if cycle.by == "hand" or t < cycle.begin or t >= cycle.finish then return false end
  if traits.flag == "steady" then return true end
  for _, run in ipairs(cycle.runs) do
    if t >= run.start and t < run.finish then return true end
  end
  return false
end

-- Newest first; built anew only when something appears, changes or is purged.
function Model:runs(t)
  if self.shown and t < self.shown_until and self.shown_count == #self.entries then return self.shown end
  local shown, shown_until = {}, NEVER
  local purged = t >= self.traits.purge_at and self.traits.purge_at or -NEVER
  if t < self.traits.purge_at then shown_until = self.traits.purge_at end
  for index = #self.entries, 1, -1 do
    local entry = self.entries[index]
    if t < entry.shown_at then
      shown_until = math.min(shown_until, entry.shown_at)
    elseif entry.finish >= purged then
      shown[#shown + 1] = t < entry.over_at and entry.running or entry.raw
      if t < entry.over_at then shown_until = math.min(shown_until, entry.over_at) end
    end
  end
  self.shown, self.shown_until, self.shown_count = shown, shown_until, #self.entries
  return shown
end

local function is_out(self, t) return t >= self.traits.outage_at and t < self.outage_end end

function Model:is_history_readable(t)
  local traits = self.traits
  return traits.has_history and not chance(traits.unreadable) and not is_out(self, t)
end

--- One look. It takes its time: clock, scheduler and history are read one after another.
---@return table? answer  nil = it failed
function Model:look()
  local traits = self.traits
  local latency = between(0, traits.latency)
  local clock = self:clock(self.now)
  self.now = self.now + latency / 2
  self:catch_up(self.now)
  if chance(traits.fails) then return nil end
  local up = self:flag(self.now)
  local details = {
    ServerTimeUtc = traits.has_clock and clock or nil,
    NextSyncCycleStartTimeInUTC = self.shown_next_start,
    CurrentlyEffectiveSyncCycleInterval = INTERVAL,
    StagingModeEnabled = traits.is_staging,
  }
  self.now = self.now + latency / 2
  self:catch_up(self.now)
  if chance(traits.null_state) then return { InProgress = false, State = "Unknown" } end
  details.Runs = self:is_history_readable(self.now) and self:runs(self.now) or nil
  local state = up == nil and "Unknown" or up and "InProgress" or "Idle"
  return { InProgress = up == true, State = state, Details = details }
end

local BUSY = { kind = "sync.busy", message = "Sync is already running.", effect = "none", transient = true }
local LOST = { kind = "ssh.lost", message = "connection lost", effect = "unknown", transient = false }

--- Our start.
---@return table? answer, table? err
function Model:start()
  self.now = self.now + between(0, self.traits.latency) / 2
  local answer = self.traits.answer
  local is_taken = answer ~= "lost_before" and answer ~= "null_before" and self:request(self.now, "ours")
  if is_taken then self.starts = self.starts + 1 end
  self.now = self.now + between(0, self.traits.latency) / 2
  if answer == "good" then
    if is_taken then return { Started = true } end
    return nil, BUSY
  elseif answer == "lost" or answer == "lost_before" then
    return nil, LOST
  end
  return answer == "odd" and { Started = false } or nil
end

--- Sleeps, on a busy machine somewhat longer than it was asked to.
function Model:sleep(seconds)
  self.now = self.now + seconds
  if self.traits.is_sluggish then self.now = self.now + between(0, 8) end
end

--- The schedule in words, for whoever must understand a failure.
---@return string
function Model:describe()
  local lines = {}
  for name, trait in pairs(self.traits) do lines[#lines + 1] = ("  %s = %s"):format(name, tostring(trait)) end
  table.sort(lines)
  lines[#lines + 1] = ("  the change was made in %s at 0.00"):format(self.changed_in.name)
  for _, cycle in ipairs(self.cycles) do
    lines[#lines + 1] = ("  %s cycle, %s, from %.2f to %.2f"):format(cycle.policy, cycle.by, cycle.begin, cycle.finish)
    for _, run in ipairs(cycle.runs) do
      lines[#lines + 1] = ("    %8.2f to %8.2f  %-9s  %s: %s"):format(
        run.start, run.finish, run.stage, run.connector.name, run.result)
    end
  end
  return table.concat(lines, "\n")
end

return sync_model
