--- `idle-lua run` as people call it.
local child = require("spec.support.child")
local file = require("idle.file")
local json = require("idle.json")
local loop = require("idle.loop")

local WORKFLOW = [[
@{ Name = 'Joiner'; LifecycleEvent = 'Joiner'
  Steps = @(
    @{ Name = 'Ensure'; Type = 'IdLE.Step.EnsureAttributes'
       With = @{ IdentityKey = '{{Request.IdentityKeys.Id}}'; Attributes = @{ Department = 'IT' } } }
    @{ Name = 'VPN'; Type = 'IdLE.Step.EmitEvent'
       Condition = @{ Equals = @{ Path = 'Request.Intent.Vpn'; Value = 'yes' } } }
    @{ Name = 'Order'; Type = 'Contoso.Step.Order'; With = @{ Model = 'T14' } }
  )
  OnFailureSteps = @(
    @{ Name = 'Tell'; Type = 'IdLE.Step.EmitEvent'; With = @{ Message = 'look at it' } }
  )
}
]]

local BLOCKED = [[
@{ Name = 'Leaver'; LifecycleEvent = 'Joiner'; Steps = @(
  @{ Name = 'Guard'; Type = 'IdLE.Step.EmitEvent'
     Precondition = @{ Equals = @{ Path = 'Request.Intent.Vpn'; Value = 'yes' } } }
  @{ Name = 'Never'; Type = 'IdLE.Step.EmitEvent' }
) }
]]

local REQUEST = [[{ "LifecycleEvent": "Joiner", "CorrelationId": "c-1", "Actor": "hr",
  "IdentityKeys": { "Id": "ann" }, "Intent": { "Vpn": "no" } }]]

-- What Order does stands in ORDER.
local SETUP = [[
local idle = require "idle"
local metadata = { RequiredCapabilities = {}, WithSchema = { RequiredKeys = { "Model" }, OptionalKeys = {} } }
return { Providers = {
  Identity = idle.providers.mock(),
  StepMetadata = { ["Contoso.Step.Order"] = metadata },
  StepRegistry = { ["Contoso.Step.Order"] = function(context, with, step) ORDER end },
}, ExecutionOptions = {
  RetryProfiles = { quick = { InitialDelayMilliseconds = 1, MaxDelayMilliseconds = 2 } }, DefaultRetryProfile = "quick",
} }
]]

describe("the command run", function()
  local dir

  local function write(name, text)
    local stream = assert(io.open(dir .. "/" .. name, "w"))
    stream:write(text)
    stream:close()
  end

  local function read(name)
    local stream <close> = assert(io.open(dir .. "/" .. name))
    return stream:read("a")
  end

  local function write_setup(order)
    write("setup.lua", (SETUP:gsub("ORDER", function() return order end)))
  end

  before_each(function()
    dir = assert(file.temp_dir("run-command-spec"))
    write("joiner.psd1", WORKFLOW)
    write("blocked.psd1", BLOCKED)
    write("ann.json", REQUEST)
    write_setup("return { Changed = true, Data = { Ticket = 7, password = 'hunter2' } }")
  end)

  after_each(function()
    file.remove_all(dir)
  end)

  local function run(...)
    local options = { "run", ... }
    options.cwd = dir
    return child.run(options)
  end

  local function joiner(...)
    return run("joiner.psd1", "--request", "ann.json", "--setup", "setup.lua", ...)
  end

  local function document(outcome)
    local decoded, err = json.decode(outcome.stdout)
    assert(decoded, err and err.message)
    return decoded
  end

  it("runs a workflow and shows what became of each step", function()
    local outcome = joiner()
    assert.equal(0, outcome.exit_code)
    assert.matches("^run of 'Joiner' for request c%-1: Completed\n", outcome.stdout)
    assert.matches("1  Ensure  EnsureAttributes +Completed +1 +[%d.]+ s  yes\n", outcome.stdout)
    assert.matches("2  VPN +EmitEvent +NotApplicable  0", outcome.stdout)
    assert.matches("2 'VPN' NotApplicable: Request.Intent.Vpn Equals 'yes' is false %(the value is 'no'%)",
      outcome.stdout)
    assert.equal("", outcome.stderr)
  end)

  it("prints one JSON document, without secrets", function()
    local outcome = joiner("--json")
    local result = document(outcome)
    assert.equal(0, outcome.exit_code)
    assert.equal("Completed", result.Status)
    assert.equal("c-1", result.CorrelationId)
    assert.equal("hr", result.Actor)
    assert.equal(3, #result.Steps)
    assert.equal(7, result.Steps[3].Data.Ticket)
    assert.equal("NotRun", result.OnFailure.Status)
    assert.same({}, { table.unpack(result.OnFailure.Steps) })
    assert.equal("RunCompleted", result.Events[#result.Events].Type)
    assert.is_nil(outcome.stdout:find("hunter2", 1, true))
  end)

  it("appends its events to a file", function()
    joiner("--events", "events.jsonl")
    local types = {}
    for line in read("events.jsonl"):gmatch("[^\n]+") do types[#types + 1] = json.decode(line).Type end
    assert.equal("RunStarted StepStarted StepCompleted StepNotApplicable StepStarted StepCompleted RunCompleted",
      table.concat(types, " "))
  end)

  it("leaves stdout to the events if they go there", function()
    local outcome = joiner("--events", "-")
    for line in outcome.stdout:gmatch("[^\n]+") do assert.truthy(json.decode(line)) end
    assert.matches("run of 'Joiner'", outcome.stderr)
    local both = joiner("--events", "-", "--json")
    assert.equal(64, both.exit_code)
  end)

  describe("with --what-if", function()
    it("shows the plan and runs nothing", function()
      write_setup("error('called')")
      local outcome = joiner("--what-if", "--events", "events.jsonl")
      assert.equal(0, outcome.exit_code)
      assert.matches("nothing was run", outcome.stdout)
      assert.matches("Order +Contoso.Step.Order", outcome.stdout)
      assert.is_false(file.exists(dir .. "/events.jsonl"))
    end)

    it("says so as JSON", function()
      local result = document(joiner("--what-if", "--json"))
      assert.equal("WhatIf", result.Status)
      assert.equal("Planned", result.Steps[1].Status)
    end)
  end)

  it("repeats steps as the setup's ExecutionOptions say", function()
    write_setup("if not tried then tried = true idle.error('ssh.connect', 'refused') end")
    assert.equal(2, document(joiner("--json")).Steps[3].Attempts)
  end)

  describe("ends with", function()
    local function ends_with(order)
      write_setup(order)
      return joiner()
    end

    it("2 if a step failed for certain; the steps for that have run", function()
      local outcome = ends_with("return { Status = 'Failed', Error = 'no licence left' }")
      assert.equal(2, outcome.exit_code)
      assert.matches("3 'Order' Failed: no licence left\n", outcome.stdout)
      assert.matches("after the failure: Completed\n\n.*Tell +EmitEvent +Completed", outcome.stdout)
    end)

    it("3 if it is not known what a step has done", function()
      local outcome = ends_with("error('boom')")
      assert.equal(3, outcome.exit_code)
      assert.matches("c%-1: InDoubt", outcome.stdout)
      assert.matches("boom %(in doubt: something may have been changed%)", outcome.stdout)
    end)

    it("2 and not 75 if the failure may pass, but something was changed before", function()
      assert.equal(2, ends_with("idle.error('ssh.connect', 'refused')").exit_code)
    end)

    it("4 if a precondition blocks it", function()
      local outcome = run("blocked.psd1", "--request", "ann.json", "--setup", "setup.lua")
      assert.equal(4, outcome.exit_code)
      assert.matches("1 'Guard' Blocked: Request.Intent.Vpn Equals 'yes'", outcome.stdout)
      assert.matches("1 more step did not run", outcome.stdout)
    end)

    it("64 for wrong usage", function()
      for _, arguments in ipairs({ {}, { "joiner.psd1" }, { "joiner.psd1", "x.psd1", "--request", "ann.json" },
        { "plan.json", "--request", "ann.json" }, { "joiner.psd1", "--rquest", "ann.json" } }) do
        assert.equal(64, run(table.unpack(arguments)).exit_code)
      end
    end)

    it("65 for a workflow that is invalid, with one document for --json", function()
      write("joiner.psd1", (WORKFLOW:gsub("Steps = @%(", "Stpes = @(", 1)))
      local outcome = joiner("--json")
      assert.equal(65, outcome.exit_code)
      assert.equal("input.workflow", document(outcome).ErrorKind)
      assert.matches("did you mean 'Steps'", outcome.stderr)
    end)

    it("66 for a file that is missing", function()
      assert.equal(66, run("gone.psd1", "--request", "ann.json").exit_code)
    end)
  end)

  it("takes its setup from idle-setup.lua, and needs none for a workflow without providers", function()
    write("note.psd1",
      "@{ Name = 'n'; LifecycleEvent = 'Joiner'; Steps = @(@{ Name = 'a'; Type = 'IdLE.Step.EmitEvent' }) }")
    assert.equal(0, run("note.psd1", "--request", "ann.json").exit_code)
    assert.equal(65, run("joiner.psd1", "--request", "ann.json").exit_code)
    os.rename(dir .. "/setup.lua", dir .. "/idle-setup.lua")
    assert.equal(0, run("joiner.psd1", "--request", "ann.json").exit_code)
  end)

  describe("of an exported plan", function()
    local function export()
      local outcome = child.run({ "plan", "joiner.psd1", "--request", "ann.json", "--setup", "setup.lua", "--out",
        "plan.json", cwd = dir })
      assert.equal(0, outcome.exit_code)
    end

    it("runs what was reviewed, also when the workflow has changed since", function()
      export()
      os.remove(dir .. "/joiner.psd1")
      local result = document(run("plan.json", "--setup", "setup.lua", "--json"))
      assert.equal("Completed", result.Status)
      assert.equal("c-1", result.CorrelationId)
      assert.equal("NotApplicable", result.Steps[2].Status)
    end)

    it("refuses with 5 what was changed since", function()
      export()
      write("plan.json", (read("plan.json"):gsub("T14", "T15")))
      local outcome = run("plan.json", "--setup", "setup.lua")
      assert.equal(5, outcome.exit_code)
      assert.matches("was changed after it was exported", outcome.stderr)
    end)

    it("needs providers that can do it", function()
      export()
      local outcome = run("plan.json")
      assert.equal(65, outcome.exit_code)
      assert.matches("MissingCapabilities", outcome.stderr)
    end)
  end)

  describe("when it is interrupted", function()
    -- Starts a run whose step waits, and stops it by a signal.
    local function interrupt(signal, ...)
      write_setup("io.stderr:write('begun\\n') io.stderr:flush() idle.sleep(60)")
      local started <close> = child.start({ "run", "joiner.psd1", "--request", "ann.json", "--setup", "setup.lua",
        "--events", "events.jsonl", cwd = dir, ... })
      local deadline = loop.monotonic() + child.DEADLINE_MS / 1000
      while not started.pipe:stderr():find("begun") do
        assert(loop.monotonic() < deadline, "the step did not begin")
        loop.sleep(5)
      end
      started.pipe:signal(signal)
      return started:outcome()
    end

    it("still shows its result, and ends as Ctrl-C does", function()
      local outcome = interrupt("INT")
      assert.equal(130, outcome.exit_code)
      assert.matches("c%-1: Cancelled", outcome.stdout)
      assert.matches("3  Order +Contoso.Step.Order  Failed", outcome.stdout)
      assert.is_nil(outcome.stdout:find("after the failure", 1, true))
      assert.matches('"Status":"Cancelled".-"Type":"RunCompleted"', read("events.jsonl"))
    end)

    it("prints one document for --json", function()
      local outcome = interrupt("INT", "--json")
      assert.equal(130, outcome.exit_code)
      assert.equal("Cancelled", document(outcome).Status)
    end)

    it("shows it also when it is terminated", function()
      local outcome = interrupt("TERM", "--json")
      assert.equal(143, outcome.exit_code)
      assert.equal("Cancelled", document(outcome).Status)
    end)
  end)
end)
