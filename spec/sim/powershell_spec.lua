local child = require("spec.support.child")
local eventually = require("spec.support.eventually")
local far = require("spec.support.far")
local file = require("idle.file")
local launch = require("idle.sessions.launch")
local loop = require("idle.loop")
local processes = require("spec.support.processes")

-- Runs `sim powershell` with arguments of powershell.exe and an input.
local function play(server, argv, stdin, settings)
  local command = { "sim", "powershell", "--state", server.path }
  for _, setting in ipairs(settings or {}) do table.move({ "--set", setting }, 1, 2, #command + 1, command) end
  command[#command + 1] = "--"
  table.move(argv, 1, #argv, #command + 1, command)
  command.stdin = stdin or ""
  return child.run(command)
end

local function start_command(session)
  return session:InvokeCommand("Start-ADSyncSyncCycle", { PolicyType = "Delta" })
end

local function read_lines(path)
  local lines = {}
  for line in assert(file.read(path)):gmatch("[^\n]+") do lines[#lines + 1] = line end
  return lines
end

describe("idle.sim.powershell", function()
  it("takes exactly the command line of our sessions", function()
    local server <close> = far.server()
    assert.equal(0, play(server, launch.arguments(), launch.bootstrap_line() .. "\nab12 1000\n").exit_code)
    for index = 1, #launch.arguments() do
      local argv = launch.arguments()
      table.remove(argv, index)
      assert.not_equal(0, play(server, argv).exit_code)
    end
  end)

  it("refuses others as PowerShell does", function()
    local server <close> = far.server()
    local usage = play(server, { "-EncodedCommand", "!!" })
    assert.equal(64, usage.exit_code)
    assert.matches("^Usage: powershell.exe", usage.stdout)
    local other = play(server, { "-NoProfile", "-EncodedCommand", "JABhAA==" })
    assert.equal(1, other.exit_code)
    assert.matches("^#< CLIXML\r\n<Objs", other.stderr)
  end)

  it("refuses another bootstrap, or a second line without token and limit", function()
    local server <close> = far.server()
    local other = play(server, launch.arguments(), "AAAA\nab12 1000\n")
    assert.equal(1, other.exit_code)
    assert.matches("^#< CLIXML", other.stderr)
    assert.equal(1, play(server, launch.arguments(), launch.bootstrap_line() .. "\nab12\n").exit_code)
    assert.equal(1, play(server, launch.arguments(), launch.bootstrap_line()).exit_code)
  end)

  it("answers a request that it can't read, and lives on", function()
    local server <close> = far.server()
    local outcome = play(server, launch.arguments(), launch.bootstrap_line() .. "\nab12 9000\nAAAA\nAAAA\n")
    assert.equal(0, outcome.exit_code)
    local _, frames = outcome.stdout:gsub("\nIDLE ab12 %-1 error %d+ %S+ ab12\n", "")
    assert.equal(2, frames)
  end)

  it("does not answer in a language mode that forbids it", function()
    local server <close> = far.server({ language_mode = "ConstrainedLanguage" })
    local session <close> = server.session()
    local err = far.raised(session.InvokeCommand, session, "Get-Date", {})
    assert.same({ "remote.setup", "none" }, { err.kind, err.effect })
    assert.matches("runs in language mode ConstrainedLanguage, but FullLanguage is needed", err.message)
    local outcome = play(server, launch.arguments(), "", { "language_mode=NoLanguage" })
    assert.same({ 1, "", "" }, { outcome.exit_code, outcome.stdout, outcome.stderr })
  end)

  it("lets all processes of one state share one server", function()
    local server <close> = far.server({ busy_starts = 1 })
    local first <close> = server.session()
    assert.matches("is busy", far.raised(start_command, first).message)
    local second <close> = server.session()
    assert.equal("Success", start_command(second).Result)
    assert.matches("Sync is already running", far.raised(start_command, first).message)
    eventually(function() return first:InvokeCommand("Get-ADSyncScheduler").SyncCycleInProgress end, "it shows")
    local ledger = server.ledger()
    assert.equal(1, #ledger)
    assert.same({ 1, "Delta" }, { ledger[1].Seq, ledger[1].PolicyType })
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$", ledger[1].Utc)
    assert.not_equal(first:info().pid, ledger[1].Pid)
  end)

  it("writes one line into the ledger for a start, before it answers", function()
    local server <close> = far.server({ cycle_seconds = 0.05, gap_seconds = 0, start_delay_seconds = 0 })
    local session <close> = server.session()
    for index = 1, 3 do
      assert.equal("Success", start_command(session).Result)
      assert.equal(index, #read_lines(server.path .. ".ledger"))
      loop.sleep(60)
    end
    assert.matches('^{"Pid":%d+,"PolicyType":"Delta","Seq":3,"Utc":"[^"]+"}$', read_lines(server.path .. ".ledger")[3])
  end)

  it("ends after a start that took effect, once, over all processes", function()
    local server <close> = far.server({ faults = { { command = "Start-ADSyncSyncCycle", fault = "lose_answer" } } })
    local session <close> = server.session()
    local err = far.raised(start_command, session)
    assert.same({ "remote.protocol", "unknown" }, { err.kind, err.effect })
    assert.equal(1, #server.ledger())
    assert.matches("already running", far.raised(start_command, session).message)
  end)

  it("ends in mid-command, answers nothing, or never", function()
    local server <close> = far.server({ faults = {
      { command = "Get-Date", fault = "exit" }, { command = "Get-Date", nth = 2, fault = "null" },
      { command = "Get-Date", nth = 3, fault = "hang" }, { command = "Get-Date", nth = 4, fault = "transient" },
    } })
    local session <close> = server.session({ command_timeout = 2 })
    local kinds = {}
    for call = 1, 4 do
      local ok, result = pcall(session.InvokeCommand, session, "Get-Date", {})
      kinds[call] = ok and tostring(result) or result.kind
      if call == 4 then assert.is_true(result.transient) end
    end
    assert.same({ "remote.protocol", "nil", "timeout", "remote.error" }, kinds)
    assert.matches("T", (session:InvokeCommand("Get-Date", {})))
  end)

  it("prints what nobody asked for", function()
    local server <close> = far.server({ noise = true })
    local outcome = play(server, launch.arguments(), launch.bootstrap_line() .. "\nab12 9000\n")
    assert.matches("^Windows PowerShell\r\n", outcome.stdout)
    assert.matches("\nIDLE ab12 0 hello ", outcome.stdout)
    assert.matches("^#< CLIXML\r\n<Objs.*Preparing modules for first use", outcome.stderr)
  end)

  it("keeps as many levels of objects as were asked for", function()
    local result = { ["AD Export"] = "completed-export-errors" }
    local given = { result = result, cycle_seconds = 0.05, gap_seconds = 0, start_delay_seconds = 0 }
    local server <close> = far.server(given)
    local function failed_object(depth)
      local session <close> = server.session({ depth = depth })
      local run = session:InvokeCommand("Get-ADSyncRunProfileResult", { NumberRequested = 1, RunStepDetails = true })
      return run.RunStepResults[1].SyncErrors.SyncErrorsList[1]
    end
    local session <close> = server.session()
    start_command(session)
    eventually(function() return failed_object(4) ~= nil end, "the cycle has ended")
    assert.equal("AttributeValueMustBeUnique", failed_object(2).ErrorType)
    -- The far end keeps two levels more than were asked for.
    assert.matches("RunStepErrorObject$", failed_object(1))
  end)

  it("ends with its input", function()
    local server <close> = far.server()
    local session = server.session()
    local pid = session:info().pid
    session:close()
    eventually(function() return not processes.is_running(pid) end, "the process is gone")
  end)
end)
