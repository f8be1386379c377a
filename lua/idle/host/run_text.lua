--- The result of a plan's run, for people: a table of its steps, and what went wrong.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local plan_text = require("idle.host.plan_text")

local run_text = {}

local COLUMNS = { "#", "step", "type", "status", "attempts", "time", "changed" }

local function seconds(ms) return ms and ("%.1f s"):format(ms / 1000) or "-" end

local function changed_word(changed)
  if type(changed) ~= "boolean" then return "-" end
  return changed and "yes" or "no"
end

local function row_of(record, index)
  return { tostring(index), data.shown(record.Name), plan_text.short_type(record.Type), data.shown(record.Status),
    tostring(record.Attempts), seconds(record.DurationMs), changed_word(record.Changed) }
end

local function note_of(record)
  if type(record.Error) == "string" then return record.Error, record.Effect == "unknown" end
  -- A sync that ended otherwise than well says so in one word.
  local outcome = type(record.Data) == "table" and record.Data.Outcome
  if type(outcome) == "string" and outcome ~= "Success" then return outcome end
  return record.Reason
end

-- Why steps failed or did not run, one line each.
local function notes_of(records)
  local lines = {}
  for index, record in ipairs(records) do
    local text, is_in_doubt = note_of(record)
    if text then
      lines[#lines + 1] = ("  %d %s %s: %s%s\n"):format(index, data.quote(record.Name), data.shown(record.Status),
        errors.escape(text), is_in_doubt and " (in doubt: something may have been changed)" or "")
    end
  end
  return #lines > 0 and "\n" .. table.concat(lines) or ""
end

local function section_of(records)
  return "\n" .. plan_text.table_of(COLUMNS, records, row_of) .. notes_of(records)
end

local function left_text(plan, result)
  local left = #plan.Steps - #result.Steps
  if left == 0 then return "" end
  return ("\n%d more step%s did not run\n"):format(left, left == 1 and "" or "s")
end

--- The text of a result.
---@param plan   idle.Plan
---@param result idle.ExecutionResult
---@return string
function run_text.describe(plan, result)
  if result.Status == "WhatIf" then return plan_text.describe(plan) .. "\nnothing was run, as --what-if asks\n" end
  local parts = { ("run of %s for request %s: %s\n"):format(data.quote(plan.WorkflowName),
    data.shown(result.CorrelationId), result.Status) }
  if #result.Steps > 0 then parts[#parts + 1] = section_of(result.Steps) end
  parts[#parts + 1] = left_text(plan, result)
  if result.OnFailure.Status ~= "NotRun" then
    parts[#parts + 1] = ("\nafter the failure: %s\n"):format(result.OnFailure.Status)
    parts[#parts + 1] = section_of(result.OnFailure.Steps)
  end
  return table.concat(parts)
end

return run_text
