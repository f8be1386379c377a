--- What a script that uses idle ends with, and what it prints: real programs.
local child = require("spec.support.child")
local file = require("idle.file")

describe("a script", function()
  local folder

  before_each(function() folder = child.folder({}) end)
  after_each(function() file.remove_all(folder) end)

  local function run(text, options)
    local arguments = options or {}
    assert(file.write_private(folder .. "/script.lua", "local idle = require 'idle'\n" .. text))
    arguments[#arguments + 1] = folder .. "/script.lua"
    return child.run(arguments)
  end

  describe("with runs", function()
    it("ends with 0 when all went well", function()
      assert.equal(0, run([[local run <close> = idle.run{ name = "r" } run:step("a", function() end)]]).exit_code)
    end)

    it("ends with what its runs ended with, although it caught the error", function()
      local outcome = run([[
        local run <close> = idle.run{ name = "r" }
        pcall(run.step, run, "a", function() idle.error("hr.closed", "closed", { effect = "none" }) end)
        print("went on")]])
      assert.equal("went on\n", outcome.stdout)
      assert.equal(2, outcome.exit_code)
    end)

    it("ends with 0 when it looked at the result", function()
      assert.equal(0, run([[
        local run = idle.run{ name = "r" }
        pcall(run.step, run, "a", error)
        print(run:result().Status)]]).exit_code)
    end)

    it("ends with 75 for what may succeed later, 3 for doubt, 65 for bad input", function()
      local step = [[
        local run <close> = idle.run{ name = "r",
          execution_options = { RetryProfiles = { once = { MaxAttempts = 1 } }, DefaultRetryProfile = "once" } }
        run:step("a", function() idle.error(%s) end)]]
      assert.equal(75, run(step:format('"ssh.connect", "refused"')).exit_code)
      assert.equal(3, run(step:format('"ssh.lost", "gone"')).exit_code)
      assert.equal(65, run(step:format('"input.with", "bad"')).exit_code)
    end)

    it("ends runs that nobody ended, and their record with them", function()
      local outcome = run([[idle.run{ name = "r" }:step("a", function() end)]], { "--events", folder .. "/events" })
      assert.equal(0, outcome.exit_code)
      assert.matches('"RunCompleted"', file.read(folder .. "/events"))
    end)

    it("marks a run as failed whose script broke", function()
      run([[RUN = idle.run{ name = "r" } error("broke")]], { "--events", folder .. "/events" })
      assert.matches('"Status":"Failed"', file.read(folder .. "/events"))
    end)

    it("names the nearest option, before anything runs", function()
      local outcome = run([[idle.run{ name = "r", provders = {} }]])
      assert.equal(65, outcome.exit_code)
      assert.matches("unknown field 'provders'; did you mean 'providers'", outcome.stderr)
    end)
  end)

  describe("without runs", function()
    it("ends with 1 for an error that says nothing else", function()
      assert.equal(1, run([[error("boom")]]).exit_code)
    end)

    it("says what was not done in time", function()
      local outcome = run([[idle.with_timeout(0.01, idle.sleep, 60)]])
      assert.equal(124, outcome.exit_code)
      assert.matches("not done within 0.01 s", outcome.stderr)
    end)

    it("is stopped at --timeout", function()
      local outcome = run([[idle.sleep(60)]], { "--timeout", "0.05" })
      assert.equal(124, outcome.exit_code)
      assert.matches("timeout of 0.05 s", outcome.stderr)
    end)
  end)

  describe("with --events", function()
    it("writes events to stdout for a dash", function()
      local outcome = run([[local run <close> = idle.run{ name = "r" }]], { "--events", "-" })
      local types = {}
      for line in outcome.stdout:gmatch("[^\n]+") do types[#types + 1] = line:match('"Type":"(%w+)"') end
      assert.same({ "RunStarted", "RunCompleted" }, types)
    end)

    it("refuses a file that can't be written", function()
      local outcome = run([[local run <close> = idle.run{ name = "r" }]], { "--events", "/no/such/folder/e" })
      assert.equal(64, outcome.exit_code)
      assert.matches("/no/such/folder/e", outcome.stderr)
    end)
  end)

  it("gets no command words and no --json", function()
    local outcome = run("", { "--json" })
    assert.equal(64, outcome.exit_code)
  end)

  it("that does not exist ends with 66", function()
    assert.equal(66, child.run({ folder .. "/missing.lua" }).exit_code)
  end)
end)
