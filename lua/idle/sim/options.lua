--- The options of the simulated sync server: names, defaults, and what they may hold.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local parameter = require("idle.engine.parameter")
local suggest = require("idle.engine.suggest")
local texts = require("idle.sim.texts")
local value = require("idle.engine.value")

local options = {}

---@class idle.SimOptions
---@field cycle_seconds       number   work of a cycle's runs, the pauses between them not counted
---@field start_delay_seconds number   from the accepted start until the cycle shows
---@field gap_seconds         number   pause between two runs of a cycle
---@field flag_in_gaps        boolean  whether SyncCycleInProgress stays true in the pauses
---@field pending_export      boolean  false: nothing to export, so no export run is recorded
---@field result              table<string, string>  by run: ["Entra Export"] = "completed-export-errors"
---@field busy_starts         integer  how many starts are refused first
---@field staging             boolean
---@field suspended           boolean
---@field disabled            boolean
---@field history             boolean  false: reading the run history is denied
---@field old_server          boolean  true: the scheduler has no SyncCycleInProgress
---@field rights              boolean  false: every command of the module is denied
---@field module              boolean  false: the module is not installed
---@field schedule_seconds    number   interval of the scheduled cycles; the first one comes after half of it
---@field past_cycles         integer  scheduled cycles that ran before the server came up; nine fill the 50 entries
---                                     that a look asks for
---@field foreign_starts      number[] seconds after the server came up (negative: before) at which
---                                    somebody else starts a cycle
---@field history_at          "begin"|"end" when an entry appears
---@field history_lag_seconds number   by how much the history is behind
---@field clock_skew_seconds  number   by how much the server's clock is ahead
---@field latency_seconds     number   what the way there and back takes
---@field faults              idle.SimFault[]
---@field noise               boolean  only behind `sim powershell`: banners on stdout, CLIXML on stderr
---@field language_mode       string   only behind `sim powershell`

---@class idle.SimFault
---@field command string
---@field nth?    integer  which call of the command; default 1
---@field fault   "lose_answer"|"transient"|"null"|"hang"|"exit"

local function is_number(v) return type(v) == "number" and v == v and v < math.huge and v > -math.huge end
local function is_duration(v) return is_number(v) and v >= 0 end
local function is_count(v) return math.type(v) == "integer" and v >= 0 end
local function is_positive_count(v) return is_count(v) and v > 0 end

local function one_of(words)
  return function(v)
    for _, word in ipairs(words) do
      if v == word then return true end
    end
    return false, "one of " .. table.concat(words, ", ")
  end
end

local function is_list_of_numbers(v)
  if type(v) ~= "table" then return false end
  for _, number in ipairs(v) do
    if not is_number(number) then return false end
  end
  return #v > 0 or next(v) == nil
end

local run_names = {}
for index, run in ipairs(texts.runs) do run_names[index] = run.name end

local is_result = one_of(texts.results)

local function is_result_map(v)
  if type(v) ~= "table" then return false end
  for _, name in ipairs(data.sorted_keys(v)) do
    local result = v[name]
    if not one_of(run_names)(name) then
      return false, ("results by run name (%s); '%s' is none%s"):format(table.concat(run_names, ", "), tostring(name),
        suggest.hint(tostring(name), run_names))
    elseif not is_result(result) then
      return false, ("known results; '%s' is none%s"):format(tostring(result),
        suggest.hint(tostring(result), texts.results))
    end
  end
  return true
end

--- What may happen to the answer of a command.
options.fault_words = { "lose_answer", "transient", "null", "hang", "exit" }
local is_fault_word = one_of(options.fault_words)

local function is_fault(fault)
  return type(fault) == "table" and type(fault.command) == "string" and is_fault_word(fault.fault)
    and (fault.nth == nil or is_positive_count(fault.nth))
end

local function is_fault_list(v)
  if type(v) ~= "table" or (next(v) ~= nil and not value.is_sequence(v)) then return false end
  for _, fault in ipairs(v) do
    if not is_fault(fault) then return false end
  end
  return true
end

local function is_boolean(v) return type(v) == "boolean" end

local DURATION = { is_duration, "a number of seconds, 0 or more" }
local SECONDS = { is_number, "a number of seconds" }
local BOOLEAN = { is_boolean, "true or false" }
local FAULT_LIST = { is_fault_list, "a list of { command = …, nth = 1, fault = "
  .. table.concat(options.fault_words, " | ") .. " }" }

-- name → { default, { check, what it must be } }
local OPTIONS = {
  cycle_seconds = { 8, { function(v) return is_duration(v) and v > 0 end, "a number of seconds above 0" } },
  start_delay_seconds = { 1, DURATION },
  gap_seconds = { 0.5, DURATION },
  flag_in_gaps = { true, BOOLEAN },
  pending_export = { true, BOOLEAN },
  result = { {}, { is_result_map, "a table" } },
  busy_starts = { 0, { is_count, "a whole number, 0 or more" } },
  staging = { false, BOOLEAN },
  suspended = { false, BOOLEAN },
  disabled = { false, BOOLEAN },
  history = { true, BOOLEAN },
  old_server = { false, BOOLEAN },
  rights = { true, BOOLEAN },
  module = { true, BOOLEAN },
  schedule_seconds = { 1800, { function(v) return is_duration(v) and v >= 1 end, "a number of seconds, 1 or more" } },
  past_cycles = { 1, { is_positive_count, "a whole number, 1 or more" } },
  foreign_starts = { {}, { is_list_of_numbers, "a list of seconds" } },
  history_at = { "begin", { one_of({ "begin", "end" }), "" } },
  history_lag_seconds = { 0, DURATION },
  clock_skew_seconds = { 0, SECONDS },
  latency_seconds = { 0, DURATION },
  faults = { {}, FAULT_LIST },
}

local PROCESS_OPTIONS = {
  noise = { false, BOOLEAN },
  language_mode = { "FullLanguage",
    { one_of({ "FullLanguage", "ConstrainedLanguage", "RestrictedLanguage", "NoLanguage" }), "" } },
}

local function known_names(with_process_options)
  local names = {}
  for name in pairs(OPTIONS) do names[#names + 1] = name end
  for name in pairs(with_process_options and PROCESS_OPTIONS or {}) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function check_value(name, option, given)
  local is_right, what = option[2][1](given)
  if is_right then return end
  local got = type(given) == "table" and "" or ", got " .. parameter.show(given)
  errors.raise("input.option", ("simulator option '%s' must be %s%s"):format(name, what or option[2][2], got))
end

--- Checks options and fills in the defaults.
---@param given? table
---@param with_process_options? boolean  also those of a simulated powershell.exe
---@return idle.SimOptions
function options.complete(given, with_process_options)
  local complete = {}
  if given ~= nil and type(given) ~= "table" then
    errors.raise("input.option", "the options of the simulator must be a table, got " .. parameter.kind(given))
  end
  for _, name in ipairs(known_names(with_process_options)) do
    complete[name] = (OPTIONS[name] or PROCESS_OPTIONS[name])[1]
  end
  for _, name in ipairs(data.sorted_keys(given or {})) do
    local v = given[name]
    local option = OPTIONS[name] or (with_process_options and PROCESS_OPTIONS[name])
    if not option then
      local hint = PROCESS_OPTIONS[name] and "; it is only behind 'sim sshd'"
        or suggest.hint(tostring(name), known_names(with_process_options))
      errors.raise("input.option", ("unknown simulator option '%s'%s"):format(errors.escape(tostring(name)), hint))
    end
    check_value(name, option, v)
    complete[name] = v
  end
  return complete
end

--- Reads a setting of the command line, `name=value`; the value is JSON, or else a plain word.
---@param text string
---@return string name
---@return any    v
function options.parse_setting(text)
  local name, word = text:match("^([%w_]+)=(.*)$")
  if not name then
    errors.raise("input.option", ("'%s' is no setting; one looks like busy_starts=2"):format(errors.escape(text)))
  end
  local v = require("idle.json").decode(word)
  if v == nil then v = word end
  return name, v
end

return options
