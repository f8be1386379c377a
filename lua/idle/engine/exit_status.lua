--- What a program ends with after its runs (DESIGN §2).
local errors = require("idle.engine.errors")

local exit_status = {}

-- If several fit: the first of these.
local RANKS = { 70, 3, 124, 75, 65, 66, 64, 2, 1 }

local FAILED, BLOCKED, IN_DOUBT, TEMPORARY = 2, 4, 3, 75

--- The one of two that says more.
---@param a integer?  nil = nothing to say
---@param b integer?
---@return integer?
function exit_status.worst(a, b)
  for _, status in ipairs(RANKS) do
    if a == status or b == status then return status end
  end
  return a or b
end

--- What the run of a plan ends with.
---@param status      string       of the run
---@param failure?    idle.Error   what ended it
---@param has_changed boolean      a step before that changed something
---@return integer
function exit_status.of_run(status, failure, has_changed)
  if status == "InDoubt" then return IN_DOUBT end
  if status == "Blocked" then return BLOCKED end
  if not failure then return 0 end
  local own = errors.exit_status(failure)
  -- The same call would not find things as this one did, which is what 75 promises.
  return own == TEMPORARY and has_changed and FAILED or own
end

return exit_status
