local errors = require("idle.engine.errors")
local support = require("spec.support.sync_step")

local run, failure, server_that, raising = support.run, support.failure, support.server_that, support.raising

describe("idle.steps.trigger_directory_sync: cut short", function()
  describe("bounded by the deadline", function()
    local function with_timeouts(world)
      world.limits = {}
      function world.clock.with_timeout(seconds, f)
        world.limits[#world.limits + 1] = seconds
        local before = world.clock.seconds
        local answer = table.pack(pcall(f))
        if world.clock.seconds - before > seconds then
          world.clock.seconds = before + seconds
          errors.raise("timeout", "not done in time")
        end
        if not answer[1] then error(answer[2], 0) end
        return table.unpack(answer, 2, answer.n)
      end
      return world
    end

    it("each call to the provider is", function()
      local world = with_timeouts(support.world())
      run(world, { TimeoutSeconds = 40 })
      assert.equal(40, world.limits[1])
      for _, seconds in ipairs(world.limits) do assert.is_true(seconds > 0 and seconds <= 40) end
    end)

    it("a start that hangs counts as sent, whatever the clock says about its effect", function()
      local world = with_timeouts(support.world())
      function world.server.on_start(server, now)
        server:cycle(now + 1)
        world.clock.seconds = world.clock.seconds + 10000
      end
      local result = run(world)
      assert.equal("maybe", result.Data.Baseline.Accepted)
      assert.equal(1, #world.server.starts)
    end)

    it("a look that hangs is a look that failed", function()
      local world, hung = with_timeouts(support.world()), false
      function world.server.fails(now)
        if now > 1 and not hung then
          hung, world.clock.seconds = true, world.clock.seconds + 10000
        end
      end
      assert.equal("Success", run(world).Data.Outcome)
    end)

    -- Looks that take a second each, and a last one that has less.
    it("a look that has no time left takes nothing back of what was seen before", function()
      local world = with_timeouts(support.world())
      function world.server.fails() world.clock.seconds = world.clock.seconds + 1 end
      local err = failure(world, { TimeoutSeconds = 20.5, PollIntervalSeconds = 1 })
      assert.is_true(world.limits[#world.limits] < 1)
      assert.equal("timeout waiting for completion: the sync cycle is still running after 20 s; wait on with its "
        .. "Baseline", err.message)
    end)

    it("a look that had to connect again does, for nobody knows whether there is still a server", function()
      local world = with_timeouts(support.world())
      function world.server.fails(now)
        world.clock.seconds = world.clock.seconds + (world.limits[#world.limits] < 1 and 10000 or 1)
        return now > 14 and errors.new("ssh.lost", "it was lost", { effect = "none" }) or nil
      end
      local err = failure(world, { TimeoutSeconds = 20.5, PollIntervalSeconds = 1 })
      assert.is_true(world.limits[#world.limits] < 1)
      assert.matches("the sync cycle is no longer seen after 20 s; .*; the last look failed: not done in time",
        err.message)
    end)
  end)

  describe("ended from outside", function()
    it("passes a cancellation on, after one event", function()
      local world = support.world()
      function world.clock.sleep() errors.raise("cancelled", "the task was cancelled") end
      assert.equal("cancelled", failure(world).kind)
      assert.equal(1, #support.events(world, "Failed"))
    end)

    it("does not take a cancellation within a look for a look that failed", function()
      local world = support.world()
      function world.server.fails(now) return now > 1 and errors.new("cancelled", "the task was cancelled") or nil end
      assert.equal("cancelled", failure(world).kind)
    end)

    -- The session can't know what a command does: whatever was out, it says "unknown".
    it("says of a look that was cut off what is known of the start", function()
      local function effect_of_a_cut(is_cut, on_start)
        local world = support.world(on_start and server_that(on_start))
        function world.server.fails(now)
          return is_cut(now) and errors.new("cancelled", "cancelled by SIGTERM", { effect = "unknown" }) or nil
        end
        return failure(world).effect
      end
      local function at_once() return true end
      local function later(now) return now > 1 end
      assert.equal("none", effect_of_a_cut(at_once))
      assert.equal("applied", effect_of_a_cut(later))
      assert.equal("unknown", effect_of_a_cut(later, raising("ssh.lost", { effect = "unknown" })))
    end)

    it("passes Ctrl-C on as it is", function()
      for _, method in ipairs({ "StartSyncCycle", "GetSyncCycleState" }) do
        local world = support.world()
        world.provider[method] = function() error("sync.lua:1: interrupted!", 0) end
        assert.equal("sync.lua:1: interrupted!", failure(world))
        assert.equal(1, #support.events(world, "Failed"))
      end
    end)

    it("tells how to wait on for a start that was still out", function()
      for _, raised in ipairs({ "sync.lua:1: interrupted!", errors.new("cancelled", "cancelled by SIGTERM") }) do
        local world = support.world()
        world.provider.StartSyncCycle = function() error(raised, 0) end
        local err = failure(world)
        assert.equal("maybe", support.events(world, "Accepted")[1].Data.Baseline.Accepted)
        if errors.is(err) then
          assert.equal("maybe", err.data.Baseline.Accepted)
          assert.equal("unknown", err.effect)
        end
      end
    end)
  end)
end)
