--- The directory sync decision: when a cycle is started, and when it is
--- believed (DESIGN §6.2). A pure state machine: it is fed with looks, answers
--- and the time, and says what to do next.
local errors = require("idle.engine.errors")
local look_reader = require("idle.engine.sync_look")
local report = require("idle.engine.sync_report")
local results = require("idle.engine.sync_results")
local starting = require("idle.engine.sync_start")
local sync_baseline = require("idle.engine.sync_baseline")
local sync_history = require("idle.engine.sync_history")
local sync_watch = require("idle.engine.sync_watch")
local utc = require("idle.engine.utc")
local verdict = require("idle.engine.sync_verdict")

---@class idle.SyncOptions
---@field policy_type    "Delta"|"Initial"
---@field wait           boolean
---@field timeout        number   seconds for all of it
---@field poll_interval  number   seconds between looks while a cycle runs
---@field on_busy        "Wait"|"Fail"
---@field settle         number   seconds
---@field until_         "CycleEnd"|"Export"
---@field allow_disabled boolean
---@field baseline?      table    a former Data.Baseline
---@field expect?        string   DN
---@field random         fun(): number  from 0 up to 1
---@field now            number   monotonic seconds
---@field ignore_dates?  boolean  for specs: switches off the rule that makes rule 2 safe

---@class idle.SyncAction
---@field action   "look"|"start"|"sleep"|"details"|"done"
---@field seconds? number    sleep
---@field run_ids? string[]  details: entries whose steps are wanted, for counts and failed objects
---@field outcome? string    done
---@field kind?    string    done: of the error, nil = Completed
---@field message? string    done
---@field error?   idle.Error  done: what refused it
---@field is_warning? boolean  done
---@field data?    table     done

---@class idle.SyncStateMachine: idle.SyncOptions  sync_baseline, sync_start, sync_verdict and sync_report share it
---@field now              number   the latest moment it was told
---@field began            number
---@field deadline         number
---@field due              number   of the next look
---@field look_began       number
---@field history          idle.SyncHistory
---@field watch            idle.SyncWatch
---@field observations     table[]  the last looks, without their history
---@field look?            idle.SyncLook      the last readable one
---@field failures         integer            looks that failed, in a row
---@field last_failure?    idle.Error
---@field former?          table              the baseline among the options
---@field baseline?        idle.SyncBaseline  nil = not taken yet
---@field baseline_looks   integer            so many were tried for it
---@field is_trusted       boolean            the history can be read, and its dates can be believed
---@field was_history_read boolean            since the start was sent
---@field clock_skew?      number             seconds by which the server's clock is ahead
---@field last_clock?      number             of the server
---@field last_clock_at?   number             when it was read
---@field wants_start      boolean            the next action is a start
---@field start_at         number             no start before it
---@field attempts         integer            starts, refused ones included
---@field starts           integer            those that were not refused
---@field is_sent          boolean            there was one of these, now or in the former wait
---@field sent_clock?      number             the server's clock before it
---@field accepted_utc?    string
---@field doubt?           string             why it is not certain that it was accepted
---@field refusal?         idle.Error         of the last start, if it was refused, but not as busy
---@field busy_since?      number             the start waits its turn since then
---@field busy_until?      number
---@field busy_utc?        string             the server's clock at busy_since
---@field busy_connector?  string
---@field carrier_key?     idle.SyncRun       of the carrier that is followed
---@field next_start_at_carrier? string       when it was first seen
---@field review?          idle.SyncReview    of its cycle
---@field ending?          idle.SyncEnding
---@field had_details?     boolean            the steps of its runs were asked for
local Machine = {}
Machine.__index = Machine

local sync_cycle = {}

local SETTLING_PAUSE = 2

-- Looks that keep failing must not hammer the server, nor leave too long unobserved.
local FAILED_PAUSE = 10
local CLOCK_SLACK = 2
local KEPT_LOOKS = 20

-- Before anything is known of a server, so many failures in a row are not a passing trouble.
local FIRST_FAILURES = 3

local LOOK, START = { action = "look" }, { action = "start" }

---@param options idle.SyncOptions
---@return idle.SyncStateMachine
function sync_cycle.new(options)
  local machine = setmetatable({
    history = sync_history.new(options.policy_type),
    watch = sync_watch.new(),
    observations = {},
    began = options.now, now = options.now, due = options.now, look_began = options.now,
    deadline = options.now + options.timeout,
    failures = 0, baseline_looks = 0, starts = 0, attempts = 0, start_at = options.now,
    is_trusted = false, is_sent = false, was_history_read = false, wants_start = false,
  }, Machine)
  for name, option in pairs(options) do
    if name ~= "now" and name ~= "baseline" then machine[name] = option end
  end
  machine.former = options.baseline
  machine.history.ignores_dates = options.ignore_dates
  return machine
end

-- A clock that goes back must not stretch a deadline.
local function tick(self, now)
  self.now = math.max(self.now, now)
  return self.now
end

function Machine:wanted_details()
  local ids = {}
  if not self.is_trusted or not self.history.carrier then return ids end
  for _, run in ipairs(self.history.carrier.runs) do
    local is_counted = (run.kind == "ad" and run.act == "import") or (run.kind == "entra" and run.act == "export")
    local is_troubled = results.class_of(run.result) ~= "ok"
    if run.is_complete and (is_counted or is_troubled) and not results.has_steps(run) then ids[#ids + 1] = run.id end
  end
  return ids
end

function Machine:done(now)
  if not self.had_details and now < self.deadline then
    local ids = self:wanted_details()
    self.had_details = true
    if ids[1] then return { action = "details", run_ids = ids } end
  end
  local ending = self.ending
  return {
    action = "done", outcome = ending.outcome, kind = ending.kind, message = ending.message, error = ending.error,
    is_warning = ending.is_warning, data = report.data(self),
  }
end

--- What is to be done now. Asking twice changes nothing.
---@param now number
---@return idle.SyncAction
function Machine:next(now)
  now = tick(self, now)
  if not self.ending and now >= self.deadline then self.ending = verdict.at_deadline(self) end
  if self.ending then return self:done(now) end
  if self.wants_start then return START end
  if now >= self.due then
    self.look_began = now
    return LOOK
  end
  return { action = "sleep", seconds = math.min(self.due, self.deadline) - now }
end

-- Without the history: it would be kept twenty times over.
local function keep(self, look)
  local looks, runs = self.observations, look.runs
  looks[#looks + 1] = {
    at = look.at, error = look.error, up = look.up, next_start = look.next_start, clock = look.clock,
    run_count = runs and #runs, newest = runs and runs[1],
  }
  if #looks > KEPT_LOOKS then table.remove(looks, 1) end
end

--- Whether the start must wait for somebody else.
---@return boolean
function Machine:is_waiting_turn()
  return self.busy_since ~= nil and not self.busy_until and not self.ending
end

--- Whether there is a cycle to wait for.
---@return boolean
function Machine:has_cycle()
  return self.is_sent or (self.is_trusted and self.history.carrier ~= nil)
end

-- Rule 9: seldom while somebody runs, often while the end may show at any moment.
local function schedule(self, now)
  local is_waiting_turn = self:is_waiting_turn()
  local pause = SETTLING_PAUSE
  if self.watch.up or is_waiting_turn then
    pause = self.poll_interval
  elseif self.failures >= FIRST_FAILURES then
    pause = math.max(pause, math.min(self.poll_interval, FAILED_PAUSE))
  end
  self.due = now + pause
  if is_waiting_turn and self.start_at > now then self.due = math.min(self.due, self.start_at) end
end

-- Whether somebody set the server's clock back: then dates no longer tell what
-- was first. From the end of the last look to the beginning of this one it must
-- have gone as far as ours. One that stands still tells nothing.
local function is_set_back(self, clock)
  local before = self.last_clock
  if not (clock and before) or clock == before then return false end
  return clock - before < self.look_began - self.last_clock_at - CLOCK_SLACK
end

local function follow_clock(self, look)
  local clock = utc.parse(look.clock)
  if is_set_back(self, clock) then self.is_trusted = false end
  if clock then self.last_clock, self.last_clock_at = clock, look.at end
end

local function follow_carrier(self, carrier, has_changed)
  if carrier.key ~= self.carrier_key then
    self.carrier_key, self.next_start_at_carrier = carrier.key, self.watch.next_start
    self:stop_waiting_turn()
  elseif not has_changed then
    return
  end
  self.review = results.review(carrier)
end

local function decide(self, now, has_changed)
  if self.history.is_implausible then self.is_trusted = false end
  local carrier = self.is_trusted and self.history.carrier
  if carrier then follow_carrier(self, carrier, has_changed) end
  if not self.is_sent and not carrier then
    starting.consider(self, now)
  elseif not self.wait then
    self.ending = starting.not_waited(self)
  else
    self.ending = verdict.of_look(self, now)
  end
end

--- Takes in what a provider's GetSyncCycleState answered.
---@param now    number
---@param answer any
---@param wall?  string  the local clock, to report how far the server's is off
---@param since? string  the local clock before the look; default: as `wall`
function Machine:saw(now, answer, wall, since)
  now = tick(self, now)
  local look = look_reader.read(answer)
  look.at = now
  keep(self, look)
  if not look.is_readable then
    self.watch:missed()
    return schedule(self, now)
  end
  self.look, self.failures = look, 0
  follow_clock(self, look)
  self.history:learn(look.details.Connectors)
  local has_changed = look.runs ~= nil and self.history:merge(look.runs, look.clock)
  self.was_history_read = self.was_history_read or look.runs ~= nil
  if self.baseline or sync_baseline.take(self, look, wall, since) then
    self.watch:saw(now, look, has_changed)
    decide(self, now, has_changed)
  end
  schedule(self, now)
end

--- Takes in that a look failed. After a start nothing but the deadline ends the
--- wait: the cycle goes on, whether we can see it or not.
---@param now number
---@param err idle.Error
function Machine:look_failed(now, err)
  now = tick(self, now)
  keep(self, { at = now, error = errors.escape(tostring(err)) })
  self.watch:missed()
  self.failures, self.last_failure = self.failures + 1, err
  local is_hopeless = starting.is_refusal(err) or (not self.baseline and self.failures >= FIRST_FAILURES)
  if is_hopeless and not self:has_cycle() then
    self.ending = { kind = err.kind, message = err.message, error = err }
  end
  schedule(self, now)
end

--- Takes in the answer to a start.
---@param now    number
---@param answer any          of StartSyncCycle
---@param err?   idle.Error   what it raised
---@param wall?  string       the local clock
---@return "accepted"|"maybe"|"busy"|"refused"
function Machine:answered(now, answer, err, wall)
  now = tick(self, now)
  self.wants_start, self.attempts = false, self.attempts + 1
  local verdict_of_answer = starting.judge(answer, err)
  if verdict_of_answer == "accepted" or verdict_of_answer == "maybe" then
    self.doubt = verdict_of_answer == "maybe" and starting.doubt(answer, err) or nil
    starting.sent(self, now, verdict_of_answer == "accepted" and "yes" or "maybe", wall)
    self.due = now
  else
    starting.not_sent(self, now, verdict_of_answer, err)
    schedule(self, now)
  end
  return verdict_of_answer
end

--- Takes in the entries that a `details` action asked for.
---@param runs? table[]
function Machine:saw_details(runs)
  for _, raw in ipairs(runs or {}) do
    local run = type(raw) == "table" and self.history.by_id[raw.RunHistoryId]
    if run then run.raw = raw end
  end
end

--- The server's clock now, as far as the last look tells; never later than it is.
---@param now number
---@return number? seconds since 1970
function Machine:server_clock(now)
  local clock = self.look and utc.parse(self.look.clock)
  return clock and clock + (now - self.look.at)
end

--- The start no longer waits its turn: it was sent, or is not needed.
function Machine:stop_waiting_turn()
  if self.busy_since and not self.busy_until then self.busy_until = self.now end
end

---@return number seconds that the start waited its turn
function Machine:busy_seconds()
  return self.busy_since and (self.busy_until or self.now) - self.busy_since or 0
end

---@return string  "sync server 'X' is busy: …"
function Machine:who_is_busy()
  return report.busy_words(self.baseline and self.baseline.Server, self:busy())
end

--- The run that is seen to be under way.
---@return { Connector?: string, RunProfile?: string, SinceUtc?: string }
function Machine:running()
  return report.running(self.history)
end

--- Who keeps the start waiting.
---@return { Connector?: string, RunProfile?: string, SinceUtc?: string }
function Machine:busy()
  local running = self:running()
  if running.Connector then return running end
  return { Connector = self.busy_connector, SinceUtc = self.busy_utc }
end

return sync_cycle
