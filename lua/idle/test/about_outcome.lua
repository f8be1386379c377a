--- `assert.outcome(result[, step], "Success")`: what became of a directory sync.
local errors = require("idle.engine.errors")
local matching = require("idle.test.matching")
local place = require("idle.test.place")
local suggest = require("idle.engine.suggest")

local about_outcome = {}

-- DESIGN §6.2.
local OUTCOMES = {
  "Success", "CompletedWithErrors", "Unverified", "NoExport", "NotWaited", "Busy", "Failed", "NotObserved", "Timeout",
}
local SYNC = "IdLE.Step.TriggerDirectorySync"
local MAX_LOOKS = 6

local function data_of(source)
  local data = source.Data or source.data
  return type(data) == "table" and data or {}
end

-- The steps of a run that have an outcome, and those that would have one had they come so far.
local function syncs_of(result, name)
  local found = {}
  for _, record in ipairs(result.Steps) do
    local is_sync = record.Type == SYNC or data_of(record).Outcome ~= nil
    if name and record.Name == name or not name and is_sync and (record.Attempts or 0) > 0 then
      found[#found + 1] = record
    end
  end
  return found
end

local function step_names(result)
  local names = {}
  for index, record in ipairs(result.Steps) do names[index] = tostring(record.Name) end
  return names
end

-- Anything else has no outcome, and would not have had another one either.
local function is_source(v)
  return type(v) == "table" and (v.Steps or v.Status or v.Data or v.data or v.kind) ~= nil
end

local function sources_of(source, name)
  if not is_source(source) then
    place.raise(("outcome: the first argument must be the result of a step or a run, or an error; got %s"):format(
      matching.show_given(source)))
  elseif type(source.Steps) ~= "table" then
    return { source }
  end
  local found, names = syncs_of(source, name), step_names(source)
  if found[1] then return found end
  place.raise(name and ("outcome: the run has no step '%s'%s"):format(errors.escape(name), suggest.hint(name, names))
    or ("outcome: no step of this run has an outcome; its steps: %s"):format(table.concat(names, ", ")))
end

local function check_outcome(expected)
  if type(expected) ~= "string" then
    place.raise(("outcome: the expected outcome must be a text, got %s"):format(matching.show(expected)))
  end
  local nearest = suggest.nearest(expected, OUTCOMES)
  if nearest and nearest ~= expected then
    place.raise(("outcome: there is no outcome '%s'; did you mean '%s'?"):format(errors.escape(expected), nearest))
  end
end

local function describe_look(look)
  local parts = {}
  for _, name in ipairs({ "State", "Newest", "Error" }) do parts[#parts + 1] = look[name] end
  return ("  at %s s: %s"):format(tostring(look.AtSeconds), errors.escape(table.concat(parts, ", ")))
end

-- What explains an outcome: the error, and what was seen last.
local function explain(source)
  local data, lines = data_of(source), {}
  local message = source.Error or source.message
  local kind = source.ErrorKind or source.kind
  if message then lines[1] = ("%s (%s)"):format(errors.escape(tostring(message)), tostring(kind)) end
  local looks = type(data.Observations) == "table" and data.Observations or {}
  if looks[1] then lines[#lines + 1] = "The last looks:" end
  for index = math.max(1, #looks - MAX_LOOKS + 1), #looks do lines[#lines + 1] = describe_look(looks[index]) end
  return lines[1] and "\n" .. table.concat(lines, "\n") or ""
end

local function whose(source) return source.Name and (" of step '%s'"):format(errors.escape(source.Name)) or "" end

--- Whether a directory sync had this outcome; in a run all of them, or the step of that name.
---@param source   table   the result of a step or of a run, or the error that a sync raised
---@param step     string  name of a step; may be left out
---@param expected string
---@return boolean holds
---@return string  if_not
---@return string  if_so
function about_outcome.outcome(source, step, expected)
  if expected == nil then step, expected = nil, step end
  check_outcome(expected)
  for _, found in ipairs(sources_of(source, step)) do
    local outcome = data_of(found).Outcome
    if outcome ~= expected then
      return false, ("Expected the outcome '%s'%s, got %s.%s"):format(expected, whose(found),
        outcome and ("'%s'"):format(tostring(outcome)) or "none", explain(found)), ""
    end
  end
  return true, "", ("Did not expect the outcome '%s', but it is."):format(expected)
end

return about_outcome
