--- Connections that go wrong while a start is under way. The ledger never has a second one.
local far = require("spec.support.far")
local faults = require("spec.support.faults")
local loop = require("idle.loop")

-- What comes a second later is met before the answer to a start that is done.
local SLOW = { latency_seconds = 2 }
local NEVER = { faults = { { command = "Start-ADSyncSyncCycle", fault = "hang" } } }

-- Longer than what ends a command here, and, where that is silence, shorter than the way back.
local PATIENCE, TIMEOUT = 10, 1.6

-- Runs a start through a connection to which something happens, before it takes effect or after. Returns the error.
local function start_and(expected, starts, harm)
  local server <close> = faults.far(starts == 0 and NEVER or SLOW)
  local session <close> = server.session({ command_timeout = expected.within })
  session:info()
  local err
  local task = loop.spawn(function() err = faults.raises(session, expected) end)
  if starts == 0 then loop.sleep(100) else server:wait_for_starts(starts) end
  harm(server)
  task:join()
  assert.equal(starts, #server:ledger())
  return err
end

local function in_doubt(expected, pattern, harm)
  faults.together({
    function() assert.matches(pattern, start_and(expected, 0, harm).message) end,
    function() assert.matches(pattern, start_and(expected, 1, harm).message) end,
  })
end

describe("during a command:", function()
  faults.rows(function(row)
    local lost, silence = faults.in_doubt("ssh.lost", PATIENCE), faults.in_doubt("timeout", TIMEOUT)

    row("RST", function()
      in_doubt(lost, "Connection reset by peer", function(server) server.proxy:tell("reset") end)
    end)

    row("the connection is closed in good order", function()
      in_doubt(lost, "the server closed it", function(server) server.proxy:tell("close") end)
    end)

    row("sshd killed -9", function()
      in_doubt(lost, "was lost while a command ran", function(server) server:kill_sshd() end)
    end)

    row("remote process killed", function()
      in_doubt(faults.in_doubt("remote.protocol", PATIENCE), "ended by signal KILL",
        function(server) server:kill_powershells() end)
    end)

    row("what is on the way falls silent", function()
      in_doubt(silence, "did not answer within 1.6 s", function(server) server.proxy:tell("freeze") end)
    end)

    row("server's clean close without status", function()
      local server <close> = faults.far(NEVER, { config = { "ChannelTimeout session:command=2s" } })
      local session <close> = server.session({ command_timeout = PATIENCE })
      local err = faults.raises(session, faults.in_doubt("remote.protocol", PATIENCE))
      assert.matches("ended without an answer to 'Start-ADSyncSyncCycle' (no exit status)", err.message, 1, true)
      assert.equal(0, #server:ledger())
      assert.matches("T", (session:InvokeCommand("Get-Date", {})))
    end)

    row("output one byte a second", function()
      local err = start_and(silence, 1, function(server) server.proxy:tell("slow") end)
      assert.matches("did not answer within 1.6 s", err.message)
    end)

    row("the next command connects again, and the start is not repeated", function()
      local server <close> = faults.far(SLOW)
      local session <close> = server.session({ command_timeout = PATIENCE })
      session:info()
      local task = loop.spawn(function() faults.raises(session, lost) end)
      server:wait_for_starts(1)
      server.proxy:tell("reset")
      task:join()
      assert.matches("T", (session:InvokeCommand("Get-Date", {})))
      assert.equal(1, #server:ledger())
    end)
  end)
end)

describe("before a command:", function()
  faults.rows(function(row)
    for _, harm in ipairs({ "reset", "close" }) do
      row("the connection ends by " .. harm .. ": the session connects again, and the command runs once", function()
        local server <close> = faults.far()
        local session <close> = server.session({ command_timeout = 10 })
        session:info()
        server.proxy:tell(harm)
        assert.equal("Success", session:InvokeCommand("Start-ADSyncSyncCycle", {}).Result)
        assert.equal(1, #server:ledger())
      end)
    end

    local function start(session) return session:InvokeCommand("Start-ADSyncSyncCycle", {}) end

    -- The connection ends behind so many bytes of the server's: in its banner, its key exchange, its login. What never
    -- stood is not made again by itself.
    for _, bytes in ipairs({ 10, 500, 1400 }) do
      row(("the connection is reset behind %d bytes: nothing was sent"):format(bytes), function()
        local server <close> = faults.far()
        server.proxy:tell("reset " .. bytes)
        local session <close> = server.session()
        local err = far.raised(start, session)
        assert.same({ "none", true }, { err.effect, err.transient }, tostring(err))
        assert.matches("^ssh%.", err.kind)
        assert.equal(0, #server:ledger())
        assert.equal("Success", start(session).Result)
      end)
    end

    for _, bytes in ipairs({ 2500, 3200 }) do
      row(("the connection is reset behind %d bytes, as PowerShell starts: it is made again"):format(bytes), function()
        local server <close> = faults.far()
        server.proxy:tell("reset " .. bytes)
        local session <close> = server.session()
        assert.equal("Success", start(session).Result)
        assert.equal(1, #server:ledger())
        assert.equal(2, select(2, server:log():gsub("Accepted publickey", "")))
      end)
    end
  end)
end)
