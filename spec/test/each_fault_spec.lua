local child = require("spec.support.child")
local file = require("idle.file")
local idle = require("idle")
local loop = require("idle.loop")

describe("idle.test.each_fault", function()
  local each_fault = idle.test.each_fault
  local START = "Start-ADSyncSyncCycle"

  -- What a failed each_fault says, without the place in front.
  local function message(...)
    local ok, raised = pcall(each_fault, ...)
    if ok then error("all faults were survived", 2) end
    local text = tostring(type(raised) == "table" and raised.message or raised)
    return (text:gsub("^spec/test/each_fault_spec.lua:%d+: ", ""))
  end

  local function sync(session, with)
    local all = { AuthSessionName = "EntraConnect", PolicyType = "Delta", Wait = true, PollIntervalSeconds = 30 }
    for name, field in pairs(with or {}) do all[name] = field end
    return idle.trigger_directory_sync(all, { Providers = {
      DirectorySync = idle.providers.entra_connect(),
      AuthSessionBroker = idle.auth_session_broker({ default = session, fallback = true }),
    } })
  end

  local function good(sim) return sync(sim:session()) end

  -- What people write first.
  local function start(session) return session:InvokeCommand(START, { PolicyType = "Delta" }) end

  local function wait_for_flag(session)
    repeat idle.sleep(5) until not session:InvokeCommand("Get-ADSyncScheduler").SyncCycleInProgress
  end

  local function naive(sim)
    local session = sim:session()
    start(session)
    wait_for_flag(session)
  end

  local function impatient(sim)
    local session = sim:session()
    if not pcall(start, session) then
      idle.sleep(60)
      start(session)
    end
    wait_for_flag(session)
  end

  it("takes a correct flow through everything", function()
    local began = loop.monotonic()
    local reports = each_fault(good)
    assert.is_true(#reports > 100)
    assert.is_true(loop.monotonic() - began < 60)
    local by_name = {}
    for _, report in ipairs(reports) do
      assert.is_nil(report.problem)
      by_name[report.name] = report
    end
    assert.is_true(by_name["busy thrice"].run.is_completed)
    assert.equal(1, #by_name["lose_answer: Start-ADSyncSyncCycle #1"].run.starts)
    assert.equal("sync.staging", by_name["staging mode"].run.raised.kind)
  end)

  it("hands over the server and what goes wrong with it", function()
    local seen = {}
    each_fault(function(sim, fault)
      seen[#seen + 1] = { fault.name, fault.expected, sim.options.staging, sim.options.cycle_seconds }
      return good(sim)
    end, { only = "staging mode", sim = { cycle_seconds = 20 } })
    assert.same({ { "no fault", "completes", false, 20 }, { "staging mode", "fails", true, 20 } }, seen)
  end)

  describe("finds", function()
    it("a start that is repeated because its answer was lost", function()
      assert.equal([[
each_fault: the flow does not survive
  lose_answer: Start-ADSyncSyncCycle #1: double start: 2 starts took effect, and it wishes for 1
to repeat only one: each_fault(…, { only = "lose_answer: Start-ADSyncSyncCycle #1" })]],
        message(impatient, { only = "lose_answer: Start-ADSyncSyncCycle #1" }))
    end)

    it("it also where the flow fails before its other wishes", function()
      local function twice(sim)
        impatient(sim)
        impatient(sim)
        local history = sim:session():InvokeCommand("Get-ADSyncRunProfileResult")
        if #sim:ledger() > 2 then error("too much", 0) end
        return history
      end
      local function failing(sim)
        local session = sim:session()
        if not pcall(start, session) then
          idle.sleep(60)
          start(session)
          error("not sure", 0)
        end
        idle.sleep(60)
        start(session)
        wait_for_flag(session)
      end
      assert.matches("double start: 3 starts took effect, and it wishes for 2",
        message(twice, { only = "lose_answer: Start-ADSyncSyncCycle #1" }))
      assert.matches("double start: start 2 was sent while nobody knew what had become of the one before it",
        message(failing, { only = "lose_answer: Start-ADSyncSyncCycle #1" }))
    end)

    it("no double start where the history had told of the first", function()
      local function careful(sim)
        local session = sim:session()
        pcall(start, session)
        idle.sleep(60)
        session:InvokeCommand("Get-ADSyncRunProfileResult", {})
        start(session)
        idle.sleep(60)
      end
      assert.is_nil(each_fault(careful, { only = "lose_answer: Start-ADSyncSyncCycle #1" })[1].problem)
    end)

    it("success that is none", function()
      assert.matches("without a flag: false success: it completed, and 0 of 1 changes were exported by then",
        message(naive, { only = "old server, without a flag" }))
      assert.matches("staging mode: false success", message(naive, { only = "staging mode" }))
      assert.matches("Entra Export: stopped%-error%-limit: false success",
        message(naive, { only = "Entra Export: stopped-error-limit" }))
    end)

    it("a flow that gives up too early", function()
      assert.matches("busy once: a correct flow gets over this, but it failed: 'Start%-ADSyncSyncCycle' failed: .* "
        .. "%(remote.error, effect unknown, at spec/test/each_fault_spec.lua:%d+%)",
        message(naive, { only = "busy once" }))
      local text = message(function(sim) return good(sim) and { Status = sim.options.busy_starts > 0 and "Failed" } end,
        { only = "busy once" })
      assert.matches("it failed: its result says 'Failed'", text)
    end)

    it("a flow that never ends, and one that breaks, with its line", function()
      assert.matches("hang: Get%-ADSyncScheduler #1: it never ends: .* at spec/test/each_fault_spec.lua:%d+",
        message(naive, { only = "hang: Get-ADSyncScheduler #1" }))
      assert.matches("null: Get%-ADSyncScheduler #1: it breaks: spec/test/each_fault_spec.lua:%d+: attempt to index",
        message(naive, { only = "null: Get-ADSyncScheduler #1" }))
      assert.matches("it never ends", message(good, { only = "slow cycle", limit = 100 }))
    end)

    it("a task that the flow forgets", function()
      local text = message(function(sim, fault)
        if fault.name ~= "no fault" then idle.spawn(idle.sleep, 3600) end
        return good(sim)
      end, { only = "busy once" })
      assert.matches("busy once: f has returned, and nobody joined the task spawned at spec/test/each_fault_spec.lua",
        text)
    end)

    it("all of it at once, and tells the first of many", function()
      local text = message(naive)
      assert.matches("^each_fault: the flow does not survive %d%d of %d%d+ faults\n  busy once: ", text)
      assert.matches("\n  and %d+ more\nto repeat only one: each_fault%(…, { only = \"busy once\" }%)$", text)
    end)
  end)

  it("judges what the flow returns, be it a result or what pcall gave", function()
    local function caught(sim) return pcall(good, sim) end
    assert.is_false(each_fault(caught, { only = "staging mode" })[1].run.is_completed)
    assert.is_true(each_fault(caught, { only = "busy once" })[1].run.is_completed)
    local function in_run(sim)
      local run <close> = idle.run({ name = "flow", providers = {
        DirectorySync = idle.providers.entra_connect(),
        AuthSessionBroker = idle.auth_session_broker({ default = sim:session(), fallback = true }),
      } })
      pcall(run.step, run, "Sync", "IdLE.Step.TriggerDirectorySync",
        { AuthSessionName = "E", PolicyType = "Delta", Wait = true })
      return run:result()
    end
    local report = each_fault(in_run, { only = "staging mode" })[1]
    assert.same({ false, "Failed" }, { report.run.is_completed, report.run.status })
    assert.is_true(each_fault(in_run, { only = "busy once" })[1].run.is_completed)
  end)

  it("asks no more of a flow that does not wait than that it starts", function()
    local function not_waiting(sim) return sync(sim:session(), { Wait = false }) end
    for _, only in ipairs({ "Entra Export: stopped-error-limit", "slow cycle", "lose_answer", "staging mode" }) do
      assert.is_nil(each_fault(not_waiting, { only = only })[1].problem)
    end
  end)

  it("asks nothing of a flow that only looks but to bear it", function()
    local function looking(sim) return sim:session():InvokeCommand("Get-ADSyncScheduler").SyncCycleEnabled end
    assert.is_nil(each_fault(looking, { only = "staging mode" })[1].problem)
    assert.matches("null: Get%-ADSyncScheduler #1: it breaks: .*:%d+: attempt to index",
      message(looking, { only = "null" }))
  end)

  it("takes what a spec knows better about its flow", function()
    local function hasty(sim) return sync(sim:session(), { OnBusy = "Fail" }) end
    assert.matches("somebody else's cycle runs: a correct flow gets over this",
      message(hasty, { only = "somebody else's cycle runs" }))
    each_fault(hasty, { only = "somebody else's cycle runs", expect = { ["somebody else's cycle runs"] = "fails" } })
    local reports = each_fault(good, { only = "null", expect = { null = "either" } })
    assert.is_true(#reports > 1)
    for _, report in ipairs(reports) do assert.equal("either", report.expected) end
  end)

  it("runs one kind of spoilt answers, all of them if that is asked for", function()
    local some = each_fault(good, { only = "transient" })
    local all = each_fault(good, { only = "transient", every = true })
    assert.is_true(#some > 10 and #all > #some)
    for _, report in ipairs(all) do assert.matches("^transient: ", report.name) end
  end)

  it("passes a failed assertion on as it is, with the fault", function()
    local ok, raised = pcall(each_fault, function(sim, fault)
      good(sim)
      assert.equal("no fault", fault.name)
    end, { only = "busy once" })
    assert.is_false(ok)
    assert.equal("failure", getmetatable(raised).__type)
    assert.matches("^spec/test/each_fault_spec.lua:%d+: Expected objects to be equal.*%(each_fault: the flow does not "
      .. "survive\n  busy once: .*to repeat only one", raised.message)
  end)

  it("says so if the flow fails anyway, or has nothing to do with the server", function()
    assert.matches("the flow fails without any fault: a correct flow gets over this, but it failed: no luck",
      message(function() error("no luck", 0) end, { only = "staging mode" }))
    assert.equal("each_fault: the flow never calls the simulated server; give it sim:session()",
      message(function() end, { only = "staging mode" }))
  end)

  it("tells mistakes at the line that makes them", function()
    local function mistake(...)
      local ok, raised = pcall(each_fault, ...)
      assert.is_false(ok)
      return raised
    end
    local here = "^spec/test/each_fault_spec.lua:%d+: each_fault"
    assert.matches(here .. " takes a function", mistake("x"))
    assert.matches(here .. ": there is no fault 'stageing mode'; did you mean 'staging mode'%?",
      mistake(good, { only = "stageing mode" }))
    assert.matches(here .. ": a fault is given by its name, not by a table", mistake(good, { only = { "null" } }))
    assert.matches("^spec/test/each_fault_spec.lua:%d+: the options of each_fault: unknown field 'onyl'; did you mean "
      .. "'only'%?", mistake(good, { onyl = "null" }))
    assert.matches(here .. ": expect%['null'%] must be 'completes'", mistake(good, { expect = { null = "x" } }))
    assert.matches(here .. ": there is no fault 'nul'", mistake(good, { expect = { nul = "fails" } }))
  end)

  describe("in a describe block", function()
    -- What busted says of a spec file.
    local function tap(text)
      local dir = assert(file.temp_dir("idle-each-fault-"))
      finally(function() file.remove_all(dir) end)
      local path = dir .. "/flow_spec.lua"
      assert(file.write_private(path, "local idle = require('idle')\n" .. text))
      return child.run({ "spec/run.lua", "--output=TAP", path })
    end

    it("defines one spec for each fault", function()
      local outcome = tap([[
        describe("my flow", function()
          idle.test.each_fault(function(sim)
            local session = sim:session()
            session:InvokeCommand("Start-ADSyncSyncCycle", { PolicyType = "Delta" })
            repeat idle.sleep(5) until not session:InvokeCommand("Get-ADSyncScheduler").SyncCycleInProgress
          end)
        end)]])
      assert.matches("^ok 1 %- my flow no fault\n", outcome.stdout)
      assert.matches("\nok %d+ %- my flow slow cycle\n", outcome.stdout)
      assert.matches("\nnot ok %d+ %- my flow staging mode\n", outcome.stdout)
      assert.matches("\nnot ok %d+ %- my flow hang\n", outcome.stdout)
      assert.equal(1, outcome.exit_code)
    end)

    it("defines the one that is wanted", function()
      local outcome = tap([[
        idle.test.each_fault(function(sim) sim:session():InvokeCommand("Get-Date") end, { only = "staging mode" })]])
      assert.matches("^ok 1 %- staging mode\n1%.%.1\n$", outcome.stdout)
    end)

    it("fails one spec for a flow that fails anyway, or has nothing to do with the server", function()
      for _, flow in ipairs({ 'sim:session():InvokeCommand("Get-Date") error("no luck", 0)', "return sim" }) do
        local outcome = tap("idle.test.each_fault(function(sim) " .. flow .. " end)")
        assert.matches("^not ok 1 %- no fault\n", outcome.stdout)
        assert.matches("\n1%.%.1\n$", outcome.stdout)
      end
    end)
  end)
end)
