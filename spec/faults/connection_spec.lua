--- Connections that go wrong while a start is under way. The ledger never has a second one.
local far = require("spec.support.far")
local faults = require("spec.support.faults")
local loop = require("idle.loop")
local specimen_far = require("spec.support.specimen_far")
local ssh_far = require("spec.support.ssh_far")

-- What comes a second later is met before the answer to a start that is done.
local SLOW = { latency_seconds = 2 }
local NEVER = { faults = { { command = "Start-ADSyncSyncCycle", fault = "hang" } } }

-- Longer than what ends a command here, and, where that is silence, than an answer would need.
local PATIENCE, TIMEOUT = 10, 3

-- A program that starts a cycle through a connection to which something happens, before the start takes effect or
-- after. Returns what it says of it.
local function start_and(expected, starts, harm)
  local server <close> = faults.far(starts == 0 and NEVER or SLOW)
  local options = server.options({ command_timeout = expected.within })
  local program <close> = faults.program({ options = options, first = { { "info" } } })
  program:go()
  if starts == 0 then server:wait_for_call("Start-ADSyncSyncCycle") else server:wait_for_starts(starts) end
  harm(server)
  local report = program:fails(expected)
  assert.equal(starts, #server:ledger())
  return report
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
      in_doubt(silence, "did not answer within 3 s", function(server) server.proxy:tell("freeze") end)
    end)

    row("server's clean close without status", function()
      local function closes(options, starts)
        local server <close> = faults.far(options, { config = { "ChannelTimeout session:command=3s" } })
        local command = { options = server.options({ command_timeout = PATIENCE }), first = { { "info" } } }
        local report = faults.fails(command, faults.in_doubt("remote.protocol", PATIENCE))
        assert.matches("ended without an answer to 'Start-ADSyncSyncCycle' (no exit status)", report.message, 1, true)
        assert.equal(starts, #server:ledger())
      end
      faults.together({
        function() closes(NEVER, 0) end,
        function() closes({ latency_seconds = 4 }, 1) end,
      })
    end)

    row("server's clean close without status: the connection serves the next command", function()
      local server <close> = faults.far(NEVER, { config = { "ChannelTimeout session:command=2s" } })
      local session <close> = server.session({ command_timeout = PATIENCE })
      session:info()
      faults.raises(session, faults.in_doubt("remote.protocol", PATIENCE))
      assert.matches("T", (session:InvokeCommand("Get-Date", {})))
      assert.equal(1, server:count_in_log("Accepted publickey"))
    end)

    row("output one byte a second", function()
      local err = start_and(silence, 1, function(server) server.proxy:tell("slow") end)
      assert.matches("did not answer within 3 s", err.message)
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
        local program <close> = faults.program({ options = server.options(), first = { { "info" } } })
        server.proxy:tell(harm)
        program:go()
        program:succeeds()
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

-- By itself, because it takes all that the machine has.
describe("a server that wants new keys:", function()
  faults.rows(function(row)
    row("rekey every 64 KiB with 20 MB both ways: then the start is done, once", function()
      local server <close> = specimen_far.start(nil, { config = { "RekeyLimit 64K" }, log_level = "DEBUG1" })
      local program <close> = faults.program({
        options = ssh_far.session_options(server, { max_output_bytes = 32 * 1024 * 1024 }),
        first = { { "run", { command = "cat", stdin = ("0123456789abcdef"):rep(20 * 65536) } } },
      })
      program:go()
      program:succeeds()
      assert.equal(1, #server:ledger())
      assert.is_true(server:count_in_log("SSH2_MSG_KEXINIT sent") > 200)
    end)
  end)
end)
