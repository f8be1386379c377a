local child = require("spec.support.child")
local loop = require("idle.loop")

-- Threads that nobody knows serve several tasks, one after the other.
describe("idle.loop, the thread of a task", function()
  local function in_turn(count, f)
    for index = 1, count do loop.spawn(f, index):join() end
  end

  it("is another one for each task that asked which it is", function()
    local tasks_of = {}
    in_turn(50, function(index)
      local thread = coroutine.running()
      assert.is_nil(tasks_of[thread])
      tasks_of[thread] = index
    end)
  end)

  it("begins empty, whatever the task before left", function()
    in_turn(20, function(index)
      local depth = 0
      while debug.getinfo(depth + 1, "l") do depth = depth + 1 end
      assert.is_true(depth < 10)
      if index % 3 == 0 then loop.sleep(0) end
      if index % 2 == 0 then return table.unpack({}, 1, 100) end
    end)
  end)

  it("serves again after an error, a cancellation and an unfinished wait", function()
    for round = 1, 10 do
      local failing = loop.spawn(function() error({ round = round }) end)
      local waiting = loop.spawn(function() loop.sleep(60000) end)
      local sum = loop.spawn(function(a, b)
        loop.sleep(1)
        return a + b
      end, round, 1)
      assert.equal(round + 1, sum:join())
      waiting:cancel()
      assert.equal("cancelled", select(2, pcall(waiting.join, waiting)).kind)
      assert.equal(round, select(2, pcall(failing.join, failing)).round)
    end
  end)

  it("has no hook of a task before", function()
    local calls = 0
    loop.spawn(function()
      loop.spawn(function() debug.sethook(function() calls = calls + 1 end, "c") end):join()
      local called = calls
      debug.sethook(function() end, "c")
      in_turn(20, function() string.rep("x", 2) end)
      debug.sethook()
      assert.equal(called, calls)
    end):join()
  end)

  it("takes over the hook of the task that spawns it, as a coroutine does", function()
    local lines = 0
    loop.spawn(function()
      debug.sethook(function() end, "l")
      loop.spawn(function() lines = select(2, debug.gethook()) end):join()
      debug.sethook()
    end):join()
    assert.equal("l", lines)
  end)

  it("is not kept for ever after many at once", function()
    local function kept_after(count)
      local tasks = {}
      for index = 1, count do tasks[index] = loop.spawn(loop.sleep, 1) end
      for _, task in ipairs(tasks) do task:join() end
      tasks = nil -- luacheck: ignore tasks
      collectgarbage()
      collectgarbage()
      return collectgarbage("count")
    end
    local before = kept_after(10)
    assert.is_true(kept_after(2000) - before < 200)
  end)

  local function deep(level) return level > 0 and deep(level - 1) + 1 or 0 end

  it("keeps no large stack, whatever it was for", function()
    local function kept_after(f)
      in_turn(10, f)
      collectgarbage()
      collectgarbage()
      return collectgarbage("count")
    end
    local before = kept_after(function() loop.sleep(0) end)
    local function many() loop.spawn(select, "#", table.unpack({}, 1, 100000)):join() end
    assert.is_true(kept_after(many) - before < 200)
    assert.is_true(kept_after(function() deep(100000) end) - before < 200)
  end)

  it("has no message handler of a task that was given up", function()
    local calls = 0
    local function handler(err)
      calls = calls + 1
      return err
    end
    local stubborn = loop.spawn(function()
      while true do xpcall(loop.sleep, handler, 1) end
    end)
    loop.sleep(2)
    stubborn:cancel()
    pcall(stubborn.join, stubborn)
    calls = 0
    pcall(in_turn, 1, function()
      -- The second parameter lies where the handler was, when the task itself returns.
      debug.sethook(function(_, line) -- luacheck: ignore line
        if debug.getinfo(3, "l") then return end
        line = handler -- luacheck: ignore line
        error("out of the task's own protected call")
      end, "r")
    end)
    assert.equal(0, calls)
  end)

  it("fails with what a hook raises when the task itself returns", function()
    local task = loop.spawn(function()
      debug.sethook(function()
        if not debug.getinfo(3, "l") then error("by the hook", 0) end
      end, "r")
      return "a result"
    end)
    local ok, err = pcall(task.join, task)
    assert.same({ false, "by the hook" }, { ok, err })
  end)

  it("does not call the hook of a task before that Ctrl-C has ended", function()
    local started <close> = child.start({ "-", stdin = [[
      local loop = require("idle.loop")
      io.stdout:setvbuf("line")
      local function line_hook() print("an old hook was called") end
      local computing = loop.spawn(function()
        debug.sethook(line_hook, "c")
        print("begun")
        while debug.gethook() do end
      end)
      local hooked = loop.spawn(function()
        loop.sleep(1)
        pcall(computing.join, computing)
        debug.sethook(function() end, "l")
        loop.spawn(function() print(debug.gethook()) end):join()
        debug.sethook()
      end)
      line_hook = function() end
      pcall(computing.join, computing)
      hooked:join()
    ]] })
    started:read_up_to("begun")
    started:signal("INT")
    assert.equal("nil\tl\t0", started:read_line())
  end)

  it("is counted also if a finalizer spawns tasks while it is made", function()
    for padding = 0, 1000, 80 do
      local outcome = child.run({ "-", tostring(padding), stdin = [[
        local loop = require("idle.loop")
        for _ = 1, 7 do loop.spawn(loop.sleep, 1) end
        loop.sleep(0)
        collectgarbage("generational")
        collectgarbage()
        collectgarbage("stop")
        setmetatable({}, { __gc = function() for _ = 1, 100 do loop.spawn(loop.sleep, 0) end end })
        collectgarbage("restart")
        collectgarbage("step", -1) -- the collector comes after that many KiB, wherever they are made
        local text = ("x"):rep(math.tointeger(arg[1]))
        loop.spawn(loop.sleep, 0)
        print("done")
      ]] })
      assert.same({ "done\n", "", 0 }, { outcome.stdout, outcome.stderr, outcome.exit_code })
    end
  end)
end)
