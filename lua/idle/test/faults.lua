--- Everything that the simulated sync server can have go wrong, one fault each, and what a correct flow may make of it.
--- All of it follows from what the simulator itself knows: an option, a result or a fault of a command that is added
--- there is one here, too.
local data = require("idle.engine.data")
local options_of = require("idle.sim.options")
local sync_results = require("idle.engine.sync_results")
local texts = require("idle.sim.texts")

local faults = {}

---@class idle.test.Fault
---@field name     string   the same in every run; `only` takes it
---@field expected "completes"|"fails"|"either"  a correct flow: ends well, though perhaps later; must not; may, as its
---                         settings have it or as luck has it, but if it does, then its change was exported
---@field options  table    of the simulator, on top of the spec's own
---@field kind?    string   one word for all that spoil answers in this way, such as "lose_answer"
---@field command? string   whose answer is spoilt
---@field number?  integer  which call of it

-- Longer than anybody waits, and shorter than half the time between two scheduled cycles, which it delays, too.
local NEVER, DAY = 11 * 3600, 24 * 3600

-- Of each option, the settings that make trouble. One that has none here is turned over if it is a switch; a
-- spec sees to it that others have.
-- name, value, what is expected, and further options
---@type table<string, { [1]: string, [2]: any, [3]: string, [4]: table? }[]>
local TROUBLES = {
  cycle_seconds = { { "slow cycle", 240, "completes" }, { "quick cycle", 0.2, "completes" } },
  start_delay_seconds = {
    { "cycle shows a minute after its start", 60, "completes" },
    { "cycle never seen after its start", NEVER, "either", { schedule_seconds = DAY } },
  },
  gap_seconds = {
    { "pauses of half a minute", 27, "completes" },
    { "pauses of half a minute, flag down", 27, "completes", { flag_in_gaps = false } },
  },
  flag_in_gaps = { { "flag down in the pauses", false, "completes" } },
  pending_export = { { "nothing to export", false, "either" } },
  busy_starts = { { "busy once", 1, "completes" }, { "busy thrice", 3, "completes" } },
  staging = { { "staging mode", true, "fails" } },
  suspended = { { "scheduler suspended", true, "fails" } },
  disabled = { { "sync disabled", true, "either" } },
  history = { { "history denied", false, "either" } },
  old_server = { { "old server, without a flag", true, "completes" } },
  rights = { { "no rights", false, "fails" } },
  module = { { "module missing", false, "fails" } },
  schedule_seconds = { { "scheduled cycles all the time", 60, "completes" } },
  past_cycles = { { "long history", 9, "completes" } },
  foreign_starts = {
    { "somebody else's cycle runs", { -3 }, "completes" },
    { "somebody else starts at the same moment", { 0 }, "completes" },
    { "somebody else starts right after", { 2, 12 }, "completes" },
  },
  history_at = { { "history shows what is over", "end", "completes" } },
  history_lag_seconds = { { "history is late", 20, "completes" } },
  clock_skew_seconds = { { "clock is ahead", 3600, "completes" }, { "clock is behind", -3600, "completes" } },
  latency_seconds = { { "slow line", 3, "completes" } },
  -- Each of these makes many faults.
  result = {},
  faults = {},
}

local function with(options, name, v)
  local all = { [name] = v }
  for key, field in pairs(options or {}) do all[key] = field end
  return all
end

local function of_options(list)
  local defaults = options_of.complete()
  for _, name in ipairs(data.sorted_keys(defaults)) do
    local rows = TROUBLES[name]
    if not rows and type(defaults[name]) == "boolean" then
      rows = { { ("%s = %s"):format(name, not defaults[name]), not defaults[name], "either" } }
    end
    for _, row in ipairs(rows or {}) do
      list[#list + 1] = { name = row[1], expected = row[3], options = with(row[4], name, row[2]) }
    end
  end
end

local EXPECTED = { ok = "completes", noted = "either", failed = "fails" }

-- A run that comes after the export, or before it from the other side, does not keep the change from its way.
local function is_decisive(run)
  return run.kind == "Synchronization" or (run.connector == "ad") == (run.kind == "Import")
end

local function of_result(run, result)
  local expected = EXPECTED[sync_results.class_of(result)]
  if expected == "fails" and not is_decisive(run) then expected = "either" end
  return { name = ("%s: %s"):format(run.name, result), expected = expected,
           options = { result = { [run.name] = result } } }
end

-- The export ends in every way there is; each other run in one way of each class.
local function of_results(list)
  for _, run in ipairs(texts.runs) do
    local seen = {}
    for _, result in ipairs(texts.results) do
      local class = sync_results.class_of(result)
      if result ~= "success" and (run.name == "Entra Export" or not seen[class]) then
        seen[class] = true
        list[#list + 1] = of_result(run, result)
      end
    end
  end
end

--- The faults that are there whatever the flow does.
---@return idle.test.Fault[]
function faults.of_server()
  local list = {}
  of_options(list)
  of_results(list)
  return list
end

--- The words for what may happen to the answer of a command.
---@return string[]
function faults.words() return options_of.fault_words end

local START = "start-adsyncsynccycle"

-- A start that did not take effect, though nobody knows, is in doubt for good; without the server's clock a wait ends
-- unverified. Everything else can be asked again.
local function expected_of(command, word)
  command = command:lower()
  if command == "get-date" then return "either" end
  if command ~= START then return "completes" end
  return (word == "lose_answer" or word == "null") and "completes" or "either"
end

--- The fault that spoils one answer.
---@param word    string
---@param command string
---@param number  integer  which call of the command
---@return idle.test.Fault
function faults.of_command(word, command, number)
  return {
    name = ("%s: %s #%d"):format(word, command, number), expected = expected_of(command, word),
    options = { faults = { { command = command, nth = number, fault = word } } }, kind = word, command = command,
    number = number,
  }
end

-- Of each command the first call, the first behind each start, and the last; of a start every call.
local function choose(calls, every)
  local counts, chosen, is_due = {}, {}, {}
  local function take(command, number)
    local list = chosen[command] or {}
    chosen[command] = list
    if list[#list] ~= number then list[#list + 1] = number end
  end
  for _, command in ipairs(calls) do
    local is_start = command:lower() == START
    counts[command] = (counts[command] or 0) + 1
    if every or is_start or counts[command] == 1 or is_due[command] then take(command, counts[command]) end
    is_due[command] = nil
    for known in pairs(is_start and counts or {}) do is_due[known] = true end
  end
  for command, count in pairs(counts) do take(command, count) end
  return chosen
end

--- The faults that spoil answers which a flow has asked for.
---@param word   string
---@param calls  string[]   the commands of a run without a fault, in order
---@param every? boolean    all calls; else the first of each command, the first behind each start, and the last
---@return idle.test.Fault[]
function faults.of_calls(word, calls, every)
  local list, chosen = {}, choose(calls, every)
  for _, command in ipairs(data.sorted_keys(chosen)) do
    for _, number in ipairs(chosen[command]) do list[#list + 1] = faults.of_command(word, command, number) end
  end
  return list
end

--- The fault of a name, if it is one that spoils an answer.
---@param name string
---@return idle.test.Fault?
function faults.find_of_command(name)
  local word, command, number = name:match("^([%w_]+): ([%w-]+) #(%d+)$")
  for _, known in ipairs(faults.words()) do
    if word == known then return faults.of_command(word, command, math.tointeger(tonumber(number))) end
  end
end

return faults
