local child = require("spec.support.child")
local file = require("idle.file")
local idle = require("idle")
local json = require("idle.json")
local planning_files = require("spec.support.planning_files")

local EXAMPLES = "examples/workflows/"

describe("the command plan", function()
  local folder

  setup(function() folder = planning_files.folder() end)
  teardown(function() folder:remove() end)

  local function plan(...) return child.run({ "plan", ... }) end

  local function plan_example(name, request, ...)
    return plan(EXAMPLES .. name, "--request", EXAMPLES .. request, "--setup", EXAMPLES .. "setup.lua", ...)
  end

  it("shows an aligned table, and why a step does not apply", function()
    local outcome = plan_example("joiner.psd1", "joiner-request.json")
    assert.equal("", outcome.stderr)
    assert.equal(0, outcome.exit_code)
    assert.matches([[
plan of 'Joiner' for the event 'Joiner': 7 steps, 6 of them planned
  request 5e1f6b1c-7d39-4a11-9d5e-0c7a3c1f2a10, asked for by HR

  #  step                   type                  provider        status          remarks
  1  Create the account     CreateIdentity        Identity        planned         retries Directory
]], outcome.stdout, 1, true)
    assert.matches([[
conditions
  4 'Grant VPN' does not apply because
      Request.Intent.NeedsVpn Equals 'True' is false: it is 'False'
]], outcome.stdout, 1, true)
    assert.matches("if a step fails\n", outcome.stdout, 1, true)
  end)

  it("plans every example", function()
    for workflow, request in pairs({ ["mover.psd1"] = "mover-request.psd1", ["leaver.psd1"] = "leaver-request.lua",
      ["trigger-sync.psd1"] = "trigger-sync-request.json" }) do
      local outcome = plan_example(workflow, request)
      assert.equal(0, outcome.exit_code, outcome.stderr)
    end
  end)

  it("shows warnings with the plan", function()
    local outcome = plan_example("leaver.psd1", "leaver-request.lua")
    assert.matches("warnings\n  step 'Delete the account': Precondition", outcome.stdout, 1, true)
    assert.matches("precondition, else Blocked", outcome.stdout, 1, true)
  end)

  it("takes IdLE's trigger-sync templates unchanged, with and without ComputerName", function()
    for _, text in ipairs(planning_files.trigger_workflows()) do
      local workflow = folder:write("trigger.psd1", text)
      local request = folder:write("request.json", [[{ "LifecycleEvent": "Operational", "CorrelationId": "c",
        "Intent": { "PolicyType": "Delta", "ComputerName": "aadc01" } }]])
      local outcome = plan(workflow, "--request", request, "--setup", EXAMPLES .. "setup.lua")
      assert.equal(0, outcome.exit_code, outcome.stderr)
      assert.matches("2 steps, 2 of them planned", outcome.stdout, 1, true)
    end
  end)

  describe("with --json", function()
    it("prints the export, the same bytes every time", function()
      local first = plan_example("joiner.psd1", "joiner-request.json", "--json")
      local document = assert(json.decode(first.stdout))
      assert.equal("1.1", document.schemaVersion)
      assert.equal("NotApplicable", document.plan.steps[4].status)
      assert.equal(first.stdout, plan_example("joiner.psd1", "joiner-request.json", "--json").stdout)
    end)

    it("prints IdLE's schema if it is asked to", function()
      local outcome = plan_example("joiner.psd1", "joiner-request.json", "--json", "--schema", "1.0")
      assert.equal('{\n  "schemaVersion": "1.0",', outcome.stdout:sub(1, 27))
      assert.is_nil(outcome.stdout:find('"seal"', 1, true))
    end)
  end)

  describe("with --out", function()
    it("writes a plan that can be loaded again", function()
      local path = folder.path .. "/joiner.plan.json"
      local outcome = plan_example("joiner.psd1", "joiner-request.json", "--out", path)
      assert.equal(0, outcome.exit_code, outcome.stderr)
      assert.matches("written to '" .. path .. "'", outcome.stdout, 1, true)
      assert.equal("}", folder:read("joiner.plan.json"):sub(-1))
      local loaded = idle.load_plan(path)
      assert.equal("Joiner", loaded.WorkflowName)
      assert.equal(folder:read("joiner.plan.json"), idle.export_plan(loaded))
    end)

    it("notices that the file was changed", function()
      local path = folder.path .. "/joiner.plan.json"
      plan_example("joiner.psd1", "joiner-request.json", "--out", path)
      local changed = folder:write("changed.json", (folder:read("joiner.plan.json"):gsub("all%-staff", "all-admins")))
      local ok, err = pcall(idle.load_plan, changed)
      assert.is_false(ok)
      assert.equal("plan.changed", err.kind)
    end)

    it("names the file if its folder is missing", function()
      local outcome = plan_example("joiner.psd1", "joiner-request.json", "--out", folder.path .. "/no/plan.json")
      assert.equal(66, outcome.exit_code)
      assert.matches("cannot write plan '" .. folder.path .. "/no/plan.json'", outcome.stderr, 1, true)
      assert.is_false(file.exists(folder.path .. "/no"))
    end)
  end)

  describe("says what is missing", function()
    it("without a setup", function()
      local outcome = plan(EXAMPLES .. "joiner.psd1", "--request", EXAMPLES .. "joiner-request.json")
      assert.equal(65, outcome.exit_code)
      assert.matches("MissingCapabilities: ", outcome.stderr, 1, true)
      assert.matches("name one with --setup", outcome.stderr, 1, true)
      assert.equal("", outcome.stdout)
    end)

    it("without a request", function()
      local outcome = plan(EXAMPLES .. "joiner.psd1")
      assert.equal(64, outcome.exit_code)
      assert.matches("--request FILE is missing", outcome.stderr, 1, true)
    end)

    it("in a request, with the nearest right name", function()
      local request = folder:write("bad.json", [[{ "LifecycleEvent": "Joiner", "Intnet": {} }]])
      local outcome = plan(EXAMPLES .. "joiner.psd1", "--request", request)
      assert.equal(65, outcome.exit_code)
      assert.matches("Intnet: unknown field", outcome.stderr, 1, true)
      assert.matches("did you mean 'Intent'", outcome.stderr, 1, true)
    end)

    it("in the intent that a template reads", function()
      local request = folder:write("poor.json", [[{ "LifecycleEvent": "Joiner", "IdentityKeys": { "Account": "a" },
        "Intent": { "GivenNme": "Ada", "Title": "x" } }]])
      local outcome = plan(EXAMPLES .. "joiner.psd1", "--request", request, "--setup", EXAMPLES .. "setup.lua")
      assert.equal(65, outcome.exit_code)
      assert.matches("step 'Create the account', With.Attributes.DisplayName", outcome.stderr, 1, true)
      assert.matches("did you mean 'GivenNme'", outcome.stderr, 1, true)
    end)

    it("in JSON that is none, with line and column", function()
      local outcome = plan(EXAMPLES .. "joiner.psd1", "--request", folder:write("broken.json", '{\n  "a": ,\n}'))
      assert.equal(65, outcome.exit_code)
      assert.matches("broken.json, line 2, column %d+", outcome.stderr)
    end)

    it("in a setup", function()
      local setup = folder:write("setup.lua", "return { Prvoiders = {} }")
      local outcome = plan(EXAMPLES .. "joiner.psd1", "--request", EXAMPLES .. "joiner-request.json", "--setup", setup)
      assert.equal(65, outcome.exit_code)
      assert.matches("did you mean 'Providers'", outcome.stderr, 1, true)
    end)
  end)

  it("uses the setup of the folder it runs in", function()
    folder:write("idle-setup.lua", "error('this setup was used', 0)")
    folder:write("w.psd1", "@{ Name = 'W'; LifecycleEvent = 'Joiner'; Steps = @() }")
    folder:write("r.psd1", "@{ LifecycleEvent = 'Joiner' }")
    local outcome = child.run({ "plan", "w.psd1", "--request", "r.psd1", cwd = folder.path })
    assert.equal(65, outcome.exit_code)
    assert.matches("setup 'idle-setup.lua' failed: this setup was used", outcome.stderr, 1, true)
  end)

  it("takes one workflow, and --schema only where something is exported", function()
    assert.equal(64, plan("a.psd1", "b.psd1", "--request", "r.json").exit_code)
    assert.equal(64, plan_example("joiner.psd1", "joiner-request.json", "--schema", "1.0").exit_code)
  end)

  it("escapes control characters of foreign text", function()
    local workflow = folder:write("esc.psd1", "@{ Name = \"x`e[31m\"; LifecycleEvent = 'Joiner'; "
      .. "Steps = @(@{ Name = \"a`a\"; Type = 'IdLE.Step.EmitEvent' }) }")
    local outcome = plan(workflow, "--request", folder:write("r.json", '{ "LifecycleEvent": "Joiner" }'))
    assert.is_nil(outcome.stdout:find("[\27\a]"))
  end)
end)
