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

-- The last scheduled cycle of the past began half an interval ago. It has ended, however long the cycles are to last:
-- a server that comes up has nothing to do. So those of the past may be shorter.
local PAST_SHARE = 0.9

local function pace_of(options, by)
  if by ~= "past" then return 1 end
  local seconds = options.start_delay_seconds + options.cycle_seconds + options.gap_seconds * (#texts.runs - 1)
  return math.min(1, PAST_SHARE * options.schedule_seconds / 2 / seconds)
end

local function new_cycle(options, at_ms, policy, by)
  local pace = pace_of(options, by)
  local from = at_ms + ms(options.start_delay_seconds * pace)
  local cycle = { at_ms = at_ms, begin_ms = from, policy = policy, by = by, runs = {} }
  for _, run in ipairs(texts.runs) do
    if has_run(options, run.kind, by) then
      local to = from + ms(options.cycle_seconds * run.share * pace)
      cycle.runs[#cycle.runs + 1] = { name = run.name, connector = run.connector, kind = run.kind, start_ms = from,
                                      end_ms = to, result = result_of(options, run.name, by) }
      from = to + ms(options.gap_seconds * pace)
    end
  end
  cycle.end_ms = cycle.runs[#cycle.runs].end_ms
  return cycle
end

---@class idle.SimWalk  goes from start to start; the schedule is re-based by every cycle, when it has ended
---@field cycles     idle.SimCycle[]  oldest first
---@field now_ms     integer   how far it went
---@field package options     idle.SimOptions
---@field package epoch_ms    integer
---@field package interval_ms integer
---@field package next_ms     integer    of the schedule
---@field package foreign     integer[]  moments at which somebody else starts a cycle, in their order
---@field package taken       integer    accepted starts that it has passed
---@field package passed      integer    foreign ones
---@field package numbers     table<string, integer>
local Walk = {}
Walk.__index = Walk

function Walk:number_runs(cycle)
  for _, run in ipairs(cycle.runs) do
    self.numbers[run.connector] = self.numbers[run.connector] + 1
    run.number = self.numbers[run.connector]
  end
end

-- A start during a cycle is refused, whoever asks.
function Walk:add(at_ms, policy, by)
  local last = self.cycles[#self.cycles]
  if last and at_ms < last.end_ms then return end
  local cycle = new_cycle(self.options, at_ms, policy, by)
  self:number_runs(cycle)
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

-- The next start that somebody made until a moment; of two at once, the one that was accepted.
function Walk:take_start(starts, now_ms)
  local start, foreign_ms = starts[self.taken + 1], self.foreign[self.passed + 1]
  if start and start.at_ms <= now_ms and not (foreign_ms and foreign_ms < start.at_ms) then
    self.taken = self.taken + 1
    return start.at_ms, start.policy, "start"
  elseif foreign_ms and foreign_ms <= now_ms then
    self.passed = self.passed + 1
    return foreign_ms, "Delta", "foreign"
  end
end

--- Goes on to a moment, which is not before the last one.
---@param starts idle.SimStart[]  starts that were accepted, oldest first; none of them is new before that moment
---@param now_ms integer
---@return idle.SimCycle[] cycles  all that were started until then, oldest first
function Walk:go(starts, now_ms)
  local at_ms, policy, by = self:take_start(starts, now_ms)
  while at_ms do
    self:schedule_until(at_ms)
    self:add(at_ms, policy, by)
    at_ms, policy, by = self:take_start(starts, now_ms)
  end
  self:schedule_until(now_ms + 1)
  self.now_ms = now_ms
  return self.cycles
end

local function foreign_starts(options, epoch_ms)
  local moments = {}
  if options.suspended then return moments end
  for index, seconds in ipairs(options.foreign_starts) do moments[index] = epoch_ms + ms(seconds) end
  table.sort(moments)
  return moments
end

---@param options  idle.SimOptions
---@param epoch_ms integer  when the server came up
---@return idle.SimWalk
function timeline.new(options, epoch_ms)
  local interval_ms = ms(options.schedule_seconds)
  return setmetatable({
    options = options, epoch_ms = epoch_ms, interval_ms = interval_ms, cycles = {}, now_ms = math.mininteger,
    next_ms = epoch_ms + interval_ms // 2 - options.past_cycles * interval_ms,
    foreign = foreign_starts(options, epoch_ms), taken = 0, passed = 0, numbers = { ad = 26000, entra = 26000 },
  }, Walk)
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

--- Until when the history shows the same, if no other cycle starts.
---@param options idle.SimOptions
---@param cycles  idle.SimCycle[]
---@param now_ms  integer
---@return number ms
function timeline.history_changes_ms(options, cycles, now_ms)
  local lag_ms, changes_ms = ms(options.history_lag_seconds), math.huge
  for index = #cycles, 1, -1 do
    if cycles[index].end_ms + lag_ms <= now_ms then break end
    for _, run in ipairs(cycles[index].runs) do
      if run.end_ms + lag_ms > now_ms then changes_ms = math.min(changes_ms, run.end_ms + lag_ms) end
      if run.start_ms + lag_ms > now_ms then changes_ms = math.min(changes_ms, run.start_ms + lag_ms) end
    end
  end
  return changes_ms
end

--- Walks through the runs that the history shows, newest first.
---@param options idle.SimOptions
---@param cycles  idle.SimCycle[]
---@param now_ms  integer
---@return fun(): idle.SimRun?, idle.SimCycle?, boolean?  the last one says whether the run shows as finished
function timeline.history(options, cycles, now_ms)
  local seen_ms, begins = now_ms - ms(options.history_lag_seconds), options.history_at == "begin"
  local index, position = #cycles, #cycles > 0 and #cycles[#cycles].runs or 0
  return function()
    while index > 0 do
      local cycle = cycles[index]
      local run = cycle.runs[position]
      position = position - 1
      if position == 0 then
        index = index - 1
        position = index > 0 and #cycles[index].runs or 0
      end
      local is_complete = run.end_ms <= seen_ms
      if is_complete or (begins and run.start_ms <= seen_ms) then return run, cycle, is_complete end
    end
  end
end

return timeline
