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

  it("wakes the one whose turn it is, and not all who wait", function()
    local WAITING = 400
    local looks, for_ever = 0, deadline.after(1e6)
    local counting = setmetatable({ remaining_ms = function()
      looks = looks + 1
      return for_ever:remaining_ms()
    end }, { __index = for_ever })
    virtual_time(function()
      local calls = {}
      for index = 1, WAITING do
        calls[index] = function()
          local pass <close> = gate.enter("aad01:22")
          pass:wait(counting)
          idle.sleep(1)
        end
      end
      idle.gather(calls)
    end)
    assert.is_true(looks <= 2 * WAITING, looks .. " looks at the clock")
    assert.is_true(looks > 0)
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
