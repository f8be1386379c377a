local failure = require("spec.support.far").raised
local idle = require("idle")
local loop = require("idle.loop")

describe("idle.test.virtual_time: a wait without an end", function()
  local virtual_time = idle.test.virtual_time

  -- The line of the function that calls it.
  local function line() return debug.getinfo(2, "l").currentline end

  it("says where everybody waits when nobody can go on", function()
    local waits, spawned
    local err = failure(virtual_time, function()
      local condition = loop.condition()
      spawned = line() + 1
      idle.spawn(function()
        condition:wait()
      end)
      waits = line() + 1
      condition:wait()
    end)
    assert.equal("test.stuck", err.kind)
    assert.matches(("virtual_time itself waits in 'condition:wait' at spec/test/virtual_time_end_spec.lua:%d;")
      :format(waits), err.message, 1, true)
    assert.matches(("the task spawned at spec/test/virtual_time_end_spec.lua:%d waits in 'condition:wait' at "
      .. "spec/test/virtual_time_end_spec.lua:%d"):format(spawned, spawned + 1), err.message, 1, true)
  end)

  it("ends a poll without an end, and says where it is", function()
    local err = failure(virtual_time, function()
      while true do idle.sleep(60) end
    end, { limit = 3600 })
    assert.equal("test.limit", err.kind)
    assert.matches("its limit of 3600 s", err.message)
    assert.matches("waits in 'sleep' at spec/test/virtual_time_end_spec.lua:", err.message, 1, true)
  end)

  it("has a limit of thirty days, and goes on up to it", function()
    virtual_time(function() idle.sleep(5) end, { limit = 5 })
    virtual_time(function() idle.sleep(30 * 24 * 3600) end)
    assert.equal("test.limit", failure(virtual_time, function() idle.sleep(30 * 24 * 3600 + 1) end).kind)
  end)

  it("ends a poll without a pause, though no time passes", function()
    local here
    local err = failure(virtual_time, function()
      here = line() + 1
      while true do idle.sleep(0) end
    end)
    assert.equal("test.stuck", err.kind)
    assert.matches("stands still", err.message, 1, true)
    assert.matches(("virtual_time itself waits in 'sleep' at spec/test/virtual_time_end_spec.lua:%d"):format(here),
      err.message, 1, true)
    err = failure(virtual_time, function()
      local condition = loop.condition()
      local function ping()
        while true do
          condition:notify()
          condition:wait()
        end
      end
      idle.gather({ ping, ping, function() while true do pcall(idle.sleep, 0) end end })
    end)
    assert.equal("test.stuck", err.kind)
  end)

  it("ends a loop that catches the errors of its waits, too", function()
    local outlives, closed, here
    local err = failure(virtual_time, function()
      local cleanup <close> = setmetatable({}, { __close = function() closed = true end }) -- luacheck: ignore
      here = line() + 3
      while true do
        outlives = coroutine.wrap(function() while true do coroutine.yield(1) end end)
        pcall(function() pcall(idle.sleep, 60) end)
      end
    end, { limit = 3600 })
    assert.equal("test.limit", err.kind)
    assert.matches(("waits in 'sleep' at spec/test/virtual_time_end_spec.lua:%d"):format(here), err.message, 1, true)
    assert.is_nil(closed) -- the handler is the script's own code, too
    assert.equal(1, outlives())

    err = failure(virtual_time, function()
      repeat local ok = pcall(loop.condition().wait, loop.condition()) until ok
    end)
    assert.equal("test.stuck", err.kind)
  end)

  it("ends a loop that only looks at the clock", function()
    local here
    local err = failure(virtual_time, function()
      local began = os.time()
      here = line() + 1
      repeat until os.time() > began
    end)
    assert.equal("test.stuck", err.kind)
    assert.matches(("still while the script goes on and on without a wait, at spec/test/virtual_time_end_spec.lua:%d")
      :format(here), err.message, 1, true)
  end)

  it("ends a loop that tries again and again to wait for the machine", function()
    for _, try in ipairs({ function() os.execute("true") end, function() idle.exec({ command = { "true" } }) end }) do
      local tries = 0
      assert.equal("test.stuck", failure(virtual_time, function()
        repeat
          tries = tries + 1
          local ok = pcall(try)
        until ok
      end).kind)
      assert.is_true(tries < 20000)
    end
  end)

  it("ends it in a coroutine and in a task, and though it catches the error", function()
    local function looks()
      while true do pcall(loop.now_ms) end
    end
    assert.equal("test.stuck", failure(virtual_time, function()
      while true do pcall(coroutine.wrap(looks)) end
    end).kind)
    virtual_time(function()
      local task = idle.spawn(looks)
      assert.equal("test.stuck", failure(task.join, task).kind)
      idle.sleep(5)
      assert.equal(5, loop.monotonic())
    end)
  end)

  it("lets one look at the clock again and again, if one waits in between", function()
    virtual_time(function()
      for _ = 1, 11 do
        for _ = 1, 100000 do loop.now_ms() end
        idle.sleep(0)
      end
    end)
  end)
end)
