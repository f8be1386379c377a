--- Tasks that work together: several at once, one with a deadline, one that
--- asks again and again.
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local loop = require("idle.loop")
local parameter = require("idle.engine.parameter")
local value = require("idle.engine.value")

local tasks = {}

-- The look that falls on the deadline itself still gets this long.
local LAST_LOOK_SECONDS = 1

local GATHER_OPTIONS, WAIT_UNTIL_OPTIONS = { "jobs" }, { "check", "timeout", "interval", "what" }

--- Waits; the other tasks go on.
---@param seconds number  fractions allowed
function tasks.sleep(seconds)
  loop.sleep(math.ceil(parameter.seconds(seconds, "sleep: seconds") * 1000))
end

--- Runs a function in a task of its own.
---@param f fun(...): ...
---@return idle.Task
function tasks.spawn(f, ...)
  parameter.callable(f, "spawn: the first argument")
  return loop.spawn(f, ...)
end

-- Tasks that end with the block that started them, whatever ends it. If one of
-- them leaves a change in doubt, so does the error that ended the block.
local Group = {}

function Group:__close(err)
  local interruption
  for _, task in ipairs(self) do task:cancel() end
  for _, task in ipairs(self) do
    local ok, reason = pcall(task.join, task)
    if not ok and not task:is_done() then interruption = reason end
    if not ok and errors.is(err) and errors.from(reason).effect == "unknown" then err.effect = "unknown" end
  end
  if interruption and not errors.is_interruption(err) then error(interruption, 0) end
end

local function new_group() return setmetatable({}, Group) end

local function rounded(seconds)
  return seconds < 1 and seconds or math.floor(seconds * 10 + 0.5) / 10
end

-- What the cancelled task leaves behind is told: what it was about, a change, and the facts about it.
local function raise_late(what, seconds, is_returned, reason)
  local left = is_returned and { effect = "unknown" } or errors.from(reason)
  errors.raise("timeout", ("%s not done within %g s"):format(what, rounded(seconds)),
    { effect = left.effect, data = left.data, cause = not is_returned and left or nil })
end

--- Runs f in a task of its own, which is cancelled when it takes too long.
---@param seconds number
---@param what    string  what f is, for the message of `timeout`
---@param f fun(...): ...
---@return any ...  what f returned; raises what f raised, or `timeout`
function tasks.limit(seconds, what, f, ...)
  local group <close> = new_group()
  local task = loop.spawn(f, ...)
  group[1] = task
  if task:wait(math.ceil(seconds * 1000)) then return task:join() end
  task:cancel()
  local is_returned, reason = pcall(task.join, task)
  if not task:is_done() then error(reason, 0) end -- our own wait was ended
  raise_late(what, seconds, is_returned, reason)
end

--- Runs f in a task of its own, which is cancelled when it takes too long.
---@param seconds number
---@param f fun(...): ...
---@return any ...  what f returned; raises what f raised, or `timeout`
function tasks.with_timeout(seconds, f, ...)
  parameter.seconds(seconds, "with_timeout: seconds")
  parameter.callable(f, "with_timeout: f")
  return tasks.limit(seconds, "the function was", f, ...)
end

-- One of gather's workers: takes the next function until none is left. The
-- first that fails ends the others.
local function work(job, group)
  while job.next <= #job.functions and not job.failure do
    local index = job.next
    job.next = index + 1
    local ok, result = pcall(job.functions[index])
    if not ok then
      job.failure = job.failure or { reason = result }
      for _, task in ipairs(group) do task:cancel() end
      error(result, 0)
    end
    job.results[index] = result
  end
end

-- An error of the task itself ends this wait; one of the caller's own goes on.
local function join_quietly(task)
  local ok, reason = pcall(task.join, task)
  if not ok and not task:is_done() then error(reason, 0) end
end

-- Returns how many run at once.
local function check_gather(functions, options)
  if type(functions) ~= "table" or (next(functions) ~= nil and not value.is_sequence(functions)) then
    parameter.refuse("gather: the first argument", "a list of functions", functions)
  end
  for index, f in ipairs(functions) do parameter.callable(f, ("gather: function %d"):format(index)) end
  fields.check(parameter.options(options, "gather: options"), GATHER_OPTIONS, "gather", "input.parameter")
  local jobs = options and options.jobs
  if jobs == nil then return #functions end
  if math.type(jobs) ~= "integer" or jobs < 1 then
    parameter.refuse("gather: jobs", "a whole number, 1 or more", jobs)
  end
  return jobs
end

--- Runs functions concurrently and waits for all. The first error cancels the
--- rest and is raised.
---@param functions (fun(): any)[]
---@param options?  { jobs?: integer }  jobs = how many at once; default: all
---@return table results  the first result of each, in order, and `n`
function tasks.gather(functions, options)
  local jobs = check_gather(functions, options)
  local job = { functions = functions, next = 1, results = { n = #functions } }
  local group <close> = new_group()
  for index = 1, math.min(jobs, #functions) do group[index] = loop.spawn(work, job, group) end
  for _, task in ipairs(group) do join_quietly(task) end
  if job.failure then error(job.failure.reason, 0) end
  return job.results
end

local function poll(check, interval, deadline)
  while true do
    local found = check()
    local left = deadline - loop.monotonic()
    if found or left <= 0 then return found end
    loop.sleep(math.ceil(math.min(interval, left) * 1000))
  end
end

--- Asks again and again until the answer is a true value.
---@param options { check: (fun(): any), timeout: number, interval?: number, what?: string }
---@return any answer  the first true value; raises `timeout` if none came
function tasks.wait_until(options)
  fields.check(options, WAIT_UNTIL_OPTIONS, "wait_until", "input.parameter")
  parameter.callable(options.check, "wait_until: check")
  local timeout = parameter.seconds(options.timeout, "wait_until: timeout")
  local interval = parameter.seconds(options.interval or 1, "wait_until: interval")
  local what = parameter.text(options.what or "an answer", "wait_until: what")
  local deadline = loop.monotonic() + timeout
  local ok, found =
    pcall(tasks.limit, timeout + LAST_LOOK_SECONDS, "check was", poll, options.check, interval, deadline)
  if ok and found then return found end
  if not ok and not (errors.is(found) and found.kind == "timeout" and loop.monotonic() >= deadline) then
    error(found, 0)
  end
  errors.raise("timeout", ("waited %g s for %s"):format(timeout, what),
    { effect = not ok and found.effect or "none" })
end

return tasks
