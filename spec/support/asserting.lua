--- What specs of assertions need: results to assert about, and what an assertion says.
local idle = require("idle")

local asserting = {}

--- What an assertion says when it does not hold.
---@param f fun()
---@return string
function asserting.message(f)
  local ok, raised = pcall(f)
  if ok then error("the assertion held", 2) end
  return tostring(type(raised) == "table" and raised.message or raised)
end

--- The result of a run.
---@param steps   table[]
---@param events? table[]
function asserting.result(steps, events)
  return { Status = "Completed", Steps = idle.list(steps), Events = idle.list(events) }
end

--- The record of a step that ran.
---@param name    string
---@param status? string  default: Completed
---@param fields? table
function asserting.step(name, status, fields)
  local record = { Name = name, Type = "Function", Status = status or "Completed", Attempts = 1 }
  for key, field in pairs(fields or {}) do record[key] = field end
  return record
end

return asserting
