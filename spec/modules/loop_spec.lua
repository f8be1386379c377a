local loop = require("idle.loop")
local virtually = require("idle.test.in_virtual_time")
local waits = require("spec.support.waits")

local wait, waiting, elapsed_ms, kind_of = waits.wait, waits.waiting, waits.elapsed_ms, waits.kind_of

describe("idle.loop", function()
  describe("sleep", function()
    it("takes at least as long as it was told", function()
      assert.is_true(elapsed_ms(loop.sleep, 20) >= 20)
    end)

    it("rounds fractions up", function()
      assert.is_true(elapsed_ms(loop.sleep, 0.5) >= 1)
    end)

    it("counts from its own start, however long the task computed before", function()
      local deadline = loop.monotonic() + 0.05
      while loop.monotonic() < deadline do end
      assert.is_true(elapsed_ms(loop.sleep, 30) >= 30)
    end)

    it("refuses what is no delay", function()
      assert.has_error(function() loop.sleep(-1) end,
        "bad argument #1 to 'sleep' (milliseconds must not be negative)")
      assert.error_matches(function() loop.sleep(0 / 0) end, "bad argument #1")
      assert.error_matches(function() loop.sleep("soon") end, "number expected, got string")
    end)

    it("may last for ever", function()
      local task = waiting(loop.sleep, math.huge)
      assert.is_false(task:is_done())
      task:cancel()
    end)

    it("returns nothing", function()
      assert.equal(0, select("#", loop.sleep(0)))
    end)
  end)

  describe("spawn", function()
    it("hands arguments and results through, nil included", function()
      local task = loop.spawn(function(...)
        loop.sleep(1)
        return select("#", ...), nil, ...
      end, "a", nil)
      local results = table.pack(task:join())
      assert.same({ n = 4, 2, nil, "a", nil }, results)
    end)

    it("lets the task begin at the next wait, and not before", function()
      local has_begun = false
      local task = loop.spawn(function() has_begun = true end)
      assert.is_false(has_begun)
      task:join()
      assert.is_true(has_begun)
    end)

    it("runs tasks one after the other between waits, in the order of their turns", function()
      local seen = {}
      local function note(name)
        for i = 1, 2 do
          seen[#seen + 1] = name .. i
          loop.sleep(0)
        end
      end
      local a, b = loop.spawn(note, "a"), loop.spawn(note, "b")
      a:join()
      b:join()
      assert.same({ "a1", "b1", "a2", "b2" }, seen)
    end)

    it("wants a function", function()
      assert.error_matches(function() loop.spawn({}) end, "function expected, got table")
    end)

    it("may be called in a coroutine and where nobody can wait", function()
      local task
      coroutine.wrap(function() task = loop.spawn(function() return 1 end) end)()
      assert.equal(1, task:join())
    end)
  end)

  describe("join", function()
    it("raises what the task raised, the very object", function()
      local err = { "object" }
      local task = loop.spawn(error, err)
      local ok, raised = pcall(task.join, task)
      assert.is_false(ok)
      assert.equal(err, raised)
    end)

    it("may be repeated, by several tasks", virtually(function()
      local task = loop.spawn(function() loop.sleep(5) return "result" end)
      local function join() return task:join() end
      local other = loop.spawn(join)
      assert.equal("result", task:join())
      assert.equal("result", other:join())
      assert.equal("result", task:join())
    end))

    it("of a cancelled task raises cancelled", function()
      local task = waiting(wait)
      task:cancel()
      assert.equal("cancelled", kind_of(task.join, task))
    end)

    it("of a task that swallowed its cancellation raises cancelled, too", function()
      local task = waiting(pcall, wait)
      task:cancel()
      assert.equal("cancelled", kind_of(task.join, task))
    end)

    it("refuses to wait for itself", function()
      local task
      task = loop.spawn(function() task:join() end)
      assert.error_matches(function() task:join() end, "a task cannot join itself")
    end)

    it("leaves the task alone if the one that joins is cancelled", virtually(function()
      local task = loop.spawn(function() loop.sleep(20) return "done" end)
      local joiner = waiting(function() task:join() end)
      joiner:cancel()
      assert.equal("cancelled", kind_of(joiner.join, joiner))
      assert.equal("done", task:join())
    end))
  end)

  describe("wait", function()
    it("tells whether the task was done in time, and leaves its error to who joins it", function()
      local task = loop.spawn(function() loop.sleep(5) error("boom", 0) end)
      assert.is_false(task:wait(1))
      assert.is_true(task:wait(60000))
      assert.is_true(task:wait(0))
      assert.equal("boom", kind_of(task.join, task))
    end)

    it("refuses to wait for itself, and without a limit", function()
      local task
      task = loop.spawn(function() task:wait(1) end)
      assert.error_matches(function() task:join() end, "a task cannot join itself")
      assert.error_matches(function() task:wait() end, "number expected")
    end)
  end)

  describe("is_done", function()
    it("tells whether a task has returned or raised", function()
      local task = loop.spawn(loop.sleep, 1)
      assert.is_false(task:is_done())
      task:join()
      assert.is_true(task:is_done())
    end)
  end)

  describe("a condition", function()
    it("wakes all that wait for it, and nobody that comes later", function()
      local condition = loop.condition()
      local a, b = waiting(condition.wait, condition), waiting(condition.wait, condition)
      condition:notify()
      assert.is_true(a:join())
      assert.is_true(b:join())
      assert.is_false(condition:wait(1))
    end)

    it("is waited for as long as the caller says", virtually(function()
      local condition = loop.condition()
      assert.equal(20, elapsed_ms(function() assert.is_false(condition:wait(20)) end))
    end))

    it("counts as notified if that came before the time was over, though the task runs only later", function()
      local condition = loop.condition()
      local task = waiting(condition.wait, condition, 1)
      condition:notify()
      local deadline = loop.monotonic() + 0.02
      while loop.monotonic() < deadline do end
      assert.is_true(task:join())
    end)

    it("forgets a waiter that was cancelled", function()
      local condition = loop.condition()
      local task = waiting(condition.wait, condition)
      task:cancel()
      pcall(task.join, task)
      condition:notify()
    end)
  end)

  describe("a wait where Lua cannot suspend the task is an error that names the place:", function()
    local function message_of(f, ...)
      local ok, err = pcall(f, ...)
      assert.is_false(ok)
      return err
    end

    it("table.sort", function()
      assert.match("'sleep' cannot wait in function 'table.sort'",
        message_of(table.sort, { 2, 1 }, function() loop.sleep(1) end))
    end)

    it("string.gsub, behind a pcall", function()
      local message
      string.gsub("a", "a", function() message = message_of(loop.sleep, 1) end)
      assert.match("in function 'string.gsub'", message)
    end)

    it("require", function()
      package.preload["spec.waits"] = function() loop.sleep(1) end
      local message = message_of(require, "spec.waits")
      package.preload["spec.waits"] = nil
      assert.match("in function 'require'", message)
    end)

    it("a metamethod that a C function calls", function()
      local object = setmetatable({}, { __tostring = function() loop.sleep(1) end })
      assert.match("in function 'tostring'", message_of(tostring, object))
    end)

    it("a finalizer", function()
      local message
      setmetatable({}, { __gc = function() message = message_of(loop.sleep, 1) end })
      collectgarbage()
      collectgarbage()
      assert.match("in metamethod '__gc'", message)
    end)

    it("a coroutine", function()
      assert.match("'condition:wait' cannot wait in a coroutine",
        coroutine.wrap(function() return message_of(loop.condition().wait, loop.condition()) end)())
    end)
  end)

  describe("waits", function()
    it("inside pcall, xpcall, iterators and metamethods that Lua calls", function()
      local object = setmetatable({}, { __index = function(_, key) loop.sleep(0) return key end })
      assert.same({ true, "key" }, { pcall(function() return object.key end) })
      assert.same({ true, 1 }, { xpcall(function() loop.sleep(0) return 1 end, print) })
      for value in function(_, last) loop.sleep(0) return not last and 1 or nil end do
        assert.equal(1, value)
      end
    end)
  end)

  describe("a task looks like a main thread to coroutine:", function()
    it("running", function()
      local _, is_main = coroutine.running()
      assert.is_true(is_main)
    end)

    it("isyieldable", function()
      assert.is_false(coroutine.isyieldable())
      assert.is_false(coroutine.isyieldable((coroutine.running())))
      assert.is_true(coroutine.wrap(coroutine.isyieldable)())
    end)

    it("yield", function()
      assert.same({ false, "attempt to yield from outside a coroutine" }, { pcall(coroutine.yield) })
    end)

    it("resume and close refuse it, though it waits", function()
      local thread
      local task = waiting(function()
        thread = coroutine.running()
        wait()
      end)
      assert.same({ false, "cannot resume non-suspended coroutine" }, { coroutine.resume(thread) })
      assert.has_error(function() coroutine.close(thread) end, "cannot close a normal coroutine")
      assert.has_error(function() coroutine.close((coroutine.running())) end, "cannot close a running coroutine")
      task:cancel()
    end)

    it("once it is done its thread is dead", function()
      local thread = loop.spawn(coroutine.running):join()
      assert.equal("dead", coroutine.status(thread))
      assert.same({ false, "cannot resume dead coroutine" }, { coroutine.resume(thread) })
    end)
  end)

  describe("clocks", function()
    it("tell the time", function()
      assert.is_true(math.abs(loop.now_ms() // 1000 - os.time()) <= 1)
      assert.equal("integer", math.type(loop.now_ms()))
    end)

    it("tell a time that never goes back", function()
      local before = loop.monotonic()
      assert.is_true(loop.monotonic() >= before)
    end)
  end)

  describe("random numbers", function()
    it("lie between 0 and 1 and differ", function()
      local a, b = loop.random(), loop.random()
      assert.is_true(a >= 0 and a < 1 and b >= 0 and b < 1 and a ~= b)
    end)

    it("come as bytes, too", function()
      assert.equal(16, #loop.random_bytes(16))
      assert.equal("", loop.random_bytes(0))
      assert.not_equal(loop.random_bytes(16), loop.random_bytes(16))
      assert.error_matches(function() loop.random_bytes(-1) end, "must be between 0 and 1048576")
    end)
  end)
end)
