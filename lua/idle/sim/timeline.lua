--- Which cycles a sync server has run, and what shows of them at a moment.
--- Everything follows from the options, the starts that were accepted and the time.
local texts = require("idle.sim.texts")

local timeline = {}

---@class idle.SimStart
---@field at_ms  integer
---@field policy "Delta"|"Initial"

---@class idle.SimRun
---@field name     string   "Entra Export"
---@field connector "ad"|"entra"
---@field kind     "Import"|"Synchronization"|"Export"
---@field start_ms integer
---@field end_ms   integer
---@field result   string
---@field number   integer  counts per connector

---@class idle.SimCycle
---@field at_ms    integer  when the start was accepted
---@field begin_ms integer  when it begins to show
---@field end_ms   integer
---@field policy   "Delta"|"Initial"
---@field by       "start"|"schedule"|"foreign"|"past"
---@field runs     idle.SimRun[]

local function ms(seconds) return math.floor(seconds * 1000 + 0.5) end

local function has_run(options, kind, by)
  if kind ~= "Export" then return true end
  return not options.staging and (options.pending_export or by == "past")
end

local function result_of(options, name, by)
  -- What the options say concerns the cycles that somebody watches.
  return by ~= "past" and options.result[name] or "success"
end

local function new_cycle(options, at_ms, policy, by)
  local from = at_ms + ms(options.start_delay_seconds)
  local cycle = { at_ms = at_ms, begin_ms = from, policy = policy, by = by, runs = {} }
  for _, run in ipairs(texts.runs) do
    if has_run(options, run.kind, by) then
      local to = from + ms(options.cycle_seconds * run.share)
      cycle.runs[#cycle.runs + 1] = { name = run.name, connector = run.connector, kind = run.kind, start_ms = from,
                                      end_ms = to, result = result_of(options, run.name, by) }
      from = to + ms(options.gap_seconds)
    end
  end
  cycle.end_ms = cycle.runs[#cycle.runs].end_ms
  return cycle
end

-- Walks from start to start. The schedule is re-based by every cycle, when it has ended.
local Walk = {}
Walk.__index = Walk

-- A start during a cycle is refused, whoever asks.
function Walk:add(at_ms, policy, by)
  local last = self.cycles[#self.cycles]
  if last and at_ms < last.end_ms then return end
  local cycle = new_cycle(self.options, at_ms, policy, by)
  self.cycles[#self.cycles + 1] = cycle
  self.next_ms = math.max(cycle.at_ms + self.interval_ms, cycle.end_ms)
end

-- A suspended or disabled scheduler starts nothing; what it ran before stays in the history.
function Walk:schedule_until(at_ms)
  while self.next_ms < at_ms do
    local is_past = self.next_ms < self.epoch_ms
    if not is_past and (self.options.suspended or self.options.disabled) then return end
    self:add(self.next_ms, "Delta", is_past and "past" or "schedule")
  end
end

local function watched_starts(options, epoch_ms, starts)
  local all = {}
  for _, start in ipairs(starts) do
    all[#all + 1] = { at_ms = start.at_ms, policy = start.policy, by = "start", rank = 1 }
  end
  for _, seconds in ipairs(options.suspended and {} or options.foreign_starts) do
    all[#all + 1] = { at_ms = epoch_ms + ms(seconds), policy = "Delta", by = "foreign", rank = 2 }
  end
  table.sort(all, function(a, b)
    if a.at_ms ~= b.at_ms then return a.at_ms < b.at_ms end
    return a.rank < b.rank
  end)
  return all
end

local function number_runs(cycles)
  local numbers = { ad = 26000, entra = 26000 }
  for _, cycle in ipairs(cycles) do
    for _, run in ipairs(cycle.runs) do
      numbers[run.connector] = numbers[run.connector] + 1
      run.number = numbers[run.connector]
    end
  end
end

--- All cycles that were started until a moment, oldest first.
---@param options  idle.SimOptions
---@param epoch_ms integer  when the server came up
---@param starts   idle.SimStart[]  starts that were accepted, oldest first
---@param now_ms   integer
---@return idle.SimCycle[]
function timeline.cycles(options, epoch_ms, starts, now_ms)
  local interval_ms = ms(options.schedule_seconds)
  local first_ms = epoch_ms + interval_ms // 2 - texts.past_cycles * interval_ms
  local walk = setmetatable({ options = options, epoch_ms = epoch_ms, cycles = {}, interval_ms = interval_ms,
                              next_ms = first_ms }, Walk)
  for _, start in ipairs(watched_starts(options, epoch_ms, starts)) do
    if start.at_ms > now_ms then break end
    walk:schedule_until(start.at_ms)
    walk:add(start.at_ms, start.policy, start.by)
  end
  walk:schedule_until(now_ms + 1)
  number_runs(walk.cycles)
  return walk.cycles
end

--- Whether a start is refused at a moment, because the last cycle has not ended.
---@param cycles idle.SimCycle[]
---@param now_ms integer
---@return boolean
function timeline.is_busy(cycles, now_ms)
  return now_ms < cycles[#cycles].end_ms
end

--- The run that is under way.
---@param cycles idle.SimCycle[]
---@param now_ms integer
---@return idle.SimRun?
function timeline.current_run(cycles, now_ms)
  for _, run in ipairs(cycles[#cycles].runs) do
    if run.start_ms <= now_ms and now_ms < run.end_ms then return run end
  end
end

--- What SyncCycleInProgress says.
---@param options idle.SimOptions
---@param cycles  idle.SimCycle[]
---@param now_ms  integer
---@return boolean
function timeline.is_flag_up(options, cycles, now_ms)
  local last = cycles[#cycles]
  if now_ms < last.begin_ms or now_ms >= last.end_ms then return false end
  return options.flag_in_gaps or timeline.current_run(cycles, now_ms) ~= nil
end

--- The next scheduled start that is announced: it moves when a cycle ends, not when one begins.
---@param options idle.SimOptions
---@param cycles  idle.SimCycle[]
---@param now_ms  integer
---@return integer ms
function timeline.next_start_ms(options, cycles, now_ms)
  local last = #cycles
  if now_ms < cycles[last].end_ms then last = last - 1 end
  if last == 0 then return cycles[1].at_ms end
  return cycles[last].at_ms + ms(options.schedule_seconds)
end

--- The runs that the history shows, newest first; `is_complete` says whether they show as finished.
---@param options idle.SimOptions
---@param cycles  idle.SimCycle[]
---@param now_ms  integer
---@return { run: idle.SimRun, cycle: idle.SimCycle, is_complete: boolean }[]
function timeline.history(options, cycles, now_ms)
  local seen_ms = now_ms - ms(options.history_lag_seconds)
  local entries = {}
  for index = #cycles, 1, -1 do
    for position = #cycles[index].runs, 1, -1 do
      local run = cycles[index].runs[position]
      local is_complete = run.end_ms <= seen_ms
      if is_complete or (options.history_at == "begin" and run.start_ms <= seen_ms) then
        entries[#entries + 1] = { run = run, cycle = cycles[index], is_complete = is_complete }
      end
    end
  end
  return entries
end

return timeline
