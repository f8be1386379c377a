--- Walks over a plan: which of its steps run, what becomes of the others, and
--- how the run ends (contracts §10.3, §10.4). It takes no step itself: it calls
--- the functions that it is handed.
local errors = require("idle.engine.errors")
local execute_precondition = require("idle.engine.execute_precondition")
local exit_status = require("idle.engine.exit_status")
local value = require("idle.engine.value")

local execute = {}

---@alias idle.Section "" | "OnFailure"  the steps of the workflow, or those for its failure; begins the types of events

---@class idle.StepRecord  what became of one step
---@field Name       string
---@field Type       string
---@field Status     string    Completed, Failed, NotApplicable, Blocked, PreconditionSkipped, or what its handler says
---@field Attempts   integer   0 = it never began
---@field Error?     string
---@field ErrorKind? string
---@field Effect?    idle.Effect
---@field Reason?    string    what its condition or precondition compared, if that kept it from running
---@field Changed?   boolean
---@field Data?      table

---@class idle.StepEnd  how a step that ran ended; what became of it is in its record
---@field error?  idle.Error  nil = it did not fail
---@field raised? any         what ended it, if it was ended from outside

---@class idle.ExecutePort  what the walk needs of the world
---@field run_step fun(step: idle.PlanStep, record: table, index: integer, section: idle.Section): idle.StepEnd
---@field write    fun(type: string, message: string, step_name?: string, data?: table)
---@field preconditions table<idle.PlanStep, idle.Condition>  as `execute_preflight` prepared them

---@class idle.Execution  how a plan's run ended
---@field Status        "Completed"|"Failed"|"Blocked"|"InDoubt"|"Cancelled"
---@field Steps         idle.List  of idle.StepRecord, in the order in which they came up
---@field OnFailure     { Status: "NotRun"|"Completed"|"PartiallyFailed", Steps: idle.List }
---@field exit_status   integer  that the program should end with
---@field interruption? any      what ended it from outside, to be raised again

---@class idle.Walk
---@field package plan      idle.Plan
---@field package port      idle.ExecutePort
---@field package steps     idle.List
---@field package on_failure { Status: string, Steps: idle.List }
---@field package outcome   "Completed"|"Failed"|"Blocked"
---@field package failure?  idle.Error  of the step that ended the run
---@field package is_in_doubt?  boolean
---@field package interruption? any
local Walk = {}
Walk.__index = Walk

local function name_of(step) return ("step '%s'"):format(errors.escape(step.Name)) end

function Walk:write(step, index, type_name, message, data)
  data = data or {}
  data.StepType, data.Index = step.Type, index
  self.port.write(type_name, message, step.Name, data)
end

-- Nothing was changed by a step that never began, so this is a failure for certain.
local function new_failure(step, cause)
  return errors.new("step.failed", "Precondition check failed.", { effect = "none", cause = cause, step = step.Name })
end

local function fail(self, step, index, err)
  self:write(step, index, "StepFailed", ("%s failed: %s"):format(name_of(step), tostring(err)),
    { Error = tostring(err), ErrorKind = err.kind, Effect = err.effect })
  return { status = "Failed", error = err }
end

---@class idle.HeldBack  what became of a step without running
---@field status string
---@field error? idle.Error
---@field reason? string   the comparisons that decided it
---@field ends_run? boolean  nothing comes after it, not even the steps for a failure

-- What a precondition that is false does to its step, by the step's OnPreconditionFalse.
local POLICIES = {
  Blocked = function(self, step, index)
    self:write(step, index, "StepBlocked", name_of(step) .. " is blocked by its precondition")
    return { status = "Blocked", ends_run = true }
  end,
  Fail = function(self, step, index) return fail(self, step, index, new_failure(step)) end,
  Continue = function() return { status = "PreconditionSkipped" } end,
}

local function refuse(self, step, index, notes)
  local policy = step.OnPreconditionFalse or "Blocked"
  local reason = execute_precondition.reason(notes)
  self:write(step, index, "StepPreconditionFailed", ("the precondition of %s is false%s"):format(name_of(step),
    reason and ": " .. reason or ""), { OnPreconditionFalse = policy })
  local event = step.PreconditionEvent
  if event then self.port.write(event.Type, event.Message, step.Name, event.Data) end
  local held = POLICIES[policy](self, step, index)
  held.reason = reason
  return held
end

local function pass_over(self, step, index, section)
  self:write(step, index, section .. "StepNotApplicable", name_of(step) .. " does not apply")
  return { status = "NotApplicable", reason = execute_precondition.reason(step.Comparisons or {}) }
end

-- What keeps a step from running; nil = nothing does.
local function hold_back(self, step, index, section)
  if step.Status == "NotApplicable" then return pass_over(self, step, index, section) end
  if step.Precondition == nil then return nil end
  local ok, holds, notes = pcall(execute_precondition.holds, self.port.preconditions[step], self.plan, step)
  if ok and holds then return nil end
  if ok then return refuse(self, step, index, notes) end
  errors.pass_interruption(holds)
  return fail(self, step, index, new_failure(step, errors.from(holds)))
end

local function keep(record, held)
  local err = held.error
  record.Status, record.Error = held.status, err and tostring(err)
  record.ErrorKind, record.Effect, record.Reason = err and err.kind, err and err.effect, held.reason
end

-- Whoever presses Ctrl-C knows that the step was cut off. In doubt is what the
-- far end was told before its task was cancelled, and what failed midway.
local function note(self, ended)
  self.interruption = ended.raised
  local is_pressed = type(ended.raised) == "string"
  if ended.error and ended.error.effect == "unknown" and not is_pressed then self.is_in_doubt = true end
end

-- One step, whatever becomes of it. Its record is there before it begins, so
-- that a run that is cut off shows it.
---@return idle.Error? err
---@return boolean?    ends_run
function Walk:take(step, index, section, records)
  local record = { Name = step.Name, Type = step.Type, Attempts = 0 }
  records[#records + 1] = record
  local held = hold_back(self, step, index, section)
  if held then
    keep(record, held)
    return held.error, held.ends_run
  end
  local ended = self.port.run_step(step, record, index, section)
  note(self, ended)
  return ended.error
end

function Walk:take_steps()
  for index, step in ipairs(self.plan.Steps) do
    local err, ends_run = self:take(step, index - 1, "", self.steps)
    if ends_run then self.outcome = "Blocked" end
    if err then self.outcome, self.failure = "Failed", err end
    if err or ends_run then return end
  end
end

-- Best effort: a step that fails here does not keep the others from running.
function Walk:take_on_failure_steps()
  local steps, section = self.plan.OnFailureSteps or {}, self.on_failure
  if #steps == 0 then return end
  self.port.write("OnFailureStarted", "the run failed; its steps for that begin", nil, { OnFailureStepCount = #steps })
  section.Status = "Completed"
  for index, step in ipairs(steps) do
    if self:take(step, index - 1, "OnFailure", section.Steps) then section.Status = "PartiallyFailed" end
    if self.interruption then return end
  end
  self.port.write("OnFailureCompleted", ("the steps for the failure ended: %s"):format(section.Status), nil,
    { Status = section.Status, StepCount = #steps })
end

function Walk:run()
  self.port.write("RunStarted", ("run of workflow '%s' started"):format(errors.escape(self.plan.WorkflowName or "")),
    nil, { CorrelationId = self.plan.CorrelationId, Actor = self.plan.Actor, StepCount = #self.plan.Steps })
  self:take_steps()
  if self.outcome == "Failed" and not self.interruption then self:take_on_failure_steps() end
end

function Walk:status()
  if self.is_in_doubt then return "InDoubt" end
  return self.interruption and "Cancelled" or self.outcome
end

-- Whether a step before the one that failed may have changed something: the run
-- as a whole is not "nothing was changed" then. A step that does not say counts.
local function may_have_changed(records)
  for _, record in ipairs(records) do
    if record.Attempts > 0 and record.Status ~= "Failed" and record.Changed ~= false then return true end
  end
  return false
end

-- The step that was under way when the run was cut off between two of its own ends.
local function close_record(records)
  local last = records[#records]
  if not last or last.Status then return end
  last.Status, last.Error, last.ErrorKind = "Failed", "interrupted", "cancelled"
  last.Effect = last.Attempts > 0 and "unknown" or "none"
end

function Walk:finish()
  close_record(self.steps)
  close_record(self.on_failure.Steps)
  local status = self:status()
  self.port.write("RunCompleted", ("run of workflow '%s' ended: %s"):format(
    errors.escape(self.plan.WorkflowName or ""), status), nil, { Status = status, StepCount = #self.plan.Steps })
  return {
    Status = status, Steps = self.steps, OnFailure = self.on_failure, interruption = self.interruption,
    exit_status = exit_status.of_run(status, self.failure, may_have_changed(self.steps)),
  }
end

--- Walks over a plan. What ends the program from outside ends the walk in
--- order, whenever it comes: the run is `Cancelled` and has a result.
---@param plan idle.Plan
---@param port idle.ExecutePort
---@return idle.Execution
function execute.run(plan, port)
  local self = setmetatable({
    plan = plan, port = port, steps = value.list(), outcome = "Completed",
    on_failure = { Status = "NotRun", Steps = value.list() },
  }, Walk)
  local ok, raised = pcall(self.run, self)
  if not ok and not errors.is_interruption(raised) then error(raised, 0) end
  if not ok then self.interruption = raised end
  return self:finish()
end

return execute
