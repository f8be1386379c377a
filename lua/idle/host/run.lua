--- One run of a script: its steps, their retries, the record and the result.
local context = require("idle.host.context")
local errors = require("idle.engine.errors")
local execution_options = require("idle.engine.execution_options")
local exit_status = require("idle.engine.exit_status")
local fields = require("idle.engine.fields")
local parameter = require("idle.engine.parameter")
local redact = require("idle.engine.redact")
local step_runner = require("idle.host.step_runner")
local step_types = require("idle.host.step_types")
local value = require("idle.engine.value")

local run = {}

---@class idle.RunOptions
---@field name               string
---@field key?               string   what makes this run the same one when the script runs again
---@field request?           table    who joins, moves or leaves; CorrelationId and Actor are taken from it
---@field providers?         table
---@field event_sink?        idle.Sink
---@field actor?             string
---@field correlation_id?    string
---@field execution_options? table

---@class idle.StepOptions
---@field retry?   string|table  name of a retry profile, or a profile
---@field timeout? number        seconds for the step with all its attempts

---@class idle.Run
---@field package name      string
---@field package context   idle.StepContext
---@field package execution idle.ExecutionOptions
---@field package steps     table[]  records of the steps, oldest first
---@field package names     table<string, true>  names in use, in lower case
---@field package number    integer  of all runs of this program
---@field package exit?     integer  exit status that the failed steps ask for
---@field package status?   string   once it is over
local Run = {}
Run.__index = Run

local OPTION_NAMES = {
  "name", "key", "request", "providers", "event_sink", "actor", "correlation_id", "execution_options",
}
local STEP_OPTION_NAMES = { "retry", "timeout" }

local unfinished = {} ---@type idle.Run[]  oldest first
local exit_statuses = {} ---@type table<integer, integer>  of the runs that are over, by their number
local count = 0

local function check_text(text, what, kind)
  if type(text) == "string" and text:find("%S") then return text end
  errors.raise(kind or "input.setup", ("%s must be a text that is not empty, got %s"):format(what,
    type(text) == "string" and "an empty one" or parameter.kind(text)))
end

local function optional_text(text, what)
  if text ~= nil then check_text(text, what) end
  return text
end

--- Begins a run.
---@param options idle.RunOptions
---@return idle.Run
function run.new(options)
  fields.check(options, OPTION_NAMES, "run")
  local name = check_text(options.name, "run: name")
  optional_text(options.key, "run: key")
  local request = options.request or {}
  if type(request) ~= "table" then
    errors.raise("input.setup", ("run: request must be a table, got %s"):format(parameter.kind(request)))
  end
  count = count + 1
  local self = setmetatable({
    name = name,
    number = count,
    execution = execution_options.check(options.execution_options),
    context = context.new({
      providers = options.providers,
      event_sink = options.event_sink,
      actor = optional_text(options.actor or request.Actor, "run: actor"),
      correlation_id = optional_text(options.correlation_id or request.CorrelationId, "run: correlation_id"),
    }),
    steps = {},
    names = {},
  }, Run)
  unfinished[#unfinished + 1] = self
  -- How many steps a script will take is not known before it has taken them.
  self:write("RunStarted", ("run '%s' started"):format(name), nil,
    { CorrelationId = self.context.CorrelationId, Actor = self.context.Actor, StepCount = self.context.null })
  return self
end

function Run:write(type_name, message, step_name, data)
  self.context.EventSink:WriteEvent(type_name, message, step_name, data)
end

function Run:take_name(name)
  check_text(name, ("run '%s': the name of a step"):format(self.name), "input.workflow")
  if self.names[name:lower()] then
    errors.raise("input.workflow", ("run '%s' has a step '%s' already; names of steps must be unique")
      :format(self.name, errors.escape(name)))
  end
  self.names[name:lower()] = true
end

-- What `step` was told, checked before anything happens.
function Run:prepare(name, what, with, options)
  local where = ("run '%s', step '%s'"):format(self.name, errors.escape(tostring(name)))
  if self.status then errors.raise("input.workflow", where .. ": the run is over") end
  local handler, type_name = what, "Function"
  if type(what) == "string" then
    handler, type_name = step_types.find(what, self.context.Providers.StepRegistry)
  elseif type(what) ~= "function" then
    errors.raise("input.workflow", ("%s needs a step type or a function, got %s"):format(where, parameter.kind(what)))
  end
  fields.check(options or {}, STEP_OPTION_NAMES, where, "input.workflow")
  local profile = execution_options.profile(self.execution, name, options and options.retry)
  local timeout = options and options.timeout
  if timeout ~= nil and not (type(timeout) == "number" and timeout > 0) then
    errors.raise("input.workflow", where .. ": timeout must be a number of seconds above 0")
  end
  self:take_name(name)
  return {
    handler = handler, is_function = type(what) == "function", with = with, profile = profile, timeout = timeout,
    context = self.context, record = { Name = name, Type = type_name, Attempts = 0 }, index = #self.steps,
  }
end

--- Takes a step: `step(name, type, with[, options])` runs a step type and
--- returns its result, `step(name, f[, options])` returns f's value. Raises
--- what the step fails with; the run is `Failed` then.
---@param name string
---@param what string|fun(context: idle.StepContext): any
---@param with? table             keys of the step type; with a function: its options
---@param options? idle.StepOptions
---@return any
function Run:step(name, what, with, options)
  parameter.receiver(self, "run:step(name, what, …)")
  if type(what) == "function" then with, options = nil, with end
  local step = self:prepare(name, what, with, options)
  self.steps[#self.steps + 1] = step.record
  local ok, outcome = step_runner.run(step)
  if ok then return outcome end
  self.exit = exit_status.worst(self.exit, errors.exit_status(step.error))
  self.is_in_doubt = self.is_in_doubt or step.error.effect == "unknown"
  self.is_cancelled = self.is_cancelled or step.is_interrupted
  self.is_failed = true
  error(outcome, 0)
end

-- `reason` is why a run was left that no step made fail: nil if the script just ended it.
function Run:final_status(reason)
  if self.is_in_doubt then return "InDoubt" end
  if self.is_cancelled or errors.is_interruption(reason) then return "Cancelled" end
  return (self.is_failed or reason ~= nil) and "Failed" or "Completed"
end

function Run:finish(reason)
  if self.status then return end
  self.status = self:final_status(reason)
  exit_statuses[self.number] = self.exit
  for index, other in ipairs(unfinished) do
    if other == self then table.remove(unfinished, index) break end
  end
  self:write("RunCompleted", ("run '%s' ended: %s"):format(self.name, self.status), nil,
    { Status = self.status, StepCount = #self.steps })
end

--- Ends the run, at the end of the block that began it.
---@param reason any  the error that ended the block
function Run:__close(reason) self:finish(reason) end

--- Ends the run and returns what became of it; secrets are replaced. From now
--- on its failure is the script's business, not that of the exit status.
---@return table
function Run:result()
  parameter.receiver(self, "run:result()")
  self:finish(nil)
  exit_statuses[self.number] = nil
  local result = redact.copy({
    Status = self.status,
    Name = self.name,
    CorrelationId = self.context.CorrelationId,
    Actor = self.context.Actor,
    Steps = value.list(self.steps),
    OnFailure = { Status = "NotRun", Steps = value.list() },
  })
  result.Events = self.context.EventSink.Events -- redacted when they were recorded
  return result
end

--- Ends all runs and says what the program should end with.
---@param reason any  the error that ends the program; nil if none does
---@return integer? exit_status  nil = the runs have no say
function run.exit_status(reason)
  for _, open in ipairs({ table.unpack(unfinished) }) do open:finish(reason) end
  local status
  for _, exit in pairs(exit_statuses) do status = exit_status.worst(status, exit) end
  return status
end

return run
