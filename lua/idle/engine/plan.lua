--- Planning: a workflow and a request become a plan, which says what would run and why
--- the rest would not (contracts §8). Nothing is changed by it: providers are asked what
--- they can do and, by context resolvers, what they know.
local context_resolvers = require("idle.engine.context_resolvers")
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local plan_step = require("idle.engine.plan_step")
local provider_map = require("idle.engine.provider_map")
local request = require("idle.engine.request")
local step_catalogue = require("idle.engine.step_catalogue")
local value = require("idle.engine.value")

local plan = {}

---@class idle.Plan
---@field WorkflowName   string
---@field LifecycleEvent string
---@field CorrelationId  string
---@field Actor?         string
---@field CreatedUtc?    string                when it was planned; nil = it was read from a file
---@field Request        idle.Request          a snapshot: what context resolvers found is in its Context
---@field Steps          idle.PlanStep[]
---@field OnFailureSteps idle.PlanStep[]
---@field Actions        idle.List             always empty
---@field Warnings       idle.PathWarning[]    of all steps, in their order
---@field Providers?     any                   as they were handed in
---@field Seal?          string                of the file that it was read from

---@class idle.PlanOptions
---@field workflow   idle.WorkflowDefinition
---@field request    table                    is copied
---@field providers? any                      a map by alias, a list, or one provider
---@field now?       string                   becomes CreatedUtc
---@field null?      any                      stands for null in lists and maps
---@field packs?     idle.StepPack[]          default: the built-in ones
---@field warn?      fun(message: string)     told what a person should know, beside the plan's Warnings

local function check_event(definition, made)
  if fold.equal(definition.LifecycleEvent, made.LifecycleEvent) then return end
  errors.raise("input.workflow", ("workflow %s: its LifecycleEvent %s does not match request LifecycleEvent %s"):format(
    data.quote(definition.Name), data.quote(definition.LifecycleEvent), data.quote(made.LifecycleEvent)))
end

local function begin(definition, snapshot, options)
  return {
    WorkflowName = definition.Name,
    LifecycleEvent = definition.LifecycleEvent,
    CorrelationId = snapshot.CorrelationId,
    Actor = snapshot.Actor,
    CreatedUtc = options.now,
    Request = snapshot,
    Steps = value.list(),
    OnFailureSteps = value.list(),
    Actions = value.list(),
    Warnings = value.list(),
    Providers = options.providers,
  }
end

local function build_catalogue(options, providers, warn)
  local is_map = providers.has_aliases and type(options.providers) == "table"
  local catalogue = step_catalogue.build({
    host = is_map and data.get(options.providers, "StepMetadata") or nil, packs = options.packs,
  })
  for _, message in ipairs(catalogue.Warnings) do warn(message) end
  return catalogue
end

--- What conditions may look into. When a step is about to run there is no workflow any
--- more, so its precondition sees the plan and the request alone, also when planning.
---@param made idle.Plan
---@return { Plan: idle.Plan, Request: idle.Request }
function plan.roots(made)
  return { Plan = made, Request = made.Request }
end

local function add_steps(steps, definitions, scope)
  for index = 1, #definitions do
    steps[index] = plan_step.build(definitions[index], scope)
    for _, warning in ipairs(steps[index].Warnings) do
      scope.plan.Warnings[#scope.plan.Warnings + 1] = warning
    end
  end
end

--- What each step of a plan requires of which provider.
---@param made idle.Plan
---@return idle.CapabilityDemand[]
function plan.demands(made)
  local demands = {}
  for _, steps in ipairs({ made.Steps, made.OnFailureSteps }) do
    for _, step in ipairs(steps) do
      demands[#demands + 1] = {
        Step = step.Name, Capabilities = step.RequiresCapabilities, Provider = step.Provider,
        NotApplicable = step.Status == "NotApplicable",
      }
    end
  end
  return demands
end

--- Refuses providers that cannot do what a plan requires, naming what is missing and
--- the steps. For a plan that was read from a file, and before it is run.
---@param made       idle.Plan
---@param providers? any
---@param warn?      fun(message: string)
function plan.check_providers(made, providers, warn)
  provider_map.new(providers, warn):check(plan.demands(made))
end

local function ignore() end

--- Makes a plan. Raises for the first thing that is wrong.
---@param options idle.PlanOptions
---@return idle.Plan
function plan.build(options)
  local warn, definition = options.warn or ignore, options.workflow
  local snapshot, ignored = request.for_planning(options.request)
  for _, note in ipairs(ignored) do warn("request: " .. note) end
  check_event(definition, snapshot)
  local providers = provider_map.new(options.providers, warn)
  context_resolvers.run(definition.ContextResolvers, snapshot, providers, { null = options.null })

  local made = begin(definition, snapshot, options)
  local run_time = plan.roots(made)
  local scope = {
    plan = made,
    catalogue = build_catalogue(options, providers, warn),
    run_time_roots = run_time,
    roots = { Plan = made, Request = snapshot, Workflow = definition },
  }
  add_steps(made.Steps, definition.Steps, scope)
  add_steps(made.OnFailureSteps, definition.OnFailureSteps, scope)
  providers:check(plan.demands(made))
  return made
end

return plan
