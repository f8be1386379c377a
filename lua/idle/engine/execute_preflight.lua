--- What is checked before the first step of a plan runs: whatever fails here has
--- changed nothing and told nobody (contracts §10.1).
local capabilities = require("idle.engine.capabilities")
local data = require("idle.engine.data")
local data_only = require("idle.engine.data_only")
local errors = require("idle.engine.errors")
local execute_precondition = require("idle.engine.execute_precondition")
local execution_options = require("idle.engine.execution_options")
local fold = require("idle.engine.fold")
local plan = require("idle.engine.plan")

local execute_preflight = {}

local ACQUIRE_SESSION = "IdLE.Step.AcquireAuthSession"
local SECTIONS = { "Steps", "OnFailureSteps" }

---@class idle.ExecuteOptions
---@field Providers?        table      default: those of the plan
---@field EventSink?        idle.Sink  hears of every event
---@field ExecutionOptions? table      RetryProfiles, DefaultRetryProfile
---@field WhatIf?           boolean    true = check everything, run nothing

---@class idle.Preflight  what the checks found
---@field providers     table
---@field registry      table<string, idle.StepHandler>  handlers of the host's own, by their folded type
---@field profiles      table<idle.PlanStep, idle.RetryProfile>
---@field preconditions table<idle.PlanStep, idle.Condition>

local function fail(kind, format, ...)
  errors.raise(kind, format:format(...))
end

local function check_plan(made)
  if type(made) ~= "table" or not data.is_list(made.Steps) then
    fail("input.plan", "execute needs a plan as 'idle.plan' makes it, got %s",
      data.is_map(made) and "a map without Steps" or data.kind(made))
  end
  if data.is_blank(made.CorrelationId) then
    fail("input.plan", "the plan has no CorrelationId; events and results could not be told apart")
  end
end

local function each_step(made, visit)
  for _, section in ipairs(SECTIONS) do
    for index, step in ipairs(made[section] or {}) do visit(step, ("Plan.%s[%d]"):format(section, index - 1)) end
  end
end

-- Checked on its own, because the message must say that these options go to a broker.
local function check_session_options(made)
  each_step(made, function(step, place)
    local options = step.With and fold.equal(step.Type, ACQUIRE_SESSION) and data.get(step.With, "Options")
    local ok, err = pcall(data_only.check, options, place .. ".With.Options", { kind = "input.plan" })
    if not ok then fail("input.plan", "auth session options must be data: %s", tostring(err)) end
  end)
end

local function check_plan_is_data(made)
  for _, key in ipairs(data.sorted_keys(made)) do
    if key ~= "Providers" then data_only.check(made[key], "Plan." .. tostring(key), { kind = "input.plan" }) end
  end
end

-- Providers are objects of anybody's make, with methods, and may refer to
-- themselves; a script block in them still comes out of a data file.
local function refuse_script_blocks(v, place, seen)
  if type(v) ~= "table" or seen[v] then return end
  seen[v] = true
  if data.is_code(v) then fail("input.setup", "%s: ScriptBlocks are not allowed; only data may stand here", place) end
  for _, key in ipairs(data.sorted_keys(v)) do
    local field = rawget(v, key)
    if type(field) == "table" then refuse_script_blocks(field, place .. "." .. data.shown(tostring(key)), seen) end
  end
end

local function check_providers(providers)
  if type(providers) ~= "table" then
    fail("input.setup", "Providers must be a map by alias, got %s", data.kind(providers))
  end
  refuse_script_blocks(providers, "Providers", {})
  if capabilities.method_of(providers, "GetCapabilities") then return end
  for _, alias in ipairs(data.sorted_keys(providers)) do
    if type(providers[alias]) == "function" then
      fail("input.setup", "Providers.%s: a function is no provider; it must be an object", data.shown(tostring(alias)))
    end
  end
end

local function find_providers(made, options)
  local providers = options.Providers
  if data.is_null(providers) then providers = made.Providers end
  if data.is_null(providers) then
    fail("input.setup", "Providers are required: neither the call nor the plan has any; a setup file can bring them")
  end
  check_providers(providers)
  return providers
end

-- Also profiles that only a late step names are checked now (W-18, W-44).
local function find_profiles(made, options)
  local given = options.ExecutionOptions
  if data.is_null(given) then given = nil end
  data_only.check(given, "ExecutionOptions", { kind = "input.setup" })
  local checked, profiles = execution_options.check(given), {}
  each_step(made, function(step)
    if step.Status ~= "NotApplicable" then
      profiles[step] = execution_options.profile(checked, errors.escape(step.Name), step.RetryProfile)
    end
  end)
  return profiles
end

local function check_handler(type_name, handler, taken)
  if type(type_name) ~= "string" or data.is_blank(type_name) then
    fail("input.setup", "StepRegistry: a step type must be a name that is not blank, got %s", data.quote(type_name))
  elseif type(handler) ~= "function" then
    fail("input.setup", "StepRegistry: the handler of '%s' must be a function, got %s", data.shown(type_name),
      data.kind(handler))
  elseif taken[fold.case(type_name)] then
    fail("input.setup", "StepRegistry: the step type '%s' has two handlers, under different spellings",
      data.shown(type_name))
  end
end

local function find_registry(providers)
  local registry, taken = data.get(providers, "StepRegistry"), {}
  if data.is_null(registry) then return nil end
  if not data.is_map(registry) then
    fail("input.setup", "StepRegistry must be a map by step type, got %s", data.kind(registry))
  end
  for _, type_name in ipairs(data.sorted_keys(registry)) do
    check_handler(type_name, registry[type_name], taken)
    taken[fold.case(type_name)] = true
  end
  return registry
end

local function check_broker(made, providers)
  local broker = data.get(providers, "AuthSessionBroker")
  if not data.is_null(broker) then return end
  each_step(made, function(step)
    if step.Status ~= "NotApplicable" and fold.equal(step.Type, ACQUIRE_SESSION) then
      fail("session.missing", "step %s acquires an auth session, and Providers has no AuthSessionBroker",
        data.quote(step.Name))
    end
  end)
end

-- Other providers than those it was planned with may be able to do less.
local function check_capabilities(made, providers)
  if not rawequal(providers, made.Providers) then plan.check_providers(made, providers) end
end

--- Checks a plan and what it is to be executed with, in this order; raises at
--- the first thing that is wrong.
---@param made       idle.Plan
---@param options    idle.ExecuteOptions
---@param check_sink fun(sink: any)  raises for what is no event sink
---@return idle.Preflight
function execute_preflight.check(made, options, check_sink)
  check_plan(made)
  if options.EventSink ~= nil then check_sink(options.EventSink) end
  check_session_options(made)
  check_plan_is_data(made)
  local found = { providers = find_providers(made, options), preconditions = {} }
  found.profiles = find_profiles(made, options)
  found.registry = find_registry(found.providers)
  check_broker(made, found.providers)
  check_capabilities(made, found.providers)
  for _, section in ipairs(SECTIONS) do execute_precondition.prepare(made[section] or {}, found.preconditions) end
  return found
end

return execute_preflight
