local idle = require("idle")
local live = require("idle.live")
local leaks = require("idle.test.leaks")
local loop = require("idle.loop")
local specs = require("spec.support.specs")

local SPECS = [=[
local idle = require("idle")
local PROGRAM = require("idle.process").executable()

local function new_session()
  return idle.process_session{ command = { PROGRAM, "%s/spec/support/fake_powershell.lua", "good" } }
end

describe("leak of", function()
  it("a task", function()
    idle.spawn(function() -- task
      local pause = 60
      idle.sleep(pause) -- sleep
    end)
  end)
  it("a task that has not begun to wait", function()
    idle.spawn(function() while true do idle.sleep(0) end end) -- busy
  end)
  it("tasks that wake each other", function()
    local condition = require("idle.loop").condition()
    local function ping()
      while true do
        condition:notify()
        condition:wait()
      end
    end
    for _ = 1, 2 do idle.spawn(ping) end -- ping
  end)
  it("a task that does not end well", function()
    idle.spawn(function() -- unwell
      local cleanup <close> = setmetatable({}, { __close = function() error("while it ended") end }) -- luacheck: ignore
      idle.sleep(60)
    end)
  end)
  it("a timeout", function()
    idle.spawn(idle.with_timeout, 60, idle.sleep, 50) -- timeout
  end)
  it("a session", function()
    local session = new_session() -- session
    assert.is_table(session:info())
  end)
  it("a process", function()
    assert(require("idle.process").spawn{ command = { "sleep", "60" } }) -- process
  end)
  it("a file", function()
    assert(io.open("a_spec.lua")) -- file
  end)
  it("a pipe of io", function()
    assert.equal("x", io.popen("echo x"):read()) -- pipe
  end)
  it("io.output", function()
    io.output("a.out") -- output
    io.write("seen by nobody")
  end)
  it("io.input", function()
    io.input("a_spec.lua") -- input
    io.input():close()
  end)
  it("two things", function()
    io.open("a_spec.lua") -- first
    io.open("a_spec.lua") -- second
  end)
end)

describe("no leak is", function()
  it("what was closed", function()
    local session <close> = new_session()
    session:info()
    local task = idle.spawn(idle.sleep, 0.001)
    task:join()
    io.open("a_spec.lua"):close()
    for _ in io.lines("a_spec.lua") do end -- luacheck: ignore
    idle.exec{ command = { "true" } }
  end)
  it("a session that was not used", function() new_session() end)
  it("a cancelled task that still cleans up", function()
    local task = idle.spawn(function()
      local cleanup <close> = setmetatable({}, { __close = function() idle.sleep(0.01) end }) -- luacheck: ignore
      idle.sleep(60)
    end)
    idle.sleep(0)
    task:cancel()
  end)
  it("a task that can run to its end", function() idle.spawn(function() idle.now() end) end)
  it("in virtual time", function() idle.test.virtual_time(function() idle.sleep(60) end) end)
end)

describe("a block", function()
  local session, handle, task
  setup(function()
    session = new_session()
    task = idle.spawn(idle.sleep, 60)
  end)
  teardown(function()
    session:close()
    task:cancel()
  end)
  before_each(function() handle = io.open("a_spec.lua") end)
  after_each(function() handle:close() end)
  it("may keep", function() session:info() end)
  it("what it made", function() session:info() end)
end)

describe("a block that", function()
  local handle
  lazy_setup(function() handle = io.open("a_spec.lua") end) -- block
  it("leaks", function() handle:read() end)
end)

describe("a spec that has failed", function()
  it("is not told that it leaks", function()
    io.open("a_spec.lua")
    error("for another reason")
  end)
end)

idle.spawn(idle.sleep, 60) -- top
]=]

-- A library of C opens it, and keeps it.
local DESCRIPTOR = [=[
local kept
it("leaks", function() -- descriptor
  kept = require("socket").tcp4()
end)
it("does not leak", function() assert.is_truthy(kept) end)
]=]

-- What tasks do that a block has spawned is the block's.
local BACKGROUND = [=[
local idle = require("idle")
local handle
describe("a block", function()
  setup(function()
    idle.spawn(function()
      idle.sleep(0.001)
      handle = io.open("a_spec.lua") -- background
      idle.spawn(idle.sleep, 60)
    end)
  end)
  it("has a task", function()
    idle.wait_until{ check = function() return handle end, timeout = 10, interval = 0.001 }
  end)
end)
]=]

describe("idle.test.leaks", function()
  local text = SPECS:gsub("%%s", require("lfs").currentdir())
  local messages, run

  setup(function() messages, run = specs.messages(text) end)

  local function place(name) return specs.place(text, name) end

  local function assert_leak(name, at, what)
    assert.equal(("%s: leak: %s"):format(place(at), what), messages["leak of " .. name])
  end

  it("fails the spec that leaves a task, and says where it waits", function()
    assert_leak("a task", "task", ("the task spawned here still waits in 'sleep' at %s; join or cancel it"):format(
      place("sleep")))
    assert_leak("a task that has not begun to wait", "busy",
      "the task spawned here still waits in 'sleep'; join or cancel it")
  end)

  it("ends tasks that would go on and on, and tells a leak once", function()
    assert.matches("^" .. place("ping")
      .. ": leak: the task spawned here still waits in 'condition:wait'.* %(and 1 more%)$",
      messages["leak of tasks that wake each other"])
    assert.matches("^" .. place("unwell") .. ": leak: [^\n]*$", messages["leak of a task that does not end well"])
    assert.is_nil(run.outcome.stderr:find("while it ended", 1, true))
  end)

  it("keeps nothing that a spec has let go", function()
    leaks.keep_books()
    local scope, kept = leaks.begin(), setmetatable({}, { __mode = "k" })
    kept[idle.process_session({ command = { "true" } })] = true
    leaks.finish(scope)
    collectgarbage()
    assert.is_nil(next(kept))
  end)

  it("has one line for the tasks that one call has made", function()
    assert.matches("^" .. place("timeout")
      .. ": leak: the task spawned here still waits in '[%a:]+'; join or cancel it %(and %d more%)$",
      messages["leak of a timeout"])
  end)

  it("fails the spec that leaves a session or a process, with the line that made it", function()
    local program = require("idle.process").executable()
    assert.matches(place("session") .. ": leak: the session with '" .. program:gsub("%p", "%%%0")
      .. "' is still open; close it$", messages["leak of a session"])
    assert_leak("a process", "process", "process 'sleep' is still open; close it")
  end)

  it("fails the spec that leaves a file or a descriptor", function()
    assert_leak("a file", "file", "file 'a_spec.lua' is still open; close it")
    assert_leak("a pipe of io", "pipe", "file 'echo x' is still open; close it")
    assert.matches("^a_spec.lua:%d+: leak: io.output%(%) is not what it was before; put it back\n"
      .. "a_spec.lua:%d+: leak: file 'a.out' is still open; close it$", messages["leak of io.output"])
    assert.matches("^a_spec.lua:%d+: leak: io.input%(%) is not what it was before; put it back$",
      messages["leak of io.input"])
  end)

  it("fails the spec that leaves a descriptor of a library, once", function()
    local of_library = specs.messages(DESCRIPTOR)
    assert.matches("^a_spec.lua:2: leak: file descriptor %d+ %(socket:%[%d+%]%) was left open$", of_library.leaks)
    assert.is_true(of_library["does not leak"])
    assert.is_nil(of_library["suite a_spec.lua"])
  end)

  it("counts what a block's task makes as the block's", function()
    local of_block = specs.messages(BACKGROUND)
    assert.is_true(of_block["a block has a task"])
    assert.equal(("%s: leak: file 'a_spec.lua' is still open; close it"):format(specs.place(BACKGROUND, "background")),
      of_block["a block"]:match("[^\n]+$"))
  end)

  it("names each leak", function()
    assert.equal(("%s: leak: file 'a_spec.lua' is still open; close it\n"
      .. "%s: leak: file 'a_spec.lua' is still open; close it"):format(place("first"), place("second")),
      messages["leak of two things"])
  end)

  it("says nothing of what ends in time, or belongs to the block around", function()
    for _, name in ipairs({ "no leak is what was closed", "no leak is a session that was not used",
      "no leak is a cancelled task that still cleans up", "no leak is a task that can run to its end",
      "no leak is in virtual time", "a block may keep", "a block what it made", "a block that leaks" }) do
      assert.is_true(messages[name], name)
    end
    assert.is_nil(messages["a block"])
  end)

  it("fails the block, or the file, that leaves what it made itself", function()
    assert.equal(place("block") .. ": leak: file 'a_spec.lua' is still open; close it", messages["a block that"])
    assert.equal(place("top") .. ": leak: the task spawned here still waits in 'sleep'; join or cancel it",
      messages["suite a_spec.lua"])
  end)

  it("leaves a spec alone that has failed before it could clean up", function()
    assert.matches("for another reason$", messages["a spec that has failed is not told that it leaks"])
    assert.equal(12, #run.document.failures)
    assert.equal(3, #run.document.errors)
  end)

  it("can be switched off", function()
    local all, quiet = specs.messages(text, "--no-leak-check")
    assert.is_true(all["leak of a task"])
    assert.equal(1, quiet.outcome.exit_code)
    assert.equal(1, #quiet.document.errors)
    assert.equal(0, #quiet.document.failures)
  end)

  it("costs far less than a millisecond a spec", function()
    leaks.keep_books()
    local began = loop.monotonic()
    for _ = 1, 100 do assert.is_nil(leaks.finish(leaks.begin()).kind) end
    assert.is_true((loop.monotonic() - began) * 10 < 1, "milliseconds each")
  end)

  it("counts what was collected as closed only if it was forgotten", function()
    local births = live.births()
    io.open("README.md")
    collectgarbage()
    assert.equal(1, #live.opened(births))
    live.opened(births)[1].object:close()
    assert.equal(0, #live.opened(births))
  end)
end)
