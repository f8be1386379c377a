local errors = require("idle.engine.errors")
local far = require("spec.support.far")
local loop = require("idle.loop")
local run = require("idle.host.run")
local run_stage = require("spec.support.run_stage")
local virtually = require("idle.test.in_virtual_time")

describe("idle.host.run:", function()
  local stage = run_stage.new()
  local begin, event_of = stage.begin, stage.event_of
  local failure, result_of = far.raised, run_stage.result_of

  describe("the end of a run", function()
    it("comes with the block that began it", virtually(function()
      do
        local it <close> = begin()
        it:step("One", function() end)
      end
      assert.equal("Completed", event_of("RunCompleted").Data.Status)
    end))

    it("is a failure if an error ended the block", virtually(function()
      failure(function()
        local _ <close> = begin()
        error("script broke")
      end)
      assert.equal("Failed", event_of("RunCompleted").Data.Status)
    end))

    it("is Cancelled if the task was cancelled", virtually(function()
      local cancelled
      local task = loop.spawn(function()
        local it <close> = begin()
        cancelled = it
        it:step("Wait", function() loop.sleep(60000) end)
      end)
      loop.sleep(5)
      task:cancel()
      assert.equal("cancelled", failure(task.join, task).kind)
      assert.equal("StepFailed", stage.seen[#stage.seen - 1].Type)
      assert.equal("Cancelled", event_of("RunCompleted").Data.Status)
      result_of(cancelled)
    end))

    it("is InDoubt if the step was cut off in a change", virtually(function()
      local it
      local task = loop.spawn(function()
        it = begin()
        it:step("Change", function()
          local _ <close> = setmetatable({}, { __close = function(_, err) err.effect = "unknown" end })
          loop.sleep(60000)
        end)
      end)
      loop.sleep(5)
      task:cancel()
      failure(task.join, task)
      assert.equal("InDoubt", result_of(it).Status)
    end))

    it("is Cancelled by Ctrl-C, which goes on as it came", virtually(function()
      local it = begin()
      local raised = failure(it.step, it, "Loop", function() error("joiner.lua:3: interrupted!", 0) end)
      assert.equal("joiner.lua:3: interrupted!", raised)
      assert.equal("InDoubt", result_of(it).Status)
    end))

    it("happens once, and no step comes after it", virtually(function()
      local it = begin()
      result_of(it)
      assert.equal("Completed", result_of(it).Status)
      assert.equal(2, #stage.seen)
      assert.matches("the run is over", failure(it.step, it, "Late", function() end).message)
    end))

    it("keeps its failure, also when a script caught the error and went on", virtually(function()
      local it = begin()
      pcall(it.step, it, "One", function() error(errors.new("ssh.auth", "x"), 0) end)
      it:step("Two", function() end)
      assert.equal("Failed", result_of(it).Status)
    end))
  end)

  describe("exit_status", function()
    local function fail_with(kind, fields)
      local it = begin()
      pcall(it.step, it, "Step", function() error(errors.new(kind, "x", fields), 0) end)
      return it
    end

    it("is what the runs ended with, doubt before temporary before bad input before failure", virtually(function()
      local runs = { fail_with("ssh.auth") }
      assert.equal(2, run.exit_status())
      runs[2] = fail_with("input.with")
      assert.equal(65, run.exit_status())
      runs[3] = fail_with("sync.busy")
      assert.equal(75, run.exit_status())
      runs[4] = fail_with("ssh.lost")
      assert.equal(3, run.exit_status())
      for _, it in ipairs(runs) do result_of(it) end
      assert.is_nil(run.exit_status())
    end))

    it("does not count a run whose result the script looked at", virtually(function()
      result_of(fail_with("ssh.auth"))
      assert.is_nil(run.exit_status())
    end))

    it("ends runs that nobody ended", virtually(function()
      local it = begin()
      assert.is_nil(run.exit_status())
      assert.equal("RunCompleted", stage.seen[#stage.seen].Type)
      result_of(it)
    end))

    it("lets a run fail that an error left open", virtually(function()
      local it = begin()
      run.exit_status("boom")
      assert.equal("Failed", result_of(it).Status)
    end))
  end)
end)
