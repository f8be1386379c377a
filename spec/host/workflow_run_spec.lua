--- Workflow files as users of IdLE have them, through check, plan and run.
local child = require("spec.support.child")
local json = require("idle.json")
local planning_files = require("spec.support.planning_files")

local SETUP = [[
local idle = require "idle"
local server = idle.sim.sync_server{ cycle_seconds = 0.2, gap_seconds = 0, start_delay_seconds = 0 }
local broker = { AcquireAuthSession = function(_, name, options)
  assert(name == "EntraConnect" and options.Role == "EntraConnectAdmin")
  return server:session()
end }
return { Providers = { DirectorySync = idle.providers.entra_connect(), Identity = idle.providers.mock(),
  AuthSessionBroker = broker } }]]

local REQUEST = [[{ "LifecycleEvent": "Operational", "CorrelationId": "c-1",
  "Intent": { "PolicyType": "Delta", "ComputerName": "aadc01" } }]]

-- Every construct of the data language (contracts §0.2 and §20), some of them twice.
local EVERYTHING = "\u{FEFF}<# before #>\r\n" .. [==[
@{
  name           = "Every `"construct`""   # keys in any case
  'LifecycleEvent' = 'Operational'; "Description" = @'
It's a here-string: $true is not one, nor is "this".
'@
  Steps = @(
    @{ Name = 'List one'; Type = 'IdLE.Step.EnsureAttributes'
       With = @{ IdentityKey = 'ada'
         Attributes = @{
           Text = 'it''s'; Tab = "a`tb"; Here = @"
x $ 5 `$y
"@
           True = $true; No = $FALSE; Null = $null
           Int = 42; Minus = -7; Plus = +7; Hex = 0x1F; Binary = 0b101; Kilo = 2kb; Long = 5L; Decimal = 1.50d
           Half = 0.5; Exponent = 1e3; Huge = 9223372036854775807
           Empty = @(); EmptyMap = @{}; One = @('x'); Two = 'a', 'b'; Lines = @(
             1
             2; 3
           )
           Nested = @(@(1, 2), @(3)); If = 'a word of the language'; Group = ('in parentheses')
           Curly = ‘typographic’; Dash = –3
         } } }
  )
} # after
]==]

describe("a workflow file", function()
  local folder, setup_path

  setup(function()
    folder = planning_files.folder()
    setup_path = folder:write("setup.lua", SETUP)
  end)
  teardown(function() folder:remove() end)

  local function run_workflow(text)
    local outcome = child.run{ "run", folder:write("workflow.psd1", text), "--request",
      folder:write("request.json", REQUEST), "--setup", setup_path, "--json" }
    assert.equal(0, outcome.exit_code, outcome.stderr)
    return assert(json.decode(outcome.stdout))
  end

  it("that triggers a sync runs unchanged, with and without ComputerName", function()
    for _, text in ipairs(planning_files.trigger_workflows(1)) do
      local result = run_workflow(text)
      assert.equal("Completed", result.Status)
      assert.equal("Success", result.Steps[1].Data.Outcome)
      assert.equal("Completed", result.Steps[2].Status)
    end
  end)

  it("may use everything that the data language has", function()
    local result = run_workflow(EVERYTHING)
    assert.equal("Completed", result.Status)
    assert.is_true(result.Steps[1].Changed)
  end)

  it("has its values in the plan as they were written", function()
    local outcome = child.run{ "plan", folder:write("workflow.psd1", EVERYTHING), "--request",
      folder:write("request.json", REQUEST), "--setup", setup_path, "--json" }
    assert.equal(0, outcome.exit_code, outcome.stderr)
    local attributes = assert(json.decode(outcome.stdout)).plan.steps[1].inputs.Attributes
    for name, expected in pairs({ Text = "it's", Tab = "a\tb", Here = "x $ 5 $y", True = true, No = false,
      Null = json.null, Int = 42, Minus = -7, Plus = 7, Hex = 31, Binary = 5, Kilo = 2048, Long = 5, Half = 0.5,
      Exponent = 1000, Huge = math.maxinteger, If = "a word of the language", Group = "in parentheses",
      Curly = "typographic", Dash = -3 }) do
      assert.equal(expected, attributes[name], name)
    end
    assert.equal('{"Empty":[],"EmptyMap":{},"Lines":[1,2,3],"Nested":[[1,2],[3]],"One":["x"],"Two":["a","b"]}',
      json.encode({ Empty = attributes.Empty, EmptyMap = attributes.EmptyMap, Lines = attributes.Lines,
        Nested = attributes.Nested, One = attributes.One, Two = attributes.Two }))
  end)
end)
