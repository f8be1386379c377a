local child = require("spec.support.child")
local loop = require("idle.loop")

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

  it("is made also where a finalizer spawns tasks meanwhile", function()
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
