local deadline = require("idle.sessions.deadline")
local gate = require("idle.sessions.gate")
local idle = require("idle")
local loop = require("idle.loop")

describe("idle.sessions.gate", function()
  local virtual_time = idle.test.virtual_time

  -- A login that notes how many are under way with it.
  local function logins(key, seconds)
    local seen = { inside = 0, most = 0, order = {} }
    function seen.log_in(name, limit_seconds)
      return loop.spawn(function()
        local pass <close> = gate.enter(key)
        pass:wait(deadline.after(limit_seconds or 600))
        seen.inside = seen.inside + 1
        seen.most = math.max(seen.most, seen.inside)
        seen.order[#seen.order + 1] = name
        idle.sleep(seconds)
        seen.inside = seen.inside - 1
      end)
    end
    return seen
  end

  it("lets eight log in at a time, in the order in which they came", function()
    virtual_time(function()
      local seen, tasks = logins("aad01:22", 1), {}
      for name = 1, 50 do tasks[name] = seen.log_in(name) end
      for _, task in ipairs(tasks) do task:join() end
      assert.equal(8, seen.most)
      for name = 1, 50 do assert.equal(name, seen.order[name]) end
      assert.equal(7, loop.monotonic() // 1)
    end)
  end)

  it("keeps nobody waiting for another server", function()
    virtual_time(function()
      local slow, quick, tasks = logins("aad01:22", 100), logins("aad02:22", 1), {}
      for name = 1, 9 do tasks[name] = slow.log_in(name) end
      quick.log_in("x"):join()
      assert.equal(1, loop.monotonic() // 1)
      for _, task in ipairs(tasks) do task:join() end
    end)
  end)

  it("forgets who gave up, inside or in the queue", function()
    virtual_time(function()
      local seen, tasks = logins("aad01:22", 60), {}
      for name = 1, 10 do tasks[name] = seen.log_in(name) end
      idle.sleep(1)
      tasks[9]:cancel()
      tasks[3]:cancel()
      idle.sleep(1)
      assert.equal(10, seen.order[#seen.order])
      for _, task in ipairs(tasks) do pcall(task.join, task) end
      assert.equal(9, #seen.order)
    end)
  end)

  it("takes no more time of each, however many wait", function()
    local function seconds_for(count)
      local began = os.clock()
      virtual_time(function()
        local seen, calls = logins("aad01:22", 1), {}
        for name = 1, count do calls[name] = function() seen.log_in(name, 1e6):join() end end
        idle.gather(calls)
        assert.same({ 8, count }, { seen.most, #seen.order })
      end)
      return os.clock() - began
    end
    -- Ten times as many; where each woke all the others, it took a hundred times as long.
    local few, many = math.max(0.005, seconds_for(400)), seconds_for(4000)
    assert.is_true(many < few * 30, ("%.3f s became %.3f s"):format(few, many))
  end)

  it("does not keep anybody for ever, and says what it waited for", function()
    virtual_time(function()
      local seen, tasks = logins("aad01:22", 1000), {}
      for name = 1, 8 do tasks[name] = seen.log_in(name) end
      local ok, err = pcall(function() seen.log_in("late", 90):join() end)
      assert.is_false(ok)
      assert.same({ "ssh.timeout", "none", true }, { err.kind, err.effect, err.transient })
      assert.equal("8 logins at 'aad01:22' were under way for 90 s, so this one did not begin", err.message)
      for _, task in ipairs(tasks) do task:join() end
    end)
  end)
end)
