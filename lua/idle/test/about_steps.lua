--- `assert.ran_steps(result, { "Create the account", { Name = "Sync", Status = "Failed" } })`.
local errors = require("idle.engine.errors")
local matching = require("idle.test.matching")
local place = require("idle.test.place")

local about_steps = {}

-- A name alone stands for a step that did what it was to do.
local function fields_of(expected)
  if type(expected) == "string" then return { Name = expected, Status = "Completed" } end
  return expected
end

local function has_run(record) return (record.Attempts or 0) > 0 end

-- Steps that did not run are passed over, unless they are what is expected.
local function first_difference(expected, records)
  local position = 1
  for index, record in ipairs(records) do
    local wanted = fields_of(expected[position])
    local found = wanted == nil and "no further step was expected" or matching.difference(wanted, record)
    if not found then
      position = position + 1
    elseif has_run(record) then
      return { expected = position, record = index, text = found }
    end
  end
  if expected[position] ~= nil then return { expected = position, text = "the run ended before it" } end
end

local function describe(record)
  local text = ("%s: %s"):format(errors.escape(tostring(record.Name)), tostring(record.Status))
  if record.Error then text = ("%s, %s (%s)"):format(text, errors.escape(record.Error), tostring(record.ErrorKind)) end
  return text
end

local function list(heading, items, show, marked)
  local lines = { heading }
  for index, item in ipairs(items) do
    lines[#lines + 1] = ("%s %d. %s"):format(index == marked and "*" or " ", index, show(item))
  end
  if not items[1] then lines[#lines + 1] = "  none" end
  return table.concat(lines, "\n")
end

local function show_expected(expected)
  return type(expected) == "string" and expected or matching.show(expected)
end

local function check_arguments(result, expected)
  if type(result) ~= "table" or type(result.Steps) ~= "table" then
    place.raise(("ran_steps: the first argument must be the result of a run, got %s"):format(
      matching.show_given(result)))
  end
  if type(expected) ~= "table" then
    place.raise(("ran_steps: the second argument must be a list of steps, got %s"):format(matching.show(expected)))
  end
end

--- Whether a run took these steps, all of them in this order. A name stands for a step that completed, a table for
--- one with these fields; what a condition kept from running may be left out.
---@param result   table  of a run: what has Steps, such as its OnFailure
---@param expected (string|table)[]
---@return boolean holds
---@return string  if_not
---@return string  if_so
function about_steps.ran_steps(result, expected)
  check_arguments(result, expected)
  local found = first_difference(expected, result.Steps)
  local shown = list("Expected these steps to run:", expected, show_expected, found and found.expected)
  if not found then return true, "", shown:gsub("^Expected", "Did not expect") .. "\nThey did." end
  local hint = ""
  local wanted, record = expected[found.expected], result.Steps[found.record]
  if record and type(wanted) == "string" and wanted == record.Name then
    hint = ("\nIf that is meant: { Name = %s, Status = %s }"):format(matching.show(wanted),
      matching.show(record.Status))
  end
  return false, ("%s\n%s\nStep %d: %s%s"):format(shown,
    list("But these did:", result.Steps, describe, found.record), found.expected, found.text, hint), ""
end

return about_steps
