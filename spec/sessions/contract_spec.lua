--- What every session does, whatever is at its far end. The same on a simulated PowerShell, on a
--- real one if the machine has one, and through a real sshd.
local configured = require("spec.support.ssh_configured")
local eventually = require("spec.support.eventually")
local far = require("spec.support.far")
local loop = require("idle.loop")
local processes = require("spec.support.processes")
local values = require("spec.support.values")
local value = require("idle.engine.value")

local kinds = {
  ["on a simulated PowerShell"] = function()
    local server = far.server()
    return server, server.session
  end,
  ["on a simulated PowerShell that prints much"] = function()
    local server = far.server({ noise = true })
    return server, server.session
  end,
  ["through sshd"] = function()
    local server = far.sshd_server()
    return server, server.session
  end,
  ["through the system's ssh"] = function()
    local server = far.sshd_server(nil, { config = { configured.QUICK } })
    return server, function(options)
      local all = { transport = "ssh" }
      for name, v in pairs(options or {}) do all[name] = v end
      return server.session(all)
    end
  end,
}

if far.real_powershell() then
  kinds["on a real PowerShell"] = function()
    return setmetatable({}, { __close = function() end }), function(options)
      local all = { command = { far.real_powershell() } }
      for name, v in pairs(options or {}) do all[name] = v end
      return require("idle.sessions.process")(all)
    end
  end
end

local function close(v) getmetatable(v).__close(v) end

for kind, open in pairs(kinds) do
  describe("a session " .. kind, function()
    local world, new_session, session

    setup(function()
      world, new_session = open()
      session = new_session()
    end)

    teardown(function()
      session:close()
      close(world)
    end)

    it("brings every value back as it was", function()
      local back = session:InvokeCommand("Write-Output", { InputObject = values.nasty })
      assert.is_nil(values.difference(values.nasty, back))
    end)

    it("returns nil for no output, the object itself for one, a list for several", function()
      assert.is_nil((session:InvokeCommand("Write-Output", { InputObject = value.list() })))
      assert.is_nil((session:InvokeCommand("Write-Output", { InputObject = require("idle.json").null })))
      assert.equal(7, (session:InvokeCommand("Write-Output", { InputObject = value.list({ 7 }) })))
      local several = session:InvokeCommand("Write-Output", { InputObject = { 1, "x", value.list() } })
      assert.is_nil(values.difference(value.list({ 1, "x", value.list() }), several))
    end)

    -- PSSerializer does not escape these two, and what refuses them repeats them in its message.
    it("says that U+FFFE and U+FFFF can't come back, and goes on", function()
      for _, text in ipairs({ "\u{FFFE}", "a\u{FFFF}b" }) do
        local err = far.raised(session.InvokeCommand, session, "Write-Output", { InputObject = text })
        assert.equal("remote.error", err.kind)
        assert.equal("unknown", err.effect)
        assert.matches("hexadecimal value 0xFFF[EF], is an invalid character", err.message)
      end
      local err = far.raised(session.InvokeCommand, session, "Write-Error", { Message = "a\u{FFFF}b" })
      assert.equal("'Write-Error' failed: a?b", err.message)
      assert.equal(7, (session:InvokeCommand("Write-Output", { InputObject = 7 })))
    end)

    it("takes a command without parameters", function()
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT", (session:InvokeCommand("Get-Date")))
    end)

    it("delivers warnings as a second result", function()
      local output, facts = session:InvokeCommand("Write-Warning", { Message = "careful" })
      assert.is_nil(output)
      assert.is_true(value.is_list(facts.warnings))
      assert.same({ "careful" }, { table.unpack(facts.warnings) })
      assert.equal(0, #select(2, session:InvokeCommand("Get-Date")).warnings)
    end)

    it("carries an error record over whole", function()
      local err = far.raised(session.InvokeCommand, session, "Write-Error", { Message = "it's\nbroken" })
      assert.equal("remote.error", err.kind)
      assert.equal("unknown", err.effect)
      assert.equal("'Write-Error' failed: it's", err.message)
      assert.equal("it's\nbroken", err.data.exceptions[1].message)
      assert.matches("WriteErrorException", err.data.id)
      assert.is_string(err.data.stack)
    end)

    it("knows what did not even begin", function()
      local err = far.raised(session.InvokeCommand, session, "Get-NoSuchThing", {})
      assert.same({ "remote.setup", "none" }, { err.kind, err.effect })
      err = far.raised(session.InvokeCommand, session, "Start-Sleep", { Nonsense = 1 })
      assert.same({ "remote.error", "none" }, { err.kind, err.effect })
      assert.matches("^NamedParameterNotFound", err.data.id)
      err = far.raised(session.InvokeCommand, session, "Start-Sleep", { Seconds = "ten" })
      assert.same({ "remote.error", "none" }, { err.kind, err.effect })
      assert.matches("^CannotConvertArgument", err.data.id)
    end)

    it("lets a command that asks somebody fail", function()
      local err = far.raised(session.InvokeCommand, session, "Read-Host", {})
      assert.matches("NonInteractive mode", err.message)
    end)

    it("passes over what is printed besides", function()
      assert.is_nil((session:InvokeCommand("Write-Host", { Object = "IDLE is no frame" })))
      assert.equal("x", (session:InvokeCommand("Write-Output", { InputObject = "x" })))
    end)

    it("says who is there", function()
      local facts = session:info()
      assert.equal("FullLanguage", facts.language_mode)
      assert.is_string(facts.version)
      assert.equal("integer", math.type(facts.pid))
      assert.matches("Z$", facts.now)
    end)

    it("refuses an answer over the limit, and goes on with the same process", function()
      local small <close> = new_session({ max_output_bytes = 20000 })
      local pid = small:info().pid
      local err = far.raised(small.InvokeCommand, small, "Write-Output", { InputObject = ("x"):rep(30000) })
      assert.equal("remote.too_large", err.kind)
      assert.equal("unknown", err.effect)
      assert.matches("has about 3%d%d%d%d bytes, more than max_output_bytes allows %(20000%)", err.message)
      assert.equal(pid, small:info().pid)
      assert.equal("x", (small:InvokeCommand("Write-Output", { InputObject = "x" })))
    end)

    it("brings 5 MiB back", function()
      local text = ("0123456789abcdef"):rep(5 * 65536)
      assert.is_true(text == session:InvokeCommand("Write-Output", { InputObject = text }))
    end)

    it("gives a command up at its deadline, and runs the next one in a new process", function()
      local quick <close> = new_session({ command_timeout = 1 })
      local pid = quick:info().pid
      local began = loop.monotonic()
      local err = far.raised(quick.InvokeCommand, quick, "Start-Sleep", { Seconds = 20 })
      assert.same({ "timeout", "unknown" }, { err.kind, err.effect })
      assert.is_true(loop.monotonic() - began < 3)
      assert.not_equal(pid, quick:info().pid)
    end)

    it("does the same when the waiting task is cancelled", function()
      local pid = session:info().pid
      local err
      local task = loop.spawn(function()
        err = far.raised(session.InvokeCommand, session, "Start-Sleep", { Seconds = 20 })
      end)
      loop.sleep(200)
      task:cancel()
      pcall(task.join, task)
      assert.same({ "cancelled", "unknown" }, { err.kind, err.effect })
      assert.not_equal(pid, session:info().pid)
    end)

    it("lets the commands of several tasks queue in their order", function()
      local tasks, order = {}, {}
      for index = 1, 5 do
        tasks[index] = loop.spawn(function()
          local v = session:InvokeCommand("Write-Output", { InputObject = index })
          order[#order + 1] = v
        end)
      end
      for _, task in ipairs(tasks) do task:join() end
      assert.same({ 1, 2, 3, 4, 5 }, order)
    end)

    it("notices that the process was killed by a command", function()
      local pid = session:info().pid
      local err = far.raised(session.InvokeCommand, session, "Stop-Process", { Id = pid })
      assert.same({ "remote.protocol", "unknown" }, { err.kind, err.effect })
      assert.matches("ended without an answer to 'Stop%-Process'", err.message)
      assert.not_equal(pid, session:info().pid)
    end)

    it("starts a new process when the old one went between two commands", function()
      local pid = session:info().pid
      os.execute("kill -9 " .. pid)
      eventually(function() return not session.shell:is_alive() end, "the end of the process is known")
      assert.equal("x", (session:InvokeCommand("Write-Output", { InputObject = "x" })))
    end)

    it("refuses bad names and parameters before anything is sent", function()
      for _, name in ipairs({ "Get-Date; exit", "Get Date", "whoami", "Get-", "-Date", "Get--Date", "", "Get-Dät" }) do
        local err = far.raised(session.InvokeCommand, session, name, {})
        assert.same({ "input.command_name", "none" }, { err.kind, err.effect })
      end
      assert.equal("input.command_name", far.raised(session.InvokeCommand, session, 5, {}).kind)
      local cycle = {}
      cycle.again = cycle
      local cases = {
        [{ A = { b = { print } } }] = "Parameters.A.b%[1%]",
        [{ A = cycle }] = "Parameters.A.again",
        [{ A = "\xFF" }] = "Parameters.A.*UTF%-8",
        [{ "positional" }] = "got a list",
        [{ [{}] = 1 }] = "name must be a string",
      }
      for parameters, message in pairs(cases) do
        local err = far.raised(session.InvokeCommand, session, "Get-Date", parameters)
        assert.same({ "input.parameter", "none" }, { err.kind, err.effect })
        assert.matches(message, err.message)
      end
    end)

    it("ends its process when it is closed, and runs nothing more", function()
      local other = new_session()
      local pid = other:info().pid
      other:close()
      other:close()
      eventually(function() return not processes.is_running(pid) end, "the process is gone")
      assert.equal("input.session", far.raised(other.InvokeCommand, other, "Get-Date", {}).kind)
    end)

    it("tells a command that runs when it is closed", function()
      local other = new_session()
      other:info()
      local err
      local task = loop.spawn(function()
        err = far.raised(other.InvokeCommand, other, "Start-Sleep", { Seconds = 20 })
      end)
      loop.sleep(100)
      other:close()
      task:join()
      assert.same({ "cancelled", "unknown" }, { err.kind, err.effect })
      assert.matches("the session was closed while 'Start%-Sleep' ran on [^,;]+$", err.message)
      assert.equal(1, select(2, err.message:gsub("while", "")))
    end)
  end)
end
