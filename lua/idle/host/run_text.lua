--- The result of a plan's run, for people: a table of its steps.
local errors = require("idle.engine.errors")

local run_text = {}

local HEADINGS = { "Step", "Type", "Status", "Attempts", "Time", "Changed" }
local GAP = "  "

local function width_of(text) return utf8.len(text) or #text end

local function seconds(ms) return ms and ("%.1f s"):format(ms / 1000) or "" end

local function changed_word(changed)
  if changed == nil then return "" end
  return changed and "yes" or "no"
end

local function cells_of(record)
  return {
    errors.escape(record.Name), errors.escape(record.Type), errors.escape(tostring(record.Status)),
    record.Attempts and tostring(record.Attempts) or "", seconds(record.DurationMs), changed_word(record.Changed),
  }
end

local function widths_of(rows)
  local widths = {}
  for _, cells in ipairs(rows) do
    for column, text in ipairs(cells) do widths[column] = math.max(widths[column] or 0, width_of(text)) end
  end
  return widths
end

local function line_of(cells, widths)
  local parts = {}
  for column, text in ipairs(cells) do parts[column] = text .. (" "):rep(widths[column] - width_of(text)) end
  return (GAP .. table.concat(parts, GAP)):gsub("%s+$", "")
end

-- A step's error or reason stands below it.
local function add_notes(lines, record)
  if type(record.Error) == "string" then lines[#lines + 1] = ("%s  %s"):format(GAP, errors.escape(record.Error)) end
  if record.Reason then lines[#lines + 1] = ("%s  because %s"):format(GAP, errors.escape(record.Reason)) end
end

local function add_table(lines, records)
  local rows = { HEADINGS }
  for index, record in ipairs(records) do rows[index + 1] = cells_of(record) end
  local widths = widths_of(rows)
  lines[#lines + 1] = line_of(HEADINGS, widths)
  for index, record in ipairs(records) do
    lines[#lines + 1] = line_of(rows[index + 1], widths)
    add_notes(lines, record)
  end
end

-- Steps that never came up are not in a result.
local function add_untouched(lines, plan, result)
  local left = #plan.Steps - #result.Steps
  if left > 0 then lines[#lines + 1] = ("%s(%d more, not run)"):format(GAP, left) end
end

local HEADS = { WhatIf = "nothing was run; this is what would" }

--- Describes a result.
---@param plan   idle.Plan
---@param result idle.ExecutionResult
---@return string
function run_text.describe(plan, result)
  local lines = {
    ("workflow '%s', run %s: %s"):format(errors.escape(plan.WorkflowName), errors.escape(result.CorrelationId),
      HEADS[result.Status] or result.Status),
  }
  add_table(lines, result.Steps)
  add_untouched(lines, plan, result)
  if result.OnFailure.Status ~= "NotRun" then
    lines[#lines + 1] = "on failure: " .. result.OnFailure.Status
    add_table(lines, result.OnFailure.Steps)
  end
  return table.concat(lines, "\n") .. "\n"
end

return run_text
