--- A plan for people: an aligned table of its steps, and why some of them will not run.
local condition = require("idle.engine.condition")
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")

local plan_text = {}

local COLUMNS = { "#", "step", "type", "provider", "status", "remarks" }

local function width(text)
  return utf8.len(text) or #text
end

local function pad(text, size)
  return text .. (" "):rep(size - width(text))
end

local function remarks(step)
  local list = {}
  if step.Precondition then
    list[#list + 1] = ("precondition, else %s"):format(data.shown(step.OnPreconditionFalse or "Blocked"))
  end
  if step.RetryProfile then list[#list + 1] = "retries " .. data.shown(step.RetryProfile) end
  return table.concat(list, "; ")
end

--- A step type as a table shows it: those of IdLE all begin alike, which tells nobody anything.
---@param type_name string
---@return string
function plan_text.short_type(type_name)
  return data.shown((type_name:gsub("^[Ii][Dd][Ll][Ee]%.[Ss][Tt][Ee][Pp]%.", "")))
end

local function row_of(step, index)
  local is_planned = step.Status == "Planned"
  return { tostring(index), data.shown(step.Name), plan_text.short_type(step.Type),
    step.Provider and data.shown(step.Provider) or "-", is_planned and "planned" or "not applicable", remarks(step) }
end

local function align(rows)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for column, text in ipairs(row) do widths[column] = math.max(widths[column] or 0, width(text)) end
  end
  for index, row in ipairs(rows) do
    local cells = {}
    for column, text in ipairs(row) do cells[column] = pad(text, widths[column]) end
    lines[index] = "  " .. table.concat(cells, "  "):gsub(" +$", "") .. "\n"
  end
  return table.concat(lines)
end

--- A table of aligned columns.
---@generic T
---@param headings string[]
---@param items    T[]
---@param row_of_item fun(item: T, index: integer): string[]
---@return string
function plan_text.table_of(headings, items, row_of_item)
  local rows = { headings }
  for index, item in ipairs(items) do rows[#rows + 1] = row_of_item(item, index) end
  return align(rows)
end

local function steps_text(steps)
  return plan_text.table_of(COLUMNS, steps, row_of)
end

local function comparison_text(note)
  return ("      %s: it is %s\n"):format(condition.describe(note),
    note.Actual and data.quote(note.Actual) or "missing or null")
end

local function conditions_of(steps, heading)
  local lines = {}
  for index, step in ipairs(steps) do
    if #step.Comparisons > 0 then
      lines[#lines + 1] = ("  %d %s %s because\n"):format(index, data.quote(step.Name),
        step.Status == "Planned" and "applies" or "does not apply")
      for _, note in ipairs(step.Comparisons) do lines[#lines + 1] = comparison_text(note) end
    end
  end
  return #lines > 0 and "\n" .. heading .. "\n" .. table.concat(lines) or ""
end

local function count_text(plan)
  local applicable = 0
  for _, step in ipairs(plan.Steps) do
    if step.Status == "Planned" then applicable = applicable + 1 end
  end
  return ("%d step%s, %d of them planned"):format(#plan.Steps, #plan.Steps == 1 and "" or "s", applicable)
end

local function warnings_text(plan)
  local lines = {}
  for index, warning in ipairs(plan.Warnings) do lines[index] = "  " .. errors.escape(warning.Message) .. "\n" end
  return #lines > 0 and "\nwarnings\n" .. table.concat(lines) or ""
end

--- The text of a plan.
---@param plan idle.Plan
---@return string
function plan_text.describe(plan)
  local parts = { ("plan of %s for the event %s: %s\n"):format(data.quote(plan.WorkflowName),
    data.quote(plan.LifecycleEvent), count_text(plan)) }
  parts[2] = ("  request %s%s\n"):format(data.shown(plan.CorrelationId),
    plan.Actor and ", asked for by " .. data.shown(plan.Actor) or "")
  if #plan.Steps > 0 then parts[#parts + 1] = "\n" .. steps_text(plan.Steps) end
  if #plan.OnFailureSteps > 0 then parts[#parts + 1] = "\nif a step fails\n" .. steps_text(plan.OnFailureSteps) end
  parts[#parts + 1] = conditions_of(plan.Steps, "conditions")
  parts[#parts + 1] = conditions_of(plan.OnFailureSteps, "conditions of steps after a failure")
  parts[#parts + 1] = warnings_text(plan)
  return table.concat(parts)
end

return plan_text
