local idle = require("idle")
local live = require("idle.live")
local loop = require("idle.loop")

describe("idle.test.virtual_time", function()
  local virtual_time = idle.test.virtual_time

  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  -- The line of the function that calls it.
  local function line() return debug.getinfo(2, "l").currentline end

  it("begins at a fixed moment, and takes no time", function()
    local began = loop.monotonic()
    virtual_time(function()
      assert.equal("2026-01-01T00:00:00.000Z", idle.now())
      idle.sleep(1800.5)
      assert.equal("2026-01-01T00:30:00.500Z", idle.now())
    end)
    assert.is_true(loop.monotonic() - began < 5)
    assert.not_equal("2026-01-01T00:30:00.500Z", idle.now())
  end)

  it("begins when it is told to", function()
    virtual_time(function() assert.equal("2030-02-28T23:59:59.000Z", idle.now()) end,
      { start = "2030-02-28T23:59:59Z" })
  end)

  it("returns what f returns", function()
    assert.same({ 1, nil, 3, n = 3 }, table.pack(virtual_time(function()
      idle.sleep(1)
      return 1, nil, 3
    end)))
  end)

  it("leaves the collector in the mode in which it was", function()
    for _, mode in ipairs({ "incremental", "generational" }) do
      collectgarbage(mode)
      virtual_time(function() idle.sleep(1) end)
      assert.equal(mode, collectgarbage("generational"))
    end
  end)

  it("raises what f raises, and the machine's clock is back", function()
    local err = {}
    assert.equal(err, failure(virtual_time, function()
      idle.sleep(1)
      error(err)
    end))
    assert.not_equal("2026-01-01T00:00:01.000Z", idle.now())
    idle.sleep(0.001)
  end)

  it("lets tasks run in the order of their deadlines, then of their waits", function()
    local seen = {}
    local function note(name, seconds)
      return function()
        idle.sleep(seconds)
        seen[#seen + 1] = name .. loop.monotonic() // 1
      end
    end
    virtual_time(function()
      idle.gather({ note("a", 3), note("b", 1), note("c", 3), note("d", 2), note("e", 1) })
    end)
    assert.same({ "b1.0", "e1.0", "d2.0", "a3.0", "c3.0" }, seen)
  end)

  it("has deadlines, too", function()
    virtual_time(function()
      local err = failure(idle.with_timeout, 60, idle.sleep, 3600)
      assert.equal("timeout", err.kind)
      assert.equal(60, loop.monotonic())
      local looks = 0
      idle.wait_until({ timeout = 600, interval = 30, check = function()
        looks = looks + 1
        return looks == 10
      end })
      assert.equal(60 + 9 * 30, loop.monotonic())
      assert.is_false(loop.condition():wait(1000))
    end)
  end)

  it("stops timers in any order", function()
    virtual_time(function()
      local tasks = {}
      for index = 1, 200 do tasks[index] = idle.spawn(idle.sleep, (index * 37) % 101 + 1) end
      loop.sleep(0)
      for index = 1, 200, 3 do tasks[index]:cancel() end
      local last = 0
      for index, task in ipairs(tasks) do
        local ok = pcall(task.join, task)
        assert.equal(index % 3 ~= 1, ok)
        assert.is_true(loop.monotonic() >= last)
        last = loop.monotonic()
      end
      assert.equal(101, last)
    end)
  end)

  it("keeps the order of deadlines when one that lies between others is given up", function()
    local woken = {}
    virtual_time(function()
      local tasks = {}
      for _, seconds in ipairs({ 11, 3, 10, 12, 7, 9 }) do
        tasks[seconds] = idle.spawn(function()
          idle.sleep(seconds)
          woken[#woken + 1] = seconds
        end)
      end
      idle.sleep(0)
      tasks[11]:cancel()
      tasks[12]:join()
    end)
    assert.same({ 3, 7, 9, 10, 12 }, woken)
  end)

  it("refuses what would wait for the machine, before it begins", function()
    local here
    local err = failure(virtual_time, function()
      here = line() + 1
      idle.exec({ command = { "/does/not/exist" } })
    end)
    assert.equal("test.real_wait", err.kind)
    assert.equal("none", err.effect)
    assert.matches(("spec/test/virtual_time_spec.lua:%d: "):format(here), err.message, 1, true)
    assert.matches("program '/does/not/exist'", err.message, 1, true)
  end)

  it("refuses the programs of Lua's own libraries, too", function()
    local execute, popen = os.execute, io.popen
    virtual_time(function()
      for name, f in pairs({ ["os.execute"] = os.execute, ["io.popen"] = io.popen }) do
        local err = failure(function() f("exit 1") end)
        assert.equal("test.real_wait", err.kind)
        assert.matches("spec/test/virtual_time_spec.lua:" .. line() - 2 .. ": virtual time cannot wait for '" .. name,
          err.message, 1, true)
      end
      assert.is_true(os.execute()) -- there is a shell
      io.open("README.md"):close()
    end)
    assert.equal(execute, os.execute)
    assert.equal(popen, io.popen)
  end)

  it("gives them back to a script that took them meanwhile", function()
    local execute, popen
    virtual_time(function() execute, popen = os.execute, io.popen end)
    assert.is_true(execute("true"))
    local pipe <close> = popen("echo x")
    assert.equal("x\n", pipe:read("a"))
  end)

  it("leaves alone what a spec has put in their place, and in that of os.time", function()
    for name, library in pairs({ execute = os, popen = io, time = os }) do
      local own = library[name]
      library[name] = function() return 42 end
      local ok, result = pcall(virtual_time, function() return library[name]() end)
      library[name] = own
      assert.same({ true, 42 }, { ok, result })
    end
  end)

  it("refuses to join a task from outside, which stands still", function()
    local outside = idle.spawn(function() idle.sleep(0) return "done" end)
    local err = failure(virtual_time, function() outside:join() end)
    assert.equal("test.real_wait", err.kind)
    assert.equal("done", outside:join())
  end)

  it("names a task that nobody joined", function()
    local spawned
    local log = {}
    local err = failure(virtual_time, function()
      spawned = line() + 1
      idle.spawn(function()
        local _ <close> = setmetatable({}, { __close = function()
          idle.sleep(1)
          log[1] = "cleaned up"
        end })
        idle.sleep(60)
      end)
      idle.sleep(1)
    end)
    assert.equal("test.forgotten", err.kind)
    assert.matches(("spawned at spec/test/virtual_time_spec.lua:%d, which waits in 'sleep' at "):format(spawned),
      err.message, 1, true)
    assert.same({ "cleaned up" }, log)
  end)

  it("does not take a task that was cancelled for a forgotten one", function()
    virtual_time(function()
      local task = idle.spawn(idle.sleep, 60)
      idle.sleep(1)
      task:cancel()
    end)
  end)

  it("ends what a task spawns while it is ended", function()
    local births = live.births()
    pcall(virtual_time, function()
      idle.spawn(function()
        local _ <close> = setmetatable({}, { __close = function()
          idle.spawn(idle.sleep, 3600)
          idle.sleep(1)
        end })
        idle.sleep(60)
      end)
      idle.sleep(1)
    end)
    assert.same({}, live.tasks(births))
  end)

  it("raises the error of a task that nobody joined", function()
    local err = failure(virtual_time, function()
      idle.spawn(function() error("boom", 0) end)
      idle.sleep(1)
    end)
    assert.equal("boom", err)
  end)

  it("raises what f raises, whatever its tasks have done", function()
    local births = live.births()
    local err = failure(virtual_time, function()
      idle.spawn(function() error("of a task", 0) end)
      idle.spawn(idle.sleep, 60)
      idle.sleep(1)
      error("of f", 0)
    end)
    assert.equal("of f", err)
    assert.equal("of a task", live.failures(births)[1].error)
  end)

  it("fails for a task that raised nil, too", function()
    local returned = pcall(virtual_time, function()
      idle.spawn(error)
      idle.sleep(1)
    end)
    assert.is_false(returned)
  end)

  it("cannot be nested", function()
    local here
    local err = failure(virtual_time, function()
      here = line() + 1
      virtual_time(function() end)
    end)
    assert.equal(("spec/test/virtual_time_spec.lua:%d: virtual time is running already; it cannot be nested")
      :format(here), err)
  end)

  it("needs a task", function()
    local err = coroutine.wrap(function() return failure(virtual_time, function() end) end)()
    assert.matches("^spec/test/virtual_time_spec.lua:%d+: 'virtual_time' cannot wait in a coroutine", err)
  end)

  it("lets the tasks of the machine stand still", function()
    local seen = {}
    local outside = idle.spawn(function()
      seen[1] = "begun"
      loop.sleep(0)
      seen[2] = "ended"
    end)
    virtual_time(function()
      idle.sleep(3600)
      assert.same({}, seen)
    end)
    outside:join()
    assert.same({ "begun", "ended" }, seen)
  end)

  it("is what os.time and os.date show, too", function()
    local time, date = os.time, os.date
    virtual_time(function()
      local began = os.time()
      idle.sleep(86400)
      assert.equal(86400, os.time() - began)
      assert.equal("2026-01-02", os.date("!%Y-%m-%d"))
      assert.equal("1970-01-01", os.date("!%Y-%m-%d", 0))
      assert.equal(time({ year = 2020, month = 1, day = 1 }), os.time({ year = 2020, month = 1, day = 1 }))
      assert.equal(date("%c", os.time()), os.date())
    end)
    assert.equal(time, os.time)
    assert.equal(date, os.date)
  end)

  it("begins with the same chance each time", function()
    local function draw() return { loop.random(), loop.random_bytes(5), math.random(1000000) } end
    local first = virtual_time(draw)
    assert.same(first, virtual_time(draw))
    assert.not_same(first, virtual_time(draw, { seed = 2 }))
    assert.not_same(first, draw())
  end)

  it("begins with the seed that a spec has set", function()
    local function draw() return loop.random() end
    idle.test.seed(5)
    assert.equal(virtual_time(draw, { seed = 5 }), virtual_time(draw))
    idle.test.seed(6)
    assert.not_equal(virtual_time(draw, { seed = 5 }), virtual_time(draw))
  end)

  it("goes on with math.random as if nothing had happened", function()
    math.randomseed(5)
    virtual_time(function() math.random() end)
    local after = math.random(1 << 40)
    math.randomseed(5)
    virtual_time(function() for _ = 1, 10 do math.random() end end)
    assert.equal(after, math.random(1 << 40))
    math.randomseed()
  end)

  it("refuses what is no option", function()
    assert.matches("takes a function", failure(virtual_time, 5))
    assert.matches("start must be a date", failure(virtual_time, print, { start = "tomorrow" }))
    assert.matches("limit must be a number", failure(virtual_time, print, { limit = 0 }))
    assert.matches("seed must be an integer", failure(virtual_time, print, { seed = 1.5 }))
    assert.equal("input.parameter", failure(virtual_time, print, { strat = "x" }).kind)
  end)
end)
