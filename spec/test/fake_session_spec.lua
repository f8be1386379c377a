local idle = require("idle")
local loop = require("idle.loop")
local value = require("idle.engine.value")
local values = require("spec.support.values")

describe("idle.test.fake_session", function()
  local fake_session = idle.test.fake_session

  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  it("is made with a dot, and used with a colon", function()
    assert.matches("^spec/test/fake_session_spec.lua:%d+: fake_session is called with a dot",
      failure(fake_session, idle.test, { ["Get-Date"] = 5 }))
    local session = fake_session({ ["Get-Date"] = 5, run = { hostname = "x" } })
    assert.equal("InvokeCommand is called with a colon: session:InvokeCommand(CommandName, Parameters)",
      failure(session.InvokeCommand, "Get-Date").message)
    assert.matches("^run is called with a colon", failure(session.run, "hostname").message)
  end)

  it("counts time on the clock on which it is used", function()
    local session = fake_session({ ["Get-Date"] = 5 })
    idle.test.virtual_time(function()
      idle.sleep(60)
      session:InvokeCommand("Get-Date")
    end)
    assert.equal(60, session.calls[1].at)
  end)

  local function refusal(session, command, parameters)
    return failure(session.InvokeCommand, session, command, parameters)
  end

  describe("answers", function()
    it("with what is scripted, whatever the case of the command", function()
      local session = fake_session({ ["Get-ADSyncScheduler"] = { SyncCycleInProgress = false, Interval = 1800 } })
      assert.same({ SyncCycleInProgress = false, Interval = 1800 }, (session:InvokeCommand("get-adsyncscheduler")))
    end)

    it("as a pipeline does: nil for none, the value for one, a list for several", function()
      local session = fake_session({
        ["Get-Null"] = idle.null, ["Get-None"] = idle.list(), ["Get-One"] = idle.list({ "x" }),
        ["Get-Two"] = { "x", "y" }, ["Get-Map"] = {}, ["Get-False"] = false,
        ["Get-Nested"] = idle.list({ idle.list() }), ["Get-Bytes"] = idle.bytes("ab"),
      })
      assert.is_nil((session:InvokeCommand("Get-Null")))
      assert.is_nil((session:InvokeCommand("Get-None")))
      assert.equal("x", (session:InvokeCommand("Get-One")))
      local two = session:InvokeCommand("Get-Two")
      assert.is_true(value.is_list(two))
      assert.same({ "x", "y" }, { table.unpack(two) })
      assert.same({}, (session:InvokeCommand("Get-Map")))
      assert.is_false((session:InvokeCommand("Get-False")))
      assert.is_true(value.is_list((session:InvokeCommand("Get-Nested"))))
      assert.equal("ab", tostring((session:InvokeCommand("Get-Bytes"))))
    end)

    it("with every value that a real session brings, and takes them", function()
      local session = fake_session({
        ["Get-Nasty"] = values.nasty, ["Write-Output"] = function(parameters) return parameters.InputObject end,
      })
      assert.is_nil(values.difference(values.nasty, (session:InvokeCommand("Get-Nasty"))))
      assert.is_nil(values.difference(values.nasty,
        (session:InvokeCommand("Write-Output", { InputObject = values.nasty }))))
      assert.is_nil(values.difference(values.nasty, session.calls[2].parameters.InputObject))
    end)

    it("with null inside of objects", function()
      local session = fake_session({ ["Get-Run"] = { EndDate = idle.null, Steps = idle.list({ idle.null, 1 }) } })
      local run = session:InvokeCommand("Get-Run")
      assert.equal(idle.null, run.EndDate)
      assert.equal(idle.null, run.Steps[1])
    end)

    it("with a copy each time, so that nobody changes the script", function()
      local scripted = { Name = "a" }
      local session = fake_session({ ["Get-Thing"] = scripted })
      session:InvokeCommand("Get-Thing").Name = "b"
      assert.equal("a", session:InvokeCommand("Get-Thing").Name)
      assert.equal("a", scripted.Name)
    end)

    it("with what a function makes of the parameters", function()
      local session = fake_session({
        ["Get-Sum"] = function(parameters, call) return parameters.A + parameters.B + call.number end,
        ["Get-Word"] = function() return "x", { "careful" } end,
      })
      assert.equal(4, (session:InvokeCommand("Get-Sum", { A = 1, B = 2 })))
      assert.equal(5, (session:InvokeCommand("Get-Sum", { A = 1, B = 2 })))
      local _, facts = session:InvokeCommand("Get-Word")
      assert.is_true(value.is_list(facts.warnings))
      assert.same({ "careful" }, { table.unpack(facts.warnings) })
    end)

    it("with `otherwise` where nothing is scripted", function()
      local session = fake_session({ ["Get-Date"] = "now", otherwise = idle.test.fails("sync.access", "no rights") })
      assert.equal("now", (session:InvokeCommand("Get-Date")))
      assert.equal("sync.access", refusal(session, "Get-Else").kind)
    end)
  end)

  it("hands what is not scripted to another session", function()
    local server = idle.sim.sync_server()
    local session = fake_session({
      ["Get-Date"] = idle.test.fails("ssh.lost", "gone"), otherwise = server:session(),
      ["Write-Warning"] = function(parameters) return server:session():InvokeCommand("Write-Warning", parameters) end,
    })
    assert.equal("Success", session:InvokeCommand("Start-ADSyncSyncCycle", { PolicyType = "Initial" }).Result)
    assert.equal("Initial", server:ledger()[1].PolicyType)
    assert.equal(2, #session:InvokeCommand("Get-ADSyncConnector"))
    assert.same({ "careful" }, { table.unpack(select(2, session:InvokeCommand("Write-Warning",
      { Message = "careful" })).warnings) })
    assert.equal("sync.busy", failure(idle.providers.entra_connect().StartSyncCycle, {}, "Delta", session).kind)
    assert.equal("ssh.lost", refusal(session, "Get-Date").kind)
    assert.equal(5, #session.calls)
  end)

  it("hands a command on wherever a session stands for its answer", function()
    local real = idle.sim.sync_server():session()
    local session = fake_session({
      ["Get-ADSyncConnector"] = idle.test.after(0.001, real),
      ["Start-ADSyncSyncCycle"] = idle.test.in_turn({ idle.test.loses_answer(real), real }),
    })
    assert.equal(2, #session:InvokeCommand("Get-ADSyncConnector"))
    assert.equal("ssh.lost", refusal(session, "Start-ADSyncSyncCycle").kind)
    assert.matches("already running", refusal(session, "Start-ADSyncSyncCycle").message)
    local behind = fake_session({ run = { hostname = fake_session({ run = { hostname = "SYNC01" } }) } })
    assert.equal("SYNC01", behind:run({ command = "hostname" }).stdout)
  end)

  describe("refuses", function()
    it("a command that is not scripted, and names the nearest that is", function()
      local session = fake_session({ ["Get-ADSyncScheduler"] = {}, ["Start-ADSyncSyncCycle"] = {} })
      local err = refusal(session, "Get-ADSyncSchedular")
      assert.equal("input.setup", err.kind)
      assert.equal("none", err.effect)
      assert.matches("^the fake session %(spec/test/fake_session_spec.lua:%d+%): nothing is scripted for "
        .. "'Get%-ADSyncSchedular'; did you mean 'Get%-ADSyncScheduler'%? "
        .. "%(scripted: Get%-ADSyncScheduler, Start%-ADSyncSyncCycle%)$", err.message)
    end)

    it("what no far end could be sent", function()
      local session = fake_session({ ["Get-Date"] = "now" })
      assert.equal("input.command_name", refusal(session, "Get-Date; Remove-Item").kind)
      assert.equal("input.parameter", refusal(session, "Get-Date", { Callback = print }).kind)
      assert.equal("input.parameter", refusal(session, "Get-Date", { "a" }).kind)
      assert.same({}, session.calls)
    end)

    it("what no far end could answer", function()
      local session = fake_session({ ["Get-Date"] = { Text = { print } } })
      local err = refusal(session, "Get-Date")
      assert.equal("input.setup", err.kind)
      assert.matches("no far end can answer so: 'Get%-Date'.*Text%[1%]: ", err.message)
    end)

    it("a script that is none, at the line that has it", function()
      assert.matches("^spec/test/fake_session_spec.lua:%d+: fake_session takes a table", failure(fake_session, nil))
      assert.matches("^spec/test/fake_session_spec.lua:%d+: fake_session: 'Scheduler' is no command name; one looks "
        .. "like 'Get%-ADSyncScheduler'; besides", failure(fake_session, { Scheduler = {} }))
      assert.matches("fake_session: 'run' must be a table", failure(fake_session, { run = "x" }))
    end)
  end)

  describe("records", function()
    it("every call with its parameters as they arrive, its number and its time", function()
      local session = fake_session({ ["Get-A"] = 1, ["Get-B"] = 2 })
      local parameters = { Names = { "x" }, Depth = 2 }
      session:InvokeCommand("Get-A", parameters)
      parameters.Names[1] = "changed"
      session:InvokeCommand("Get-B")
      idle.test.virtual_time(function()
        local slow = fake_session({ ["Get-A"] = idle.test.after(90) })
        slow:InvokeCommand("Get-A")
        slow:InvokeCommand("Get-A")
        assert.same({ 0, 90 }, { slow.calls[1].at, slow.calls[2].at })
      end)
      session:InvokeCommand("get-a")
      assert.same({ "Get-A", "Get-B", "get-a" },
        { session.calls[1].command, session.calls[2].command, session.calls[3].command })
      assert.equal("x", session.calls[1].parameters.Names[1])
      assert.equal(2, session.calls[1].parameters.Depth)
      assert.same({}, session.calls[2].parameters)
      assert.same({ 1, 1, 2 }, { session.calls[1].number, session.calls[2].number, session.calls[3].number })
    end)

    it("calls that fail, too", function()
      local session = fake_session({ ["Get-A"] = idle.test.fails("ssh.connect", "refused") })
      refusal(session, "Get-A")
      refusal(session, "Get-B")
      assert.equal(2, #session.calls)
    end)
  end)

  it("serves commands of several tasks one by one, as they came", function()
    local order = {}
    idle.test.virtual_time(function()
      local session = fake_session({ ["Get-Slow"] = idle.test.after(90, "slow"), ["Get-Fast"] = "fast" })
      idle.gather({
        function() table.insert(order, (session:InvokeCommand("Get-Slow"))) end,
        function() table.insert(order, (session:InvokeCommand("Get-Fast"))) end,
      })
    end)
    assert.same({ "slow", "fast" }, order)
  end)

  describe("closed", function()
    it("answers nothing any more, as a real one", function()
      local session
      do
        local scope <close> = fake_session({ ["Get-Date"] = "now" })
        session = scope
        scope:InvokeCommand("Get-Date")
      end
      assert.is_true(session.is_closed)
      local err = refusal(session, "Get-Date")
      assert.equal("input.session", err.kind)
      assert.matches("the session with the fake session .* was closed", err.message)
      assert.equal("input.session", failure(session.info, session).kind)
      assert.equal(1, #session.calls)
    end)

    it("cuts off the command that is under way: in doubt", function()
      idle.test.virtual_time(function()
        local session = fake_session({ ["Start-Slow"] = idle.test.after(60) })
        local task = idle.spawn(session.InvokeCommand, session, "Start-Slow")
        idle.sleep(1)
        session:close()
        local err = failure(task.join, task)
        assert.equal(1, loop.monotonic())
        assert.same({ "cancelled", "unknown" }, { err.kind, err.effect })
        assert.matches("the session was closed while 'Start%-Slow' ran on the fake session", err.message)
      end)
    end)
  end)

  it("leaves a cancelled command in doubt", function()
    idle.test.virtual_time(function()
      local session = fake_session({ ["Start-Slow"] = idle.test.after(60) })
      local err = failure(idle.with_timeout, 30, session.InvokeCommand, session, "Start-Slow")
      assert.same({ "timeout", "unknown" }, { err.kind, err.effect })
    end)
  end)

  it("passes on that virtual time has come to its limit", function()
    local session = fake_session({ ["Start-Slow"] = idle.test.after(60) })
    assert.fails_with(function()
      idle.test.virtual_time(function() session:InvokeCommand("Start-Slow") end, { limit = 30 })
    end, "test.limit")
  end)

  it("runs plain commands from `run`", function()
    local session = fake_session({ run = {
      hostname = "SYNC01\r\n",
      whoami = { stderr = "who?", exit_code = 1 },
      tee = function(options) return { stdout = options.stdin } end,
      gone = idle.test.loses_answer(),
    } })
    assert.same({ stdout = "SYNC01\r\n", stderr = "", exit_code = 0 }, session:run({ command = "hostname" }))
    assert.same({ stdout = "", stderr = "who?", exit_code = 1 }, session:run({ command = "whoami" }))
    assert.equal("abc", session:run({ command = "tee", stdin = "abc" }).stdout)
    assert.equal("ssh.lost", failure(session.run, session, { command = "gone" }).kind)
    assert.matches("nothing is scripted for 'hostnam'; did you mean 'hostname'%?",
      failure(session.run, session, { command = "hostnam" }).message)
    assert.equal("input.session", failure(session.run, session, { comand = "x" }).kind)
    assert.equal("abc", session.calls[3].stdin)
    local silent = fake_session({ run = { hostname = idle.test.answer() } })
    assert.matches("must be answered by a text or { stdout, stderr, exit_code }, not nil$",
      failure(silent.run, silent, { command = "hostname" }).message)
  end)

  it("says who is there, and what a spec wants it to say", function()
    local facts = fake_session({ info = { machine = "SYNC09" } }):info()
    assert.equal("SYNC09", facts.machine)
    assert.equal("FullLanguage", facts.language_mode)
    assert.matches("Z$", facts.now)
  end)

  it("serves a broker and a provider as any session", function()
    local session = fake_session({
      ["Start-ADSyncSyncCycle"] = idle.test.fails("remote.error",
        "Sync is already running. Cannot start a new run till this one completes."),
    })
    local broker = idle.auth_session_broker({ default = session })
    local provider = idle.providers.entra_connect()
    local err = failure(provider.StartSyncCycle, provider, "Delta", broker:AcquireAuthSession())
    assert.equal("sync.busy", err.kind)
    assert.same({ PolicyType = "Delta" }, session.calls[1].parameters)
  end)
end)
