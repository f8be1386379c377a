local errors = require("idle.engine.errors")
local exit_status = require("idle.engine.exit_status")

describe("idle.engine.exit_status", function()
  it("finds the worse of two", function()
    assert.equal(3, exit_status.worst(2, 3))
    assert.equal(3, exit_status.worst(3, 75))
    assert.equal(75, exit_status.worst(75, 65))
    assert.equal(65, exit_status.worst(2, 65))
    assert.equal(2, exit_status.worst(nil, 2))
    assert.equal(4, exit_status.worst(4, nil))
    assert.is_nil(exit_status.worst(nil, nil))
  end)

  describe("of a run", function()
    local function failure(kind, fields)
      local err = errors.new(kind, "x", fields)
      err.step = "a"
      return err
    end

    it("is 0 if nothing failed", function()
      assert.equal(0, exit_status.of_run("Completed", nil, true))
      assert.equal(0, exit_status.of_run("Cancelled", nil, false))
    end)

    it("says that it is blocked or in doubt, whatever failed", function()
      assert.equal(4, exit_status.of_run("Blocked", nil, false))
      assert.equal(3, exit_status.of_run("InDoubt", failure("input.with"), false))
    end)

    it("is that of the error which ended it", function()
      assert.equal(2, exit_status.of_run("Failed", failure("step.failed", { effect = "none" }), false))
      assert.equal(65, exit_status.of_run("Failed", failure("input.with"), true))
    end)

    it("is temporary only as long as nothing was changed", function()
      assert.equal(75, exit_status.of_run("Failed", failure("ssh.busy"), false))
      assert.equal(2, exit_status.of_run("Failed", failure("ssh.busy"), true))
    end)
  end)
end)
