local errors = require("idle.engine.errors")
local support = require("spec.support.sync_step")

local run, failure, server_that = support.run, support.failure, support.server_that

describe("idle.steps.trigger_directory_sync: a start", function()
  it("is noted before it is sent, and no more if it is refused", function()
    local noted = {}
    local world = support.world(server_that(function(self, now, nth)
      assert.equal("maybe", noted[#noted].Accepted)
      if nth == 1 then return nil, errors.new("sync.busy", "busy") end
      self:cycle(now + 1)
      return { Started = true }
    end))
    function world.context.NoteStart(intent) noted[#noted + 1] = intent or "refused" end
    local data = run(world).Data
    assert.equal(3, #noted)
    assert.equal("refused", noted[2])
    assert.same({ "maybe", data.Baseline.T0, data.Baseline.RunIds },
      { noted[3].Accepted, noted[3].T0, noted[3].RunIds })
    assert.equal("yes", data.Baseline.Accepted)
  end)

  it("is not sent if it can't be noted", function()
    local world = support.world()
    function world.context.NoteStart() errors.raise("input.file", "the disk is full") end
    local err = failure(world)
    assert.same({ "input.file", "none" }, { err.kind, err.effect })
    assert.same({}, world.server.starts)
  end)

  it("is never sent twice, not even if its error looks transient", function()
    for _, raised in ipairs({
      errors.new("ssh.lost", "connection lost", { transient = true }), "the pipe broke",
      { message = "throttled", data = { ["Idle.IsTransient"] = true } },
    }) do
      local world = support.world(server_that(function() return nil, raised end))
      local err = failure(world)
      assert.equal("NotObserved", err.data.Outcome)
      assert.equal(1, #world.server.starts)
      assert.is_false(err.transient)
    end
  end)
end)
