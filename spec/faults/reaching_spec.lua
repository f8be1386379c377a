--- Servers that are not reached: nothing was started, and the same call may succeed later. Host keys and
--- logins have specs of their own (see README.md here).
local child = require("spec.support.child")
local eventually = require("spec.support.eventually")
local far = require("spec.support.far")
local faults = require("spec.support.faults")
local process = require("idle.process")
local ssh_far = require("spec.support.ssh_far")

local TIMEOUT = 0.4

local function options_at(host, port)
  return { host = host, port = port, user = "somebody", known_hosts = "/nowhere", agent = false, ssh_config = false,
           connect_timeout = TIMEOUT, reconnect_timeout = TIMEOUT }
end

-- A peer that behaves in a way of spec/support/tcp_peer.lua.
local function meets(behaviour, kind, pattern)
  local peer <close> = ssh_far.peer(behaviour)
  local err = faults.fails({ options = options_at("127.0.0.1", peer.port) }, faults.temporary(kind, TIMEOUT))
  assert.matches(pattern, err.message)
end

-- The environment of a program whose name servers are the stand-in's.
local function lookup(word)
  return { LD_PRELOAD = ssh_far.STAND_IN, IDLE_LOOKUP = word, ASAN_OPTIONS = "verify_asan_link_order=0" }
end

-- A script in such a program.
local function with_lookup(word, script)
  return child.run({ "-e", 'local idle = require "idle"\n' .. script, env = lookup(word) })
end

local SESSION = [[
local function command(host)
  local session <close> = idle.ssh_session{ host = host, port = 1, agent = false, ssh_config = false,
    connect_timeout = 0.4 }
  return session:InvokeCommand("Start-ADSyncSyncCycle", {})
end
]]

-- Ten commands at servers that nobody finds in time, while another task has its own work.
local OTHERS = SESSION .. [[
local began, steps = idle.monotonic(), 0
local commands = {}
for number = 1, 10 do commands[number] = function() print(select(2, pcall(command, "dc" .. number)).kind) end end
local work = idle.spawn(function()
  while true do
    idle.exec{ command = { "true" } }
    pcall(command, "127.0.0.1")
    steps = steps + 1
  end
end)
idle.gather(commands)
work:cancel()
print(idle.monotonic() - began < 0.4 + 1, steps > 4)]]

describe("reaching:", function()
  faults.rows(function(row)
    row("refused", function()
      local peer <close> = ssh_far.peer("silent")
      peer.child:signal("KILL")
      assert(peer.child:wait_exit(ssh_far.SOON))
      local err = faults.fails({ options = options_at("127.0.0.1", peer.port) }, faults.temporary("ssh.connect"))
      assert.matches("connection refused; check the name and that sshd listens", err.message, 1, true)
    end)

    row("DNS failure", function()
      local err = faults.fails({ options = options_at("dc1", 1) }, faults.temporary("ssh.resolve"),
        { env = lookup("none") })
      assert.matches("cannot find an address of 'dc1': Name or service not known", err.message, 1, true)
    end)

    row("slow DNS: the program is not kept by a look-up that hangs", function()
      faults.fails({ options = options_at("dc1", 1) }, faults.temporary("ssh.timeout", TIMEOUT),
        { env = lookup("hang") })
    end)

    row("slow DNS: at its deadline it is given up, and others are not delayed", function()
      local outcome = with_lookup("hang", OTHERS)
      assert.equal(("ssh.timeout\n"):rep(10) .. "true\ttrue\n", outcome.stdout, outcome.stderr)
      assert.equal(0, outcome.exit_code)
    end)

    row("slow DNS: names that are found late do not wait for each other", function()
      local script = OTHERS:gsub("connect_timeout = 0.4", "connect_timeout = 10")
      assert.equal(("ssh.connect\n"):rep(10) .. "true\ttrue\n", with_lookup("slow", script).stdout)
    end)

    row("accepts and says nothing", function() meets("silent", "ssh.timeout", "no banner came") end)
    row("banner one byte a second", function() meets("drip", "ssh.timeout", "no banner came") end)

    row("endless banner", function()
      meets("endless_greeting", "ssh.handshake", "does not speak SSH, it says 'xxx")
      meets("endless_line", "ssh.handshake", "does not speak SSH, it says 'xxx")
    end)

    row("not SSH at all", function()
      meets("http", "ssh.handshake", "it says 'HTTP/1%.1 400 Bad Request'")
      meets("tls_alert", "ssh.handshake", "it says '\\x15\\x03")
      meets("garbage", "ssh.handshake", "the key exchange with .* failed")
    end)

    row("falls silent behind its banner", function() meets("only_banner", "ssh.timeout", "no list of algorithms") end)

    row("MaxStartups", function()
      local server <close> = far.scripted_sshd("ledger", { config = { "MaxStartups 1" } })
      local guest <close> = assert(process.spawn({
        command = { "lua5.4", "-e", ('local s = assert(require("socket").connect("127.0.0.1", %d)) '
          .. 'print(s:receive("*l")) io.stdout:flush() io.read()'):format(server.port) },
      }))
      assert.matches("^SSH", guest:read_line(ssh_far.SOON))
      faults.fails({
        options = server.options({ connect_timeout = TIMEOUT, reconnect_timeout = TIMEOUT }),
        call = { "InvokeCommand", "Start-Sync", { Id = "early" } },
      }, faults.temporary("ssh.busy", TIMEOUT))
      guest:close()
      local patient <close> = server.session()
      eventually(function() return (pcall(patient.InvokeCommand, patient, "Start-Sync", { Id = "late" })) end)
      assert.same({ late = 1 }, server.ledger())
    end)

    row("MaxSessions", function()
      local server <close> = far.scripted_sshd("ledger", { config = { "MaxSessions 1" } })
      local program <close> = faults.program({
        options = server.options(), first = { { "InvokeCommand", "Start-Sync", { Id = "first" } } },
        call = { "run", { command = "true" } },
      })
      program:go()
      program:fails(faults.temporary("ssh.busy"))
      local session <close> = server.session()
      session:InvokeCommand("Start-Sync", { Id = "second" })
      assert.is_false((pcall(session.run, session, { command = "true" })))
      session:InvokeCommand("Start-Sync", { Id = "third" })
      assert.same({ first = 1, second = 1, third = 1 }, server.ledger())
    end)
  end)
end)
