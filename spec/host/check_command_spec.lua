local child = require("spec.support.child")
local json = require("idle.json")
local planning_files = require("spec.support.planning_files")

local VALID = [[
@{ Name = 'Joiner'; LifecycleEvent = 'Joiner'; Steps = @(@{ Name = 'A'; Type = 'IdLE.Step.EmitEvent' }) }
]]

local TYPOS = [[
@{
  Name = 'Typos'
  LifecycleEvent = 'Joiner'
  Stpes = @()
  Steps = @(
    @{ Name = 'A'; Type = 'IdLE.Step.EnsureAttributs'; With = @{ IdentityKey = 'x'; Attributes = @{ } } }
    @{ Name = 'B'; Type = 'idle.step.disableidentity'; With = @{ IdentiyKey = 'x'; Prvoider = 'Identity' } }
    @{ Name = 'C'; Type = 'IdLE.Step.EmitEvent'; Condtion = @{ Exists = 'Request.Actor' }; Widht = @{ } }
  )
}
]]

describe("the command check", function()
  local folder

  setup(function() folder = planning_files.folder() end)
  teardown(function() folder:remove() end)

  local function check(...) return child.run({ "check", ... }) end

  it("says that a workflow is valid", function()
    local outcome = check(folder:write("valid.psd1", VALID))
    assert.equal(0, outcome.exit_code)
    assert.matches("valid.psd1: valid: 'Joiner', for the event 'Joiner', 1 step\n", outcome.stdout, 1, true)
    assert.equal("", outcome.stderr)
  end)

  it("prints every violation on its own line: where, what, and the nearest right word", function()
    local path = folder:write("typos.psd1", TYPOS)
    local outcome = check(path)
    assert.equal(65, outcome.exit_code)
    local _, lines = outcome.stdout:gsub("\n", "")
    assert.equal(6, lines)
    for _, part in ipairs({
      path .. ":4:3: Stpes: ", "did you mean 'Steps'", ":6:20: Steps[0].Type: ",
      "did you mean 'IdLE.Step.EnsureAttributes'", "Steps[1].With.IdentiyKey: ", "did you mean 'IdentityKey'",
      "Steps[1].With.Prvoider: ", "did you mean 'Provider'", "Steps[2].Condtion: ", "did you mean 'Condition'",
      "Steps[2].Widht: ", "did you mean 'With'",
    }) do
      assert.matches(part, outcome.stdout, 1, true)
    end
  end)

  it("names line and column of what is no data", function()
    local path = folder:write("code.psd1", "@{\n  Name = $(Get-Date)\n}")
    local outcome = check(path)
    assert.equal(65, outcome.exit_code)
    assert.matches(path .. ":2:10: ", outcome.stdout, 1, true)
  end)

  it("takes workflows that are Lua tables", function()
    local outcome = check(folder:write("joiner.lua",
      "return { Name = 'L', LifecycleEvent = 'Joiner', Steps = { { Name = 'A', Type = 'IdLE.Step.EmitEvent' } } }"))
    assert.equal(0, outcome.exit_code)
    outcome = check(folder:write("bad.lua",
      "return { Name = 'L', LifecycleEvent = 'Joiner', Steps = { { Nmae = 'A' } } }"))
    assert.equal(65, outcome.exit_code)
    assert.matches("Steps[0].Nmae: ", outcome.stdout, 1, true)
    assert.matches("Steps[0].Type: Type is missing", outcome.stdout, 1, true)
  end)

  it("checks several files, and fails if one of them does", function()
    local outcome = check(folder:write("valid.psd1", VALID), folder:write("typos.psd1", TYPOS))
    assert.equal(65, outcome.exit_code)
    assert.matches("valid.psd1: valid", outcome.stdout, 1, true)
    assert.matches("typos.psd1:4:3", outcome.stdout, 1, true)
  end)

  it("checks the event against a request", function()
    local request = folder:write("leaver.json", '{ "LifecycleEvent": "Leaver" }')
    local outcome = check(folder:write("valid.psd1", VALID), "--request", request)
    assert.equal(65, outcome.exit_code)
    assert.matches("LifecycleEvent: the workflow's LifecycleEvent 'Joiner' does not match request "
      .. "LifecycleEvent 'Leaver'", outcome.stdout, 1, true)
  end)

  it("knows the step types of a setup", function()
    local own = folder:write("own.psd1", (VALID:gsub("IdLE.Step.EmitEvent", "Corp.Badge")))
    assert.equal(65, check(own).exit_code)
    local setup = folder:write("setup.lua", [[return { Providers = { StepMetadata = { ["Corp.Badge"] = {
      RequiredCapabilities = {}, WithSchema = { RequiredKeys = {}, OptionalKeys = {} } } } } }]])
    assert.equal(0, check(own, "--setup", setup).exit_code)
  end)

  describe("with --json", function()
    local function document(...)
      local outcome = check("--json", ...)
      return assert(json.decode(outcome.stdout)), outcome.exit_code
    end

    it("prints one document", function()
      local valid, status = document(folder:write("valid.psd1", VALID))
      assert.equal(0, status)
      assert.same({ IsValid = true, WorkflowName = "Joiner", LifecycleEvent = "Joiner", StepCount = 1, Errors = {} },
        valid)
    end)

    it("lists the violations with their paths", function()
      local invalid, status = document(folder:write("typos.psd1", TYPOS))
      assert.equal(65, status)
      assert.is_false(invalid.IsValid)
      assert.equal("Typos", invalid.WorkflowName)
      assert.equal(3, invalid.StepCount)
      assert.equal("Stpes", invalid.Errors[1].Path)
      assert.equal(4, invalid.Errors[1].Line)
      assert.matches("Unknown root key 'Stpes'", invalid.Errors[1].Message, 1, true)
    end)

    it("has also something to say of a file that is no data", function()
      local invalid = document(folder:write("code.psd1", "@{ Name = $(1) }"))
      assert.equal(1, #invalid.Errors)
      assert.equal(json.null, invalid.WorkflowName)
      assert.equal(0, invalid.StepCount)
    end)

    it("prints a list for several files", function()
      local both = document(folder:write("valid.psd1", VALID), folder:write("typos.psd1", TYPOS))
      assert.equal(2, #both)
      assert.matches("typos.psd1$", both[2].File)
    end)
  end)

  it("is told which files, and exits with 66 for one that is missing", function()
    local outcome = check()
    assert.equal(64, outcome.exit_code)
    assert.matches("check needs a workflow file", outcome.stderr, 1, true)
    outcome = check(folder.path .. "/nope.psd1")
    assert.equal(66, outcome.exit_code)
    assert.matches("nope.psd1", outcome.stderr, 1, true)
  end)

  it("refuses files of another kind", function()
    local outcome = check(folder:write("joiner.yaml", "Name: x"))
    assert.equal(65, outcome.exit_code)
    assert.matches("must end in .psd1 or .lua", outcome.stdout, 1, true)
  end)
end)
