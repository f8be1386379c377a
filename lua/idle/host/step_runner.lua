--- Runs one step: attempts, their events, and the record that stays of it.
local clock = require("idle.host.clock")
local errors = require("idle.engine.errors")
local hash = require("idle.hash")
local parameter = require("idle.engine.parameter")
local retry = require("idle.engine.retry")
local tasks = require("idle.host.tasks")

local step_runner = {}

---@class idle.Step
---@field handler? function of the step type, or the script's own function
---@field find_handler? fun(): function  finds it when the step begins; what it raises, the step fails with
---@field section? idle.Section  default: ""
---@field is_function? boolean  the handler is the script's own: called with the context alone, its value recorded
---@field with?   table
---@field profile idle.RetryProfile
---@field timeout? number   seconds
---@field context idle.StepContext
---@field record  table     Name, Type, Attempts …; completed here
---@field index   integer   position in the run, from 0
---@field error?  idle.Error  why it failed
---@field traceback? string  where
---@field is_interrupted? boolean  it was ended from outside

local function write(step, type_name, message, data)
  data = data or {}
  data.StepType, data.Index = step.record.Type, step.index
  step.context.EventSink:WriteEvent(type_name, message, step.record.Name, data)
end

-- How a step begins and ends is told apart for the steps of a run's failure.
local function write_phase(step, type_name, message, data)
  write(step, (step.section or "") .. type_name, message, data)
end

-- Ctrl-C goes on as it came, for whoever knows it by its text.
local function to_raise(raised, err)
  return type(raised) == "string" and errors.is_interruption(raised) and raised or err
end

-- What the step fails with: strings, and tables that name no kind, are the
-- step's failure now.
local function to_error(step, raised)
  local err = errors.from(raised)
  if err.kind == "script.error" then err.kind = "step.failed" end
  err.traceback = err.traceback or step.traceback
  return err
end

local function may_repeat(step, err)
  return retry.may_repeat(step.profile, step.record.Attempts, err)
end

-- Calls f, and notes where it failed. What was raised stays what it is, because
-- __close handlers see it on its way. An attempt that is to be repeated leaves no
-- trace: it is dear, and nobody would see it.
local function call(step, f)
  return xpcall(f, function(raised)
    if not step.traceback and not (type(raised) == "table" and may_repeat(step, errors.from(raised))) then
      step.traceback = debug.traceback(nil, 2)
    end
    return raised
  end, step)
end

-- A value that JSON can't hold could not be recorded. The function has run.
local function check_value(step, v)
  if v == nil then return end
  local text, err = require("idle.json").encode(v)
  if text then return { Value = v } end
  errors.raise("step.failed", ("step '%s' returned a value that cannot be recorded: %s"):format(step.record.Name,
    errors.from(err).message), { effect = "applied" })
end

local function run_function(step)
  local v = step.handler(step.context)
  step.record.Data = check_value(step, v)
  return v
end

local function check_result(step, result)
  if result == nil then return { Status = "Completed" } end
  if type(result) ~= "table" then
    errors.raise("step.failed", ("step type '%s' returned %s; a handler returns a table or nothing")
      :format(step.record.Type, parameter.kind(result)), { effect = "applied" })
  end
  if tostring(result.Status):lower() ~= "failed" then return result end
  errors.raise("step.failed", tostring(result.Error or "the step says that it failed"),
    { effect = result.Changed and "applied" or "none", data = result.Data })
end

local function run_type(step)
  local name = { Name = step.record.Name, Type = step.record.Type }
  local result = check_result(step, step.handler(step.context, step.with or {}, name))
  result.Status = result.Status or "Completed"
  for key, field in pairs(result) do
    if step.record[key] == nil then step.record[key] = field end
  end
  if result.Attempts == nil then result.Attempts = step.record.Attempts end
  return result
end

local function delay_ms(step, attempt)
  local seed = retry.seed(step.context.CorrelationId, {
    type = step.record.Type, name = step.record.Name, index = step.index, on_failure = step.section == "OnFailure",
  }, attempt)
  return retry.delay_ms(step.profile, attempt, retry.unit(hash.sha256(seed)))
end

local function announce_retry(step, attempt, err, delay)
  local most = step.profile.MaxAttempts
  write(step, "StepRetrying", ("%sStepExecution: attempt %d of %d failed; again in %d ms: %s"):format(
    step.section or "", attempt, most, delay, err.message),
    { attempt = attempt, maxAttempts = most, delayMs = delay, errorType = err.kind, message = err.message })
end

-- Raises what the last attempt raised.
local function attempt_until_done(step, body)
  while true do
    step.record.Attempts, step.traceback = step.record.Attempts + 1, nil
    local ok, outcome = call(step, body)
    if ok then return outcome end
    local attempt, err = step.record.Attempts, to_error(step, outcome)
    if not may_repeat(step, err) then error(to_raise(outcome, err), 0) end
    local delay = delay_ms(step, attempt)
    announce_retry(step, attempt, err, delay)
    clock.sleep(delay / 1000)
  end
end

local function perform(step)
  step.handler = step.handler or step.find_handler()
  local body = step.is_function and run_function or run_type
  if not step.timeout then return attempt_until_done(step, body) end
  local what = ("step '%s' was"):format(step.record.Name)
  return tasks.limit(step.timeout, what, attempt_until_done, step, body)
end

local function fail(step, raised)
  local err, record = to_error(step, raised), step.record
  err.step = record.Name
  step.error = err
  step.is_interrupted = errors.is_interruption(raised)
  record.Status, record.Error = "Failed", tostring(err)
  record.ErrorKind, record.Effect = err.kind, err.effect
  record.Data = err.data or record.Data
  write_phase(step, "StepFailed", ("step '%s' failed: %s"):format(record.Name, record.Error),
    { Error = record.Error, ErrorKind = err.kind, Effect = err.effect })
end

--- Runs a step to its end.
---@param step idle.Step
---@return boolean ok
---@return any outcome  what the step returns, or what it raises
function step_runner.run(step)
  local record, began = step.record, clock.monotonic()
  record.StartedUtc = clock.now()
  write_phase(step, "StepStarted", ("step '%s' started"):format(record.Name))
  local ok, outcome = call(step, perform)
  record.DurationMs = math.floor((clock.monotonic() - began) * 1000 + 0.5)
  if not ok then
    fail(step, outcome)
    return false, to_raise(outcome, step.error)
  end
  record.Status = record.Status or "Completed"
  write_phase(step, "StepCompleted", ("step '%s' completed"):format(record.Name))
  return true, outcome
end

return step_runner
