--- Every violation of the contracts (§2.3, §3.6, §4.5, §5.3, §7.4, §10.1) as the commands report
--- it: where it is and the words that the contracts fix. A group of cases shares one program.
local child = require("spec.support.child")
local file = require("idle.file")
local json = require("idle.json")

local EMIT = "@{ Name = 'A'; Type = 'IdLE.Step.EmitEvent' }"

local function workflow(steps, more)
  return ("@{ Name = 'W'; LifecycleEvent = 'Joiner'; Steps = @(%s); %s }"):format(steps, more or "")
end

local function step(fields)
  return workflow("@{ Name = 'A'; Type = 'IdLE.Step.EmitEvent'; " .. fields .. " }")
end

local function resolver(fields)
  return workflow(EMIT, ("ContextResolvers = @(@{ %s })"):format(fields))
end

local function emit(message)
  return step(("With = @{ Message = '%s' }"):format(message))
end

-- A violation of a workflow is its text, then the place and the words of each line that must come.
local STRUCTURE = {
  { "@{ Nmae = 'W'; LifecycleEvent = 'Joiner'; Stpes = @() }",
    { "Nmae", "Unknown root key 'Nmae'", "allowed: Name,", "did you mean 'Name'" },
    { "Stpes", "Unknown root key 'Stpes'", "did you mean 'Steps'" },
    { "Name", "missing" }, { "Steps", "missing" } },
  { "@{ Name = ' '; LifecycleEvent = ''; Steps = @() }", { "Name", "blank" }, { "LifecycleEvent", "blank" } },
  { "@{ Name = 'W'; LifecycleEvent = 'Joiner'; Steps = $null }", { "Steps", "missing" } },
  { "@{ Name = 'W'; LifecycleEvent = 'Joiner'; Steps = 'a'; OnFailureSteps = @{ }; ContextResolvers = 3 }",
    { "Steps", "Steps must be a list" }, { "OnFailureSteps", "OnFailureSteps must be a list" },
    { "ContextResolvers", "ContextResolvers must be a list" } },
  { workflow("'a'", "OnFailureSteps = @(1); ContextResolvers = @($null)"),
    { "Steps[0]", "map" }, { "OnFailureSteps[0]", "map" }, { "ContextResolvers[0]", "map" } },
  { workflow("@{ Name = 'A'; Type = 'IdLE.Step.EmitEvent'; Widht = @{ }; Condtion = @{ } }",
    "OnFailureSteps = @(@{ Name = 'A'; Type = 'IdLE.Step.EmitEvent'; X = 1 })"),
    { "Steps[0].Widht", "Unknown key 'Widht'", "allowed: Name, Type", "did you mean 'With'" },
    { "Steps[0].Condtion", "Unknown key 'Condtion'", "did you mean 'Condition'" },
    { "OnFailureSteps[0].X", "Unknown key 'X'" } },
  { resolver("Capability = 'IdLE.Identity.Read'; To = 'x'"),
    { "ContextResolvers[0].To", "Unknown key 'To'", "allowed" } },
  { step("When = @{ }"), { "Steps[0].When", "Unknown key 'When'", "renamed to 'Condition'" } },
  { workflow("@{ Name = ''; }, @{ Name = 'b'; Type = ' ' }", "ContextResolvers = @(@{ })"),
    { "Steps[0].Name", "blank" }, { "Steps[0].Type", "missing" }, { "Steps[1].Type", "blank" },
    { "ContextResolvers[0].Capability", "missing" } },
  { workflow(EMIT .. ", @{ Name = 'a'; Type = 'IdLE.Step.EmitEvent' }",
    "OnFailureSteps = @(" .. EMIT .. ", @{ Name = 'a'; Type = 'IdLE.Step.EmitEvent' })"),
    { "Steps[1].Name", "duplicate", "'a'" }, { "OnFailureSteps[1].Name", "duplicate", "'a' in OnFailureSteps" } },
  { step("Condition = 'x'; Precondition = @(1); With = @(1)"),
    { "Steps[0].Condition", "map" }, { "Steps[0].Precondition", "map" }, { "Steps[0].With", "map" } },
  { step("RetryProfile = 'a b'; OnPreconditionFalse = 'Skip'; PreconditionEvent = @{ Data = 1 }"),
    { "Steps[0].RetryProfile", "'a b'", "^[A-Za-z0-9_.-]{1,64}$" },
    { "Steps[0].OnPreconditionFalse", "Blocked, Fail or Continue", "'Skip'" },
    { "Steps[0].PreconditionEvent.Type", "blank" }, { "Steps[0].PreconditionEvent.Message", "blank" },
    { "Steps[0].PreconditionEvent.Data", "map" } },
  { step("RetryProfile = ' '; PreconditionEvent = 3"),
    { "Steps[0].RetryProfile", "blank" }, { "Steps[0].PreconditionEvent", "map" } },
  { resolver("Capability = 'IdLE.Identity.Read'; With = 1"), { "ContextResolvers[0].With", "map" } },
  { resolver("Capability = 'IdLE.Entitlement.List'; With = @{ Provider = ' '; AuthSessionOptions = 1 }"),
    { "ContextResolvers[0].With.Provider", "blank" }, { "ContextResolvers[0].With.AuthSessionOptions", "map" } },
  { "@{ Name = 'W'; LifecycleEvent = 'Leaver'; Steps = @() }",
    { "LifecycleEvent", "'Leaver' does not match request LifecycleEvent 'Joiner'" } },
  { step("With = @{ Action = { Get-Date } }"), { "Steps[0].With.Action", "Workflow.Steps[0].With.Action",
    "ScriptBlocks are not allowed" } },
  { workflow("@{ Name = 'B'; Type = 'IdLE.Step.DeleteIdentity'; With = @{ IdentiyKey = 'x'; Prvoider = 'y' } }"),
    { "Steps[0].With.IdentiyKey", "With.IdentityKey", "did you mean 'IdentityKey'" },
    { "Steps[0].With.Prvoider", "did you mean 'Provider'" } },
}

local function condition(text, place, ...)
  return { step("Condition = " .. text), { "Steps[0].Condition" .. place, "Condition" .. place .. ": ", ... } }
end

local CONDITIONS = {
  condition("@{ All = @(@{ Exists = 'a' }); Equals = @{ Path = 'a'; Value = 1 } }", "", "mixes", "'All', 'Equals'"),
  condition("@{ }", "", "no recognised key"),
  condition("@{ All = @(@{ Exists = 'a' }); Any = @(@{ Exists = 'a' }) }", "", "'All', 'Any'", "exactly one"),
  condition("@{ Eqals = @{ Path = 'a'; Value = 1 } }", "", "unknown key 'Eqals'", "did you mean 'Equals'"),
  condition("@{ All = $null }", ".All", "null"),
  condition("@{ Any = 1 }", ".Any", "list"),
  condition("@{ None = @() }", ".None", "at least one"),
  condition("@{ All = @(1) }", ".All[0]", "map"),
  condition("@{ Equals = 1 }", ".Equals", "must be a map"),
  condition("@{ Equals = @{ Path = 'a'; Value = 1; Vlaue = 2 } }", ".Equals", "unknown key 'Vlaue'", "allowed: Path,"),
  condition("@{ Equals = @{ Value = 1 } }", ".Equals", "Path", "missing or blank"),
  condition("@{ Like = @{ Path = ' '; Pattern = 'x' } }", ".Like", "Path", "missing or blank"),
  condition("@{ NotEquals = @{ Path = 'a' } }", ".NotEquals", "Value is missing"),
  condition("@{ In = @{ Path = 'a' } }", ".In", "Values is missing"),
  condition("@{ NotLike = @{ Path = 'a' } }", ".NotLike", "Pattern is missing"),
  condition("@{ In = @{ Path = 'a'; Values = $null } }", ".In", "null"),
  condition("@{ In = @{ Path = 'a'; Values = @{ b = 1 } } }", ".In", "map"),
  condition("@{ In = @{ Path = 'a'; Values = @{ } } }", ".In", "map"),
  condition("@{ Exists = ' ' }", ".Exists", "blank"),
  condition("@{ All = @(@{ Exists = 'a' }, @{ Any = @(@{ Equals = 3 }) }) }", ".All[1].Any[0].Equals", "must be a map"),
}

local SETUP = [[
local idle = require "idle"
local identity = idle.providers.mock{ InitialStore = { ada = { } } }
local providers = { Identity = identity }
local setup = { Providers = providers }
%s
return setup]]

-- A resolver that reads ada from the provider called Identity, unless its fields say otherwise.
local function reads(fields, with)
  return resolver(("Capability = %s; With = @{ %s }"):format(fields or "'IdLE.Identity.Read'",
    with or "IdentityKey = 'ada'"))
end

local STRICT = "WithSchema = { RequiredKeys = { }, OptionalKeys = idle.list{ 'A' } }"

local function metadata(fields)
  return { setup = ("providers.StepMetadata = { My = { %s } }"):format(fields), "My" }
end

local function with(case, ...)
  for _, word in ipairs({ ... }) do case[#case + 1] = word end
  return case
end

local TEMPLATES = {
  { workflow = emit("{{Request.Actor"), "step 'A'", "With.Message", "Unbalanced braces", "1", "0" },
  { workflow = emit("Request.Actor}}"), "step 'A'", "Unbalanced braces" },
  { workflow = emit("{{Request.Actor{{Request.Actor}}}}"), "step 'A'", "With.Message" },
  { workflow = emit("{{Request.Ac tor}}"), "step 'A'", "Invalid path pattern" },
  { workflow = emit("{{Plan.Id}}"), "step 'A'", "is not allowed", "Request.Intent", "Request.IdentityKeys" },
  { workflow = emit("{{Request.Input.Name}}"), "step 'A'", "is not allowed", "Request.Intent" },
  { workflow = emit("{{Request.Intent.Departmnt}}"), "step 'A'", "Request.Intent.Departmnt",
    "resolved to null or does not exist" },
  { workflow = emit("{{Request.Intent.Nothing}}"), "step 'A'", "resolved to null or does not exist" },
  { workflow = emit("a {{Request.Intent}} b"), "step 'A'", "Request.Intent", "non-scalar value" },
  { workflow = emit("a {{Request.Intent.List}} b"), "step 'A'", "non-scalar value" },
}

local CATALOGUE = {
  { workflow = workflow("@{ Name = 'A'; Type = 'IdLE.Step.EmitEvnt'; Condition = @{ Exists = 'Request.None' } }"),
    "MissingStepTypeMetadata", "step 'A'", "'IdLE.Step.EmitEvnt'", "Providers.StepMetadata", "'IdLE.Step.EmitEvent'" },
  { setup = ("providers.StepMetadata = { ['idle.step.emitevent'] = { %s } }"):format(STRICT),
    "DuplicateStepTypeMetadata", "supplement", "'IdLE.Step.EmitEvent'" },
  { setup = "providers.StepMetadata = 3", "must be a hashtable" },
  { setup = "providers.StepMetadata = { [' '] = { } }", "Providers.StepMetadata", "must be a name" },
  { setup = "providers.StepMetadata = { My = 3 }", "'My'", "must be a hashtable" },
  with(metadata(STRICT .. ", Hint = { Of = function() end }"), "ScriptBlock", "Hint.Of"),
  with(metadata(STRICT .. ", RequiredCapabilities = 3"), "invalid capability"),
  with(metadata(STRICT .. ", RequiredCapabilities = 'Not an identifier'"), "invalid capability", "Not an identifier"),
  with(metadata("RequiredCapabilities = 'A.B'"), "WithSchema"),
  with(metadata("WithSchema = 3"), "WithSchema"),
  with(metadata("WithSchema = { OptionalKeys = 'A' }"), "WithSchema", "RequiredKeys"),
  with(metadata("WithSchema = { RequiredKeys = 'A', OptionalKeys = idle.null }"), "OptionalKeys"),
  with(metadata("WithSchema = { RequiredKeys = 'A', OptionalKeys = idle.list{ 3 } }"), "OptionalKeys"),
  with(metadata("WithSchema = { RequiredKeys = 'A', OptionalKeys = 'a' }"), "RequiredKeys", "OptionalKeys"),
}

local RESOLVERS = {
  { workflow = reads("'IdLE.Identity.Write'"), "ContextResolvers[0]", "IdLE.Identity.Write",
    "not in the read-only allow-list", "IdLE.Entitlement.List, IdLE.Identity.Read" },
  { workflow = reads(nil, "IdentityKey = 'ada'; Provider = 'Identiy'"), "ContextResolvers[0]", "'Identiy'",
    "did you mean 'Identity'" },
  { workflow = reads(), setup = "providers.Identity = nil", "ContextResolvers[0]", "IdLE.Identity.Read", "no provider",
    "Providers map" },
  { workflow = reads(), setup = "providers.Other = identity", "ContextResolvers[0]", "IdLE.Identity.Read",
    "Multiple providers", "disambiguate", "Identity, Other", "With.Provider" },
  { workflow = reads(nil, "IdentityKey = 'ada'; Provider = 'a.b'"), setup = "providers['a.b'] = identity",
    "ContextResolvers[0]", "a.b", "not a valid context path segment" },
  { workflow = reads(nil, "IdentityKey = 'ada'; AuthSessionName = 'a.b'"), "ContextResolvers[0]", "a.b",
    "not a valid context path segment" },
  { workflow = reads(nil, "IdentityKey = 'ada'; AuthSessionName = 'Admin'"), exit = 2, "ContextResolvers[0]", "Admin",
    "AuthSessionBroker" },
  { workflow = reads(nil, "Provider = 'Identity'"), exit = 2, "ContextResolvers[0]", "IdentityKey", "'Identity'",
    "failed while resolving capability" },
  { workflow = reads(), setup = "function identity:GetIdentity() error('no line') end", exit = 2,
    "ContextResolvers[0]", "'Identity'", "IdLE.Identity.Read", "failed while resolving capability", "no line" },
  { workflow = reads(), setup = "providers.Identity = { GetCapabilities = function() return { 'IdLE.Identity.Read' } "
    .. "end }", exit = 2, "ContextResolvers[0]", "GetIdentity",
    "failed while resolving capability" },
  { workflow = reads(), request = '"Context": { "Providers": { "Identity": 3 } }', "ContextResolvers[0]",
    "intermediate node", "Providers.Identity" },
}

local function options(fields) return "setup.ExecutionOptions = " .. fields end

local function profile(fields, ...)
  return { setup = options(("{ RetryProfiles = { Slow = { %s } } }"):format(fields)), "'Slow'", ... }
end

local ACQUIRE = workflow("@{ Name = 'A'; Type = 'IdLE.Step.AcquireAuthSession'; With = @{ Name = 'X' } }")
local DESCRIBED = "providers.StepMetadata = { ['IdLE.Step.AcquireAuthSession'] = { WithSchema = { RequiredKeys = { }, "
  .. "OptionalKeys = '*' } } }"

local EXECUTION = {
  { setup = "setup.EventSink = function() end", "EventSink", "WriteEvent" },
  { setup = "setup.EventSink = { }", "WriteEvent" },
  { setup = "providers.Code = print", "Providers.Code", "function" },
  { setup = options("3"), "ExecutionOptions" },
  { setup = options("{ RetryProfiles = { Slow = { Delay = print } } }"), "ExecutionOptions.RetryProfiles.Slow.Delay",
    "ScriptBlocks are not allowed" },
  { setup = options("{ RetryProfiles = { ['a b'] = { } } }"), "a b" },
  { setup = options("{ RetryProfiles = { Slow = 3 } }"), "Slow" },
  profile("MaxAttempts = 11", "MaxAttempts must be an integer between 0 and 10"),
  profile("InitialDelayMilliseconds = 60001", "InitialDelayMilliseconds", "60000"),
  profile("BackoffFactor = 0.5", "BackoffFactor", "1"),
  profile("MaxDelayMilliseconds = 300001", "MaxDelayMilliseconds", "300000"),
  profile("MaxDelayMilliseconds = 100", "must be >= InitialDelayMilliseconds"),
  profile("JitterRatio = 2", "JitterRatio"),
  { setup = options("{ RetryProfiles = { Slow = { } }, DefaultRetryProfile = 'Slwo' }"), "'Slwo'", "does not exist" },
  { setup = options("{ DefaultRetryProfile = ' ' }"), "DefaultRetryProfile" },
  { setup = "providers.StepRegistry = 3", "StepRegistry" },
  { setup = "providers.StepRegistry = { [' '] = function() end }", "StepRegistry", "blank" },
  { setup = "providers.StepRegistry = { My = ' ' }", "StepRegistry" },
  { workflow = ACQUIRE, setup = DESCRIBED, exit = 2, "AuthSessionBroker" },
}

local DRIVER = [[
local command = require "idle.host.command"
for index = 1, %d do
  local folder = ("%s/%%d/"):format(index)
  io.stderr:write("case ", index, "\n")
  local status = command.main{ "%s", folder .. "workflow.psd1", "--request", folder .. "request.json", "--setup",
    folder .. "setup.lua" }
  io.stderr:write("status ", status, "\n")
end]]

local REQUEST = [[{ "LifecycleEvent": "Joiner", "CorrelationId": "c-1",
  "Intent": { "Department": "IT", "Nothing": null, "List": [1, 2] }%s }]]

describe("the commands", function()
  local folder

  before_each(function() folder = assert(file.temp_dir("idle-violations-")) end)
  after_each(function() assert(file.remove_all(folder)) end)

  local function write(name, text)
    local path = folder .. "/" .. name
    assert(file.write_private(path, text))
    return path
  end

  local function violation_at(place, document)
    for _, violation in ipairs(document.Errors) do
      if violation.Path == place then return violation end
    end
  end

  local function check_expected(case, document)
    for index = 2, #case do
      local expected = case[index]
      local found = violation_at(expected[1], document)
      assert(found, ("nothing at %s for %s: %s"):format(expected[1], case[1], json.encode(document)))
      for word = 2, #expected do assert.matches(expected[word], found.Message, 1, true) end
    end
    assert.equal(#case - 1, #document.Errors, json.encode(document))
  end

  -- Checks all of them by one call.
  local function check_all(cases)
    local arguments = { "check", "--json", "--request", write("request.json", REQUEST:format("")) }
    for index, case in ipairs(cases) do
      arguments[#arguments + 1] = write(("%03d.psd1"):format(index), case[1])
    end
    local outcome = child.run(arguments)
    assert.equal(65, outcome.exit_code, outcome.stderr)
    for index, document in ipairs(assert(json.decode(outcome.stdout))) do check_expected(cases[index], document) end
  end

  local function write_case(index, case)
    assert(file.mkdir(("%s/%d"):format(folder, index)))
    write(index .. "/workflow.psd1", case.workflow or workflow(EMIT))
    write(index .. "/request.json", REQUEST:format(case.request and ", " .. case.request or ""))
    write(index .. "/setup.lua", SETUP:format(case.setup or ""))
  end

  -- What a case says otherwise than it should; nil = nothing.
  local function problem_of(case, text, status)
    for _, expected in ipairs(case) do
      if not text:find(expected, 1, true) then return ("%q is not in: %s"):format(expected, text) end
    end
    if status ~= (case.exit or 65) then return ("ends with %d: %s"):format(status, text) end
    if select(2, text:gsub("idle%-lua: ", "")) ~= 1 then return "no single message: " .. text end
  end

  -- Runs the command for all of them in one program.
  local function refuse_all(word, cases)
    for index, case in ipairs(cases) do write_case(index, case) end
    local outcome = child.run{ write("driver.lua", DRIVER:format(#cases, folder, word)) }
    local problems, index = {}, 0
    for text, status in outcome.stderr:gmatch("case %d+\n(.-)status (%d+)\n") do
      index = index + 1
      problems[#problems + 1] = problem_of(cases[index], text, tonumber(status))
    end
    assert.same({}, problems)
    assert.equal(#cases, index, outcome.stderr)
  end

  it("check: the structure of a workflow", function() check_all(STRUCTURE) end)

  it("check: conditions", function() check_all(CONDITIONS) end)

  it("plan: templates", function() refuse_all("plan", TEMPLATES) end)

  it("plan: what is known of step types", function() refuse_all("plan", CATALOGUE) end)

  it("plan: context resolvers", function() refuse_all("plan", RESOLVERS) end)

  it("run: what is checked before the first step", function() refuse_all("run", EXECUTION) end)
end)
