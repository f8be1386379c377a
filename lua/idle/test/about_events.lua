--- `assert.events(result_or_sink, { "RunStarted", { Type = "StepFailed", Data = { ErrorKind = "sync.busy" } } })`.
local errors = require("idle.engine.errors")
local matching = require("idle.test.matching")
local place = require("idle.test.place")

local about_events = {}

local MAX_SHOWN = 20

local function events_of(source)
  if type(source) == "table" then
    if type(source.Events) == "table" then return source.Events end
    if source[1] ~= nil and type(source[1]) == "table" and source[1].Type or next(source) == nil then return source end
  end
  place.raise(("events: the first argument must be the result of a run, a recording sink or a list of events, got %s")
    :format(matching.show_given(source)))
end

local function fields_of(expected)
  return type(expected) == "string" and { Type = expected } or expected
end

local function find(events, expected, from)
  for index = from, #events do
    if not matching.difference(fields_of(expected), events[index]) then return index end
  end
end

-- Where each of the expected events was found, up to the first that was not.
local function find_all(events, expected)
  local found, from = {}, 1
  for position, wanted in ipairs(expected) do
    local index = find(events, wanted, from)
    if not index then break end
    found[position], from = index, index + 1
  end
  return found
end

local function show(expected) return type(expected) == "string" and expected or matching.show(expected) end

local function describe_expected(expected, found)
  local lines = {}
  for position, wanted in ipairs(expected) do
    local mark, note = " ", ""
    if found[position] then note = ("  (event %d)"):format(found[position]) end
    if position == #found + 1 then mark, note = "*", "  (not found)" end
    lines[position] = ("%s %d. %s%s"):format(mark, position, show(wanted), note)
  end
  return table.concat(lines, "\n")
end

local function describe(index, event, note)
  local text = ("  %d. %s"):format(index, errors.escape(tostring(event.Type)))
  if event.StepName and event.StepName ~= "" then text = ("%s '%s'"):format(text, errors.escape(event.StepName)) end
  return note and ("%s  (%s)"):format(text, note) or text
end

-- What came in the place of an event; those of its type show how they differ.
local function describe_rest(events, from, wanted)
  local lines, fields = {}, fields_of(wanted)
  for index = from, #events do
    local event = events[index]
    local note = event.Type == fields.Type and matching.difference(fields, event) or nil
    if note or #lines < MAX_SHOWN then lines[#lines + 1] = describe(index, event, note) end
  end
  local left_off = #events - from + 1 - #lines
  if left_off > 0 then lines[#lines + 1] = ("  … and %d more"):format(left_off) end
  return lines[1] and table.concat(lines, "\n") or "  none"
end

local function failure(events, expected, found)
  local wanted, last = expected[#found + 1], found[#found] or 0
  local text = ("Expected these events, in this order:\n%s\n%s\n%s"):format(describe_expected(expected, found),
    last > 0 and ("After event %d came:"):format(last) or "There were:", describe_rest(events, last + 1, wanted))
  local earlier = find(events, wanted, 1)
  if not earlier then return text end
  return ("%s\nIt came earlier, as event %d."):format(text, earlier)
end

--- Whether events came in this order, others in between allowed. A text is a type, a table has the fields that count.
---@param source   table  the result of a run, a recording sink, or a list of events
---@param expected (string|table)[]
---@return boolean holds
---@return string  if_not
---@return string  if_so
function about_events.events(source, expected)
  local events = events_of(source)
  if type(expected) ~= "table" or expected[1] == nil then
    place.raise(("events: the second argument must be a list of expected events, got %s"):format(
      matching.show(expected)))
  end
  local found = find_all(events, expected)
  if #found < #expected then return false, failure(events, expected, found), "" end
  return true, "", "Did not expect these events, in this order:\n" .. describe_expected(expected, found)
end

return about_events
