-- How a flow is tested: no server, no waiting. Run it with
--
--   idle-lua test examples/spec

local idle = require "idle"

local here = debug.getinfo(1, "S").source:match("^@(.*/)") or ""
local join = dofile(here .. "../joiner_flow.lua")

local ADA = {
  request = "HR-20417", account = "ada.byron", given_name = "Ada", surname = "Byron", licences = { "E3" },
  needs_laptop = true,
}

-- Where accounts are made; a new one for each spec, so that none sees what another has left behind.
local function new_directory()
  local directory = { accounts = {} }
  function directory.create_account(joiner)
    directory.accounts[joiner.account] = { dn = "CN=" .. joiner.account }
    return directory.accounts[joiner.account]
  end
  function directory.set_group(account, group)
    directory.accounts[account].group = group
    return directory.accounts[account]
  end
  return directory
end

describe("a joiner", function()
  -- The simulator answers as an Entra Connect server does. In virtual time the clock jumps over every wait: a cycle
  -- of a quarter of an hour, seen every two seconds, takes a moment.
  it("gets an account, a licence and a laptop, with a sync behind each change", function()
    local directory = new_directory()
    local result, server = idle.test.virtual_time(function()
      local server = idle.sim.sync_server{ cycle_seconds = 15 * 60 }
      return join(ADA, directory, server:session()), server
    end)
    assert.ran_steps(result, {
      "Create the account", "Sync the account", "Order the laptop", "Set the licence group", "Sync the licence group",
    })
    assert.outcome(result, "Success")
    assert.equal("LIC-E3", directory.accounts["ada.byron"].group)
    assert.equal(2, #server:ledger()) -- every start that took effect
  end)

  it("waits for its turn while somebody else's cycle runs", function()
    local sink = idle.test.recording_sink()
    idle.test.virtual_time(function()
      local server = idle.sim.sync_server{ foreign_starts = { -30 }, cycle_seconds = 120 }
      join(ADA, new_directory(), server:session(), sink)
    end)
    -- In this order; others may come in between.
    assert.events(sink, {
      { Type = "StepStarted", StepName = "Sync the account" },
      "DirectorySyncBusy",
      "DirectorySyncAccepted",
      { Type = "DirectorySyncCompleted", Data = { Outcome = "Success" } },
      { Type = "RunCompleted", Data = { Status = "Completed" } },
    })
  end)

  -- A fake session answers what the spec says and keeps what it was asked.
  it("starts no cycle without the rights for it, and hands out no licence", function()
    local directory = new_directory()
    local session = idle.test.fake_session{
      ["Start-ADSyncSyncCycle"] = { Result = "Success" },
      otherwise = idle.test.fails("remote.error", "Access is denied. (0x80070005)"),
    }
    assert.fails_with(function() join(ADA, directory, session) end,
      { kind = "sync.access", step = "Sync the account" })
    assert.never_called(session, "Start-ADSyncSyncCycle")
    assert.is_nil(directory.accounts["ada.byron"].group)
  end)

  -- Here the simulator answers, but for one command: the answer to the first start is lost on its way.
  it("does not start a second cycle when it cannot know whether the first one runs", function()
    idle.test.virtual_time(function()
      local server = idle.sim.sync_server()
      local real = server:session()
      local session = idle.test.fake_session{
        ["Start-ADSyncSyncCycle"] = idle.test.in_turn{ idle.test.loses_answer(real), real },
        otherwise = real,
      }
      assert.outcome(join(ADA, new_directory(), session), "Success")
      assert.called(session, "Start-ADSyncSyncCycle", { PolicyType = "Delta" }, 2) -- one for each sync step
    end)
  end)

  -- One spec for everything that the simulator can have go wrong, each on a fresh server. A flow survives if it ends,
  -- if it starts no cycle twice, if it never takes for exported what was not, and if it goes on where that is right.
  describe("survives", function()
    idle.test.each_fault(function(sim) return join(ADA, new_directory(), sim:session()) end)
  end)
end)
