--- Mistakes in a user's spec: each message names the line of that spec, and none of this program.
local specs = require("spec.support.specs")

local SPECS = [[
local idle = require("idle")

describe("a wrong word", function()
  it("in idle.test", function()
    idle.test.virtal_time(function() end) -- word
  end)
  it("behind assert", function()
    assert.has_no.ran_stepps({}, {}) -- stepps
  end)
  it("in a task", function()
    idle.spawn(function() idle.slep(1) end) -- slep
  end)
end)

describe("a wait", function()
  it("in a coroutine", function()
    local co = coroutine.create(function()
      idle.sleep(1) -- coroutine
    end)
    error(select(2, coroutine.resume(co)), 0)
  end)
  it("in require", function()
    package.preload.patient = function()
      idle.sleep(1) -- require
    end
    require("patient")
  end)
  it("for ever", function()
    idle.spawn(function() -- deadlock
      require("idle.loop").condition():wait()
    end):join()
  end)
  it("of the wrong type", function()
    idle.sleep("soon") -- type
  end)
  it("that is all of the spec", idle.sleep) -- itself
end)

describe("sorted", function()
  table.sort({ 3, 2, 1 }, function(a, b)
    idle.sleep(1) -- sort
    return a < b
  end)
end)

describe("an error in a block that closes", function()
  local sink, seen
  it("a run", function()
    sink = idle.test.recording_sink()
    local run <close> = idle.run{ name = "joiner", event_sink = sink } -- luacheck: ignore
    local mine <close> = setmetatable({}, { __close = function(_, err) seen = err end }) -- luacheck: ignore
    error("boom") -- boom
  end)
  it("is seen by what it closes", function()
    assert.matches("boom$", seen)
    assert.events(sink, { { Type = "RunCompleted", Data = { Status = "Failed" } } })
  end)
end)

describe("os.exit", function()
  it("of the code under test", function()
    coroutine.wrap(function()
      os.exit(0) -- exit
    end)()
  end)
  it("with a stub in its place", function()
    stub(os, "exit")
    os.exit(3)
    assert.stub(os.exit).was_called_with(3)
    os.exit:revert()
  end)
end)

describe("a forgotten join of a task", function()
  it("that failed", function()
    idle.spawn(function() -- failed
      idle.sleep(0)
      error("in the task") -- raise
    end)
    idle.sleep(0.01)
  end)
  it("that failed, and the spec too", function()
    idle.spawn(function() error("of the task") end)
    idle.sleep(0)
    error("of the spec")
  end)
  it("of many that failed", function()
    for index = 1, 12 do
      idle.spawn(function() error("number " .. index) end) -- many
    end
  end)
  it("that raised an error of ours", function()
    idle.spawn(function()
      idle.exec({ command = { "/no/such/program" } }) -- ours
    end)
  end)
  it("that asserted", function()
    idle.spawn(function() -- asserted
      assert.equal(1, 2) -- assertion
    end)
  end)
  it("that still runs", function()
    idle.spawn(function() -- running
      idle.wait_until{ check = function() return false end, timeout = 60 } -- until
    end)
  end)
end)

describe("an assertion in a task", function()
  it("that is joined", function()
    local task = idle.spawn(function()
      assert.equal("expected", "seen") -- joined
    end)
    task:join()
  end)
  it("that gather waits for", function()
    idle.gather({ function() assert.is_true(false) end }) -- gather
  end)
end)

describe("an assertion that we catch", function()
  it("in a step", function()
    local run <close> = idle.run{ name = "joiner" }
    run:step("Check", function()
      assert.equal("expected", "seen") -- step
    end)
  end)
  it("in a sink", function()
    local function check(_, event) assert.equal("RunFailed", event.Type) end -- sink
    local run <close> = idle.run{ name = "joiner", event_sink = { WriteEvent = check } }
    run:step("Check", function() end)
  end)
  it("in a flow that goes on", function()
    local session = idle.test.fake_session{ ["Get-Date"] = function(given)
      assert.equal("utc", given.Kind) -- caught
    end }
    local run <close> = idle.run{ name = "joiner" }
    pcall(run.step, run, "Look", function() return session:InvokeCommand("Get-Date") end)
  end)
  it("or the spec itself", function()
    pcall(function() assert.equal(1, 2) end)
    idle.test.virtual_time(function() assert.is_false(pcall(assert.equal, 1, 2)) end)
    local run <close> = idle.run{ name = "joiner" }
    pcall(run.step, run, "Look", function() assert(false, "no assertion of luassert's") end)
  end)
end)

describe("virtual time", function()
  it("with a real program", function()
    idle.test.virtual_time(function()
      idle.exec({ command = { "true" } }) -- program
    end)
  end)
  it("with a program of Lua's own", function()
    idle.test.virtual_time(function()
      os.execute("true") -- execute
    end)
  end)
  it("with a real connection", function()
    idle.test.virtual_time(function()
      local session <close> = idle.ssh_session{ host = "127.0.0.1", agent = false }
      session:InvokeCommand("Get-Date") -- connection
    end)
  end)
  it("with a failed assertion and a task that is left", function()
    idle.test.virtual_time(function()
      idle.spawn(idle.sleep, 60)
      idle.sleep(1)
      assert.equal("expected", "seen") -- masked
    end)
  end)
  it("with a forgotten task", function()
    idle.test.virtual_time(function()
      idle.spawn(function() -- virtual
        require("idle.loop").condition():wait() -- stuck
      end)
      idle.sleep(1)
    end)
  end)
end)
]]

describe("a mistake in a spec is told with its line:", function()
  local messages, run

  setup(function() messages, run = specs.messages(SPECS) end)

  local function assert_message(name, at, rest)
    local message = messages[name]
    assert.is_string(message, name)
    assert.equal(specs.place(SPECS, at) .. ": ", message:match("^[^\n]-:%d+: "), message)
    assert.is_truthy(message:find(rest, 1, true), message)
  end

  it("a word that is none of ours, with the one that was meant", function()
    assert_message("a wrong word in idle.test", "word", "\nthere is no 'idle.test.virtal_time'; did you mean "
      .. "'idle.test.virtual_time'?")
    assert_message("a wrong word behind assert", "stepps", "\ndid you mean 'assert.ran_steps'?")
    assert_message("a wrong word in a task", "slep", "\nthere is no 'idle.slep'; did you mean 'idle.sleep'?")
  end)

  it("a wait where a task cannot be suspended", function()
    assert_message("a wait in a coroutine", "coroutine", "'sleep' cannot wait in a coroutine")
    assert_message("a wait in require", "require", "'sleep' cannot wait in function 'require'")
    assert_message("sorted", "sort", "'sleep' cannot wait in function 'table.sort'")
  end)

  it("a wait that nobody can end, and one that is none", function()
    assert_message("a wait for ever", "deadlock", "deadlock: ")
    assert_message("a wait of the wrong type", "type", "seconds must be a number")
    assert_message("a wait that is all of the spec", "itself", "seconds must be a number")
  end)

  it("an end of the program, which would leave the other specs unseen", function()
    assert_message("os.exit of the code under test", "exit", "os.exit(0) would end all specs")
    assert.is_true(messages["os.exit with a stub in its place"])
    assert.equal(1, run.outcome.exit_code)
  end)

  it("a task that nobody joined, and which failed", function()
    assert_message("a forgotten join of a task that failed", "raise", "in the task\n(in the task spawned at "
      .. specs.place(SPECS, "failed") .. ", which nobody joined)")
    local both = {}
    for _, err in ipairs(run.document.errors) do
      if err.name:find("and the spec too") then both[#both + 1] = err.message:match("of the %a+") end
    end
    assert.same({ "of the spec", "of the task" }, both)
    assert_message("a forgotten join of a task of many that failed", "many", "number 10\n(in the task spawned at "
      .. specs.place(SPECS, "many") .. ", which nobody joined)\nand 2 more")
    assert_message("a forgotten join of a task that raised an error of ours", "ours", "/no/such/program")
    assert_message("a forgotten join of a task that asserted", "assertion", "Expected objects to be equal.")
    assert_message("a forgotten join of a task that asserted", "assertion", "(in the task spawned at "
      .. specs.place(SPECS, "asserted") .. ", which nobody joined)")
  end)

  it("a task that nobody joined, and which still runs", function()
    assert_message("a forgotten join of a task that still runs", "running", "the task spawned here still waits in ")
    assert_message("a forgotten join of a task that still runs", "running", " at " .. specs.place(SPECS, "until"))
  end)

  it("an assertion in a task, through join", function()
    assert_message("an assertion in a task that is joined", "joined", "Expected objects to be equal.")
    assert_message("an assertion in a task that gather waits for", "gather", "Expected objects to be the same.")
  end)

  it("an assertion on whose way to the spec this program stands", function()
    local text = "Expected objects to be equal.\nPassed in:\n(string) 'seen'\nExpected:\n(string) 'expected'"
    assert.equal(specs.place(SPECS, "step") .. ": " .. text, messages["an assertion that we catch in a step"])
    assert_message("an assertion that we catch in a sink", "sink", "(it was caught on its way to the spec")
    assert_message("an assertion that we catch in a flow that goes on", "caught", "(it was caught on its way to")
    assert.is_true(messages["an assertion that we catch or the spec itself"])
  end)

  it("what is real in virtual time", function()
    assert_message("virtual time with a real program", "program", "virtual time cannot wait")
    assert_message("virtual time with a program of Lua's own", "execute", "virtual time cannot wait for 'os.execute'")
    assert_message("virtual time with a real connection", "connection", "virtual time cannot wait")
    assert.is_truthy(messages["virtual time with a forgotten task"]:find(specs.place(SPECS, "virtual"), 1, true))
    assert.is_truthy(messages["virtual time with a forgotten task"]:find(specs.place(SPECS, "stuck"), 1, true))
  end)

  it("but not in the place of what failed before", function()
    assert_message("virtual time with a failed assertion and a task that is left", "masked",
      "Expected objects to be equal.")
    assert_message("an error in a block that closes a run", "boom", "boom")
    assert.is_true(messages["an error in a block that closes is seen by what it closes"])
  end)

  it("and a failed assertion is a failure wherever it stood", function()
    local failures = {}
    for _, failure in ipairs(run.document.failures) do failures[failure.name] = true end
    assert.same({
      ["a forgotten join of a task that asserted"] = true,
      ["a forgotten join of a task that still runs"] = true,
      ["an assertion in a task that is joined"] = true,
      ["an assertion in a task that gather waits for"] = true,
      ["an assertion that we catch in a step"] = true,
      ["an assertion that we catch in a sink"] = true,
      ["an assertion that we catch in a flow that goes on"] = true,
      ["virtual time with a failed assertion and a task that is left"] = true,
    }, failures)
  end)
end)
