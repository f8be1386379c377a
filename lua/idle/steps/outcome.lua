--- What steps end with: results, and errors that come after something was changed.
local errors = require("idle.engine.errors")

local outcome = {}

---@class idle.StepResult
---@field Name    string
---@field Type    string
---@field Status  "Completed"
---@field Changed boolean
---@field Data?   table

--- The result of a step that did what it was to do.
---@param step    { Name: string, Type: string }
---@param changed boolean?  nil = nothing says so
---@return idle.StepResult
function outcome.completed(step, changed)
  return { Name = step.Name, Type = step.Type, Status = "Completed", Changed = changed == true }
end

--- Makes the error of a step out of that of one of its calls: the call may have changed nothing, but
--- the step has. Whether it may be repeated stays what the call said.
---@param raised any
---@param facts  table  become part of the error's `data`
---@return any to_raise
function outcome.after_changes(raised, facts)
  if errors.is_interruption(raised) then return raised end
  local err = {}
  for name, field in next, errors.from(raised) do err[name] = field end
  if err.effect == "none" then err.effect = "applied" end
  local all = {}
  for name, field in pairs(type(err.data) == "table" and err.data or {}) do all[name] = field end
  for name, field in pairs(facts) do all[name] = field end
  err.data = all
  return errors.from(err)
end

return outcome
