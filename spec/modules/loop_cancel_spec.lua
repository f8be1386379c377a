local loop = require("idle.loop")
local virtually = require("idle.test.in_virtual_time")
local waits = require("spec.support.waits")

local closing, wait, waiting = waits.closing, waits.wait, waits.waiting
local elapsed_ms, kind_of = waits.elapsed_ms, waits.kind_of

describe("idle.loop:", function()
  describe("cancel", function()
    it("ends a wait at once", function()
      local task = waiting(wait)
      task:cancel()
      assert.is_true(elapsed_ms(pcall, task.join, task) < 1000)
    end)

    it("lets a task that has not begun begin, and raises at its first wait", function()
      local seen = {}
      local task = loop.spawn(function()
        seen[1] = "begun"
        wait()
        seen[2] = "waited"
      end)
      task:cancel()
      assert.equal("cancelled", kind_of(task.join, task))
      assert.same({ "begun" }, seen)
    end)

    it("does nothing to a task that is done", function()
      local task = loop.spawn(function() return 1 end)
      task:join()
      task:cancel()
      assert.equal(1, task:join())
    end)

    it("raises in every later wait, so that a pcall cannot swallow it", function()
      local kinds = {}
      local task = waiting(function()
        for i = 1, 3 do
          kinds[i] = kind_of(wait)
        end
      end)
      task:cancel()
      pcall(task.join, task)
      assert.same({ "cancelled", "cancelled", "cancelled" }, kinds)
    end)

    it("ends a task that tries again for ever", function()
      local task = waiting(function()
        while true do
          pcall(wait)
        end
      end)
      task:cancel()
      assert.equal("cancelled", kind_of(task.join, task))
    end)

    it("ends a task that cancels itself, at its next wait", function()
      local task
      task = loop.spawn(function()
        task:cancel()
        wait()
      end)
      assert.equal("cancelled", kind_of(task.join, task))
    end)

    it("names what the task waited in", function()
      local task = waiting(wait)
      task:cancel()
      local _, err = pcall(task.join, task)
      assert.equal("cancelled during 'sleep'", tostring(err))
    end)
  end)

  describe("a cancelled task's __close handlers", function()
    -- Cancels a task that runs `f(cleanup)`; cleanup is a __close handler that waits.
    local function seen_after_cancelling(f)
      local seen = {}
      local function cleanup()
        loop.sleep(5)
        seen[#seen + 1] = "cleaned up"
      end
      local task = waiting(f, cleanup, seen)
      task:cancel()
      assert.equal("cancelled", kind_of(task.join, task))
      return seen
    end

    it("may wait", virtually(function()
      local seen = seen_after_cancelling(function(cleanup)
        local _ <close> = closing(cleanup)
        wait()
      end)
      assert.same({ "cleaned up" }, seen)
    end))

    it("may wait in functions that they call, and behind a pcall", virtually(function()
      local seen = seen_after_cancelling(function(cleanup)
        local _ <close> = closing(function() assert(pcall(cleanup)) end)
        wait()
      end)
      assert.same({ "cleaned up" }, seen)
    end))

    it("may wait inside a pcall of the task, but the task may not wait behind it", virtually(function()
      local seen = seen_after_cancelling(function(cleanup, seen)
        pcall(function()
          local _ <close> = closing(cleanup)
          wait()
        end)
        seen[2] = "caught"
        wait()
        seen[3] = "waited"
      end)
      assert.same({ "cleaned up", "caught" }, seen)
    end))

    it("may wait while an error goes on that a pcall had caught and raised again", virtually(function()
      local seen = seen_after_cancelling(function(cleanup)
        local _ <close> = closing(cleanup)
        local _, err = pcall(wait)
        error(err, 0)
      end)
      assert.same({ "cleaned up" }, seen)
    end))

    it("may wait inside an xpcall", virtually(function()
      local seen = seen_after_cancelling(function(cleanup)
        xpcall(function()
          local _ <close> = closing(cleanup)
          wait()
        end, debug.traceback, "argument")
        wait()
      end)
      assert.same({ "cleaned up" }, seen)
    end))

    it("may wait at the normal end of a block", virtually(function()
      local seen = seen_after_cancelling(function(cleanup)
        do
          local _ <close> = closing(cleanup)
          pcall(wait)
        end
        wait()
      end)
      assert.same({ "cleaned up" }, seen)
    end))

    it("finish a wait that had begun before", virtually(function()
      local seen = seen_after_cancelling(function(cleanup)
        do
          local _ <close> = closing(cleanup)
        end
        wait()
      end)
      assert.same({ "cleaned up" }, seen)
    end))

    it("may not wait in the body of a function with varargs", function()
      local count = 0
      local task = waiting(function(...)
        for _ = 1, 3 do
          pcall(function(...)
            loop.sleep(60000, ...)
            count = count + 1
          end, ...)
        end
      end, "x")
      task:cancel()
      pcall(task.join, task)
      assert.equal(0, count)
    end)

    it("have two seconds in all", virtually(function()
      local kinds = {}
      local task = waiting(function()
        local _ <close> = closing(function() kinds[2] = kind_of(wait) end)
        local _ <close> = closing(function() kinds[1] = kind_of(wait) end)
        wait()
      end)
      task:cancel()
      assert.equal(2000, elapsed_ms(pcall, task.join, task))
      assert.same({ "cancelled", "cancelled" }, kinds)
    end))
  end)
end)
