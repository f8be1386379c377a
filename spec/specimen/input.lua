--- Bad input: a clear error, and nothing reaches the server.
local busted = require("busted")
local child = require("spec.support.child")

local assert, it = require("luassert"), busted.it

-- Tries one thing after another, and says what each raised.
local TRY = [[
local function try(f, ...)
  local ok, err = pcall(f, ...)
  print(ok and "no error" or ("%s, %s: %s"):format(err.kind, err.effect, tostring(err)))
end
local function with(changes)
  local keys = { AuthSessionName = "EntraConnect", PolicyType = "Delta", Wait = true }
  for name, v in pairs(changes) do keys[name] = v end
  try(idle.trigger_directory_sync, keys, { Providers = providers })
end
]]

local WITH = TRY .. [[
with{ TimeoutSecond = 60 }
with{ policytype = "Full" }
with{ PolicyType = "Full" }
with{ TimeoutSeconds = "ten" }
with{ TimeoutSeconds = -1 }
with{ Wait = "yes" }
with{ OnBusy = "Retry" }
with{ Baseline = { Accepted = "perhaps" } }
with{ Provider = "Directory" }]]

local COMMANDS = TRY .. [[
local cycle = {}
cycle.again = cycle
for _, name in ipairs({ "Get Date", "Get-Date; Remove-Item x", "Get-Date\n", "", "whoami", "& calc" }) do
  try(session.InvokeCommand, session, name, {})
end
try(session.InvokeCommand, session, "Write-Output", { InputObject = print })
try(session.InvokeCommand, session, "Write-Output", { InputObject = { deep = { cycle } } })
try(session.InvokeCommand, session, "Write-Output", { InputObject = { "fine", "not \xFF UTF-8" } })
try(session.InvokeCommand, session, "Write-Output", { "positional" })]]

local SESSIONS = TRY .. [[
for _, bad in ipairs({ {}, { InvokeCommand = "Get-Date" } }) do
  providers.AuthSessionBroker = { AcquireAuthSession = function() return bad end }
  with{}
end
providers.AuthSessionBroker = idle.auth_session_broker{ sessions = {
  { match = { AuthSessionName = "Exchange" }, session = session } } }
with{}
try(idle.ssh_session, { host = "aad01", prot = 22 })]]

local UNCAUGHT = [[
idle.trigger_directory_sync({ AuthSessionName = "EntraConnect", PolicyType = "Full" }, { Providers = providers })]]

local input = {
  title = "bad input",
  cases = {
    option = { "--polcy", "Initial" },
    policy = { "--policy", "Full" },
    number = { "--wait-timeout", "ten" },
    port = { "--port", "70000" },
    word = { "aad01" },
    excluding = { "--sim" },
    with = { script = WITH },
    commands = { script = COMMANDS },
    sessions = { script = SESSIONS },
    uncaught = { script = UNCAUGHT },
  },
}

function input.specs(runs)
  local function nothing_was_sent(name)
    assert.equal(0, runs[name].far:count_in_log("Connection from"))
    assert.same({}, runs[name].far:ledger())
  end

  local function refused(name, text)
    local outcome = runs[name]:finish()
    assert.equal("exit 64, input.option (none), 0 started", outcome.verdict)
    assert.matches(text, outcome.stderr, 1, true)
    assert.matches("\nidle-lua: see 'idle-lua help sync'\n", outcome.stderr, 1, true)
    nothing_was_sent(name)
  end

  local function says(name, expected)
    local outcome = runs[name]:finish()
    assert.equal(0, outcome.exit_code, outcome.stderr)
    local index = 0
    for line in outcome.stdout:gmatch("[^\n]+") do
      index = index + 1
      assert.matches(expected[index], line, 1, true)
    end
    assert.equal(#expected, index)
    nothing_was_sent(name)
  end

  it("on the command line is named, with the nearest right word", function()
    refused("option", "unknown option '--polcy'; did you mean '--policy'?")
    refused("policy", "--policy must be one of Delta, Initial, not 'Full'")
    refused("number", "--wait-timeout needs a number above 0, not 'ten'")
    refused("port", "--port needs a port from 1 to 65535, not '70000'")
    refused("word", "unexpected argument 'aad01'")
    refused("excluding", "--sim and --host exclude each other")
  end)

  it("is a script that is not there", function()
    local outcome = child.run({ "/nowhere/joiner.lua" })
    assert.equal(66, outcome.exit_code)
    assert.matches("idle-lua: cannot open /nowhere/joiner.lua", outcome.stderr, 1, true)
  end)

  it("in With is named by its key, with the nearest known one", function()
    says("with", {
      "input.with, none: TriggerDirectorySync: unknown key 'With.TimeoutSecond'; did you mean 'TimeoutSeconds'?",
      "input.with, none: TriggerDirectorySync: With.PolicyType is given twice, in different spellings",
      "input.with, none: TriggerDirectorySync requires With.PolicyType to be 'Delta' or 'Initial', got 'Full'",
      "input.with, none: TriggerDirectorySync requires With.TimeoutSeconds to be a number of seconds above 0, got 't",
      "input.with, none: TriggerDirectorySync requires With.TimeoutSeconds to be a number of seconds above 0, got -1",
      "input.with, none: TriggerDirectorySync requires With.Wait to be true or false, got 'yes'",
      "input.with, none: TriggerDirectorySync requires With.OnBusy to be 'Wait' or 'Fail', got 'Retry'",
      "input.with, none: TriggerDirectorySync requires With.Baseline to be a former Data.Baseline, whose Accepted is",
      "provider.missing, none: provider 'Directory' was not supplied; put one into the Providers",
    })
  end)

  it("in With that nobody caught ends a script with 65", function()
    local outcome = runs.uncaught:finish()
    assert.equal(65, outcome.exit_code)
    assert.matches("With.PolicyType to be 'Delta' or 'Initial', got 'Full'", outcome.stderr, 1, true)
    nothing_was_sent("uncaught")
  end)

  it("is a command's name that could be more than a name, and a parameter that is no data", function()
    says("commands", {
      "input.command_name, none: 'Get Date' is no command name; one looks like 'Get-ADSyncScheduler'",
      "input.command_name, none: 'Get-Date; Remove-Item x' is no command name; one looks like 'Get-ADSyncScheduler'",
      "input.command_name, none: 'Get-Date\\x0A' is no command name; one looks like 'Get-ADSyncScheduler'",
      "input.command_name, none: '' is no command name; one looks like 'Get-ADSyncScheduler'",
      "input.command_name, none: 'whoami' is no command name; one looks like 'Get-ADSyncScheduler'",
      "input.command_name, none: '& calc' is no command name; one looks like 'Get-ADSyncScheduler'",
      "input.parameter, none: Parameters.InputObject: a value of type function can't be sent",
      "input.parameter, none: Parameters.InputObject.deep[1].again: the table contains itself",
      "input.parameter, none: Parameters.InputObject[2]: the string is not UTF-8 from byte 5 on",
      "input.parameter, none: Parameters must be a table of names and values, got a list",
    })
  end)

  it("is a session that invokes no commands, or is not there", function()
    says("sessions", {
      "session.contract, none: auth session 'EntraConnect': AuthSession must implement InvokeCommand(CommandName, ",
      "session.contract, none: auth session 'EntraConnect': AuthSession must implement InvokeCommand(CommandName, ",
      "session.missing, none: No matching auth session found for 'EntraConnect'; patterns: {AuthSessionName = ",
      "input.session, none: ssh_session: unknown field 'prot'; did you mean 'port'?",
    })
  end)
end

return input
