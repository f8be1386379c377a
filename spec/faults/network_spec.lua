--- What only a network can do to a connection, in a namespace made by the spec.
local far = require("spec.support.far")
local faults = require("spec.support.faults")
local netns = require("spec.support.netns")

local TIMEOUT, START_TIMEOUT = 1, 3

-- A server in the network; it may be started again at the same port.
local function start_server(network, more)
  local options = { address = network:address(1), within = network.within, config = { "UseDNS no" } }
  for name, v in pairs(more or {}) do options[name] = v end
  return far.scripted_sshd("ledger", options)
end

local function start(session, id) return session:InvokeCommand("Start-Sync", { Id = id }) end

local function call(id) return { "InvokeCommand", "Start-Sync", { Id = id } } end

describe("a network:", function()
  if not netns.is_possible() then
    pending("needs the right to make a network namespace")
    return
  end

  faults.rows(function(row)
    row("SYN black hole", function()
      local network <close> = netns.new()
      local server <close> = start_server(network)
      network:drop(network:address(1))
      local options = server.options({ connect_timeout = TIMEOUT, reconnect_timeout = TIMEOUT })
      local report = faults.fails({ options = options, call = call("lost") }, faults.temporary("ssh.timeout", TIMEOUT))
      assert.matches("did not accept the connection within %d%.%d s; check the name, and firewalls", report.message)
      network:pass(network:address(1))
      local session <close> = server.session()
      start(session, "found")
      assert.same({ found = 1 }, server.ledger())
    end)

    row("packets dropped both ways: a program ends in doubt", function()
      local network <close> = netns.new()
      local server <close> = start_server(network)
      local program <close> = faults.program({
        options = server.options({ command_timeout = TIMEOUT }), first = { call("before") }, call = call("during"),
      })
      network:drop(network:address(1))
      program:go()
      program:fails(faults.in_doubt("timeout", TIMEOUT))
      assert.same({ before = 1 }, server.ledger()) -- not even the request came through
    end)

    row("packets dropped both ways: the next command finds its way once they pass again", function()
      local network <close> = netns.new()
      local server <close> = start_server(network)
      local session <close> = server.session({ command_timeout = TIMEOUT, connect_timeout = TIMEOUT,
                                               reconnect_timeout = TIMEOUT, start_timeout = START_TIMEOUT })
      start(session, "before")
      network:drop(network:address(1))
      faults.raises(session, faults.in_doubt("timeout", TIMEOUT), "Start-Sync", { Id = "during" })
      -- Its PowerShell was given up, but not the connection, which may be slow only.
      local is_ok, err, seconds = faults.timed(start, session, "still")
      assert.is_false(is_ok)
      assert.equal("none", err.effect)
      assert.is_true(seconds < START_TIMEOUT + TIMEOUT + faults.LATE_SECONDS, ("it took %.2f s"):format(seconds))
      network:pass(network:address(1))
      start(session, "after")
      local ledger = server.ledger()
      assert.is_true((ledger.during or 0) <= 1)
      assert.same({ 1, nil, 1 }, { ledger.before, ledger.still, ledger.after })
    end)

    -- The client holds a connection of which the server knows nothing any more.
    row("half-open connection after a restart of the server", function()
      local network <close> = netns.new()
      local server <close> = start_server(network)
      local program <close> = faults.program({
        options = server.options({ command_timeout = 10 }), first = { call("before") }, call = call("half-open"),
      })
      local session <close> = server.session({ command_timeout = 10 })
      start(session, "too")
      network:drop(network:address(1))
      server:signal_sessions("KILL")
      network:nft("add rule inet faults output tcp flags fin drop\n") -- or the dead would still say goodbye
      network:pass(network:address(1))
      program:go()
      program:fails(faults.in_doubt("ssh.lost", 1))
      faults.raises(session, faults.in_doubt("ssh.lost", 1), "Start-Sync", { Id = "half-open" })
      start(session, "after")
      assert.same({ before = 1, too = 1, after = 1 }, server.ledger())
    end)
  end)
end)
