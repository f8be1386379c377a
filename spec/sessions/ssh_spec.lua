--- What only a session over SSH can show, through a real sshd.
local eventually = require("spec.support.eventually")
local far = require("spec.support.far")
local file = require("idle.file")
local loop = require("idle.loop")
local processes = require("spec.support.processes")

local function kill(pid) os.execute("kill -9 " .. pid) end

-- The processes that sshd has made for connections: the parents of the far end, up to sshd.
local function connection_pids(server) return processes.children(server.sshd.pid) end

local function parent_of(pid)
  local listing <close> = io.popen(("ps -o ppid= -p %d"):format(pid))
  return listing:read("n")
end

local function kill_connections(server)
  for _, pid in ipairs(connection_pids(server)) do kill(pid) end
  eventually(function() return #connection_pids(server) == 0 end, "the connections are gone")
end

local function count(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

local function raised(session, command, parameters)
  return far.raised(session.InvokeCommand, session, command, parameters or {})
end

describe("idle.sessions.ssh", function()
  it("polls 500 times over one connection and one remote process, at a level memory", function()
    local server <close> = far.sshd_server()
    local session <close> = server.session()
    local pid = session:info().pid
    local function poll(times)
      for _ = 1, times do session:InvokeCommand("Get-ADSyncScheduler", {}) end
      collectgarbage()
      collectgarbage()
      return collectgarbage("count")
    end
    local before = poll(100)
    local after = poll(400)
    assert.is_true(after - before < 16, ("%.0f KiB became %.0f KiB"):format(before, after))
    assert.equal(pid, session:info().pid)
    local log = file.read(server.sshd.log_file)
    assert.equal(1, count(log, "Accepted publickey"))
    assert.equal(1, count(log, "Starting session"))
  end)

  it("runs plain commands beside, with input, both outputs and the exit status", function()
    local server <close> = far.sshd_server()
    local session <close> = server.session()
    local result = session:run({ command = "cat; echo careful >&2; exit 3", stdin = ("line\n"):rep(100000) })
    assert.equal(("line\n"):rep(100000), result.stdout)
    assert.equal("careful\n", result.stderr)
    assert.equal(3, result.exit_code)
    assert.equal("TERM", session:run({ command = "kill $$" }).signal)
    assert.equal("Success", session:InvokeCommand("Start-ADSyncSyncCycle", {}).Result)
    assert.equal("", session:run({ command = "true" }).stdout)
    assert.equal("input.session", far.raised(session.run, session, { comand = "true" }).kind)
    assert.equal("input.session", far.raised(session.run, session, {}).kind)
  end)

  it("gives up a plain command at the deadline", function()
    local server <close> = far.sshd_server()
    local session <close> = server.session({ command_timeout = 2 })
    local err = far.raised(session.run, session, { command = "sleep 20" })
    assert.same({ "timeout", "unknown" }, { err.kind, err.effect })
    assert.equal("x\n", session:run({ command = "echo x" }).stdout)
  end)

  it("reconnects by itself when the connection went between two commands", function()
    local server <close> = far.sshd_server()
    local session <close> = server.session()
    local pid = session:info().pid
    kill_connections(server)
    assert.matches("T", (session:InvokeCommand("Get-Date", {})))
    assert.not_equal(pid, session:info().pid)
  end)

  it("connects once more when the connection goes while PowerShell starts", function()
    for _, transport in ipairs({ "libssh2", "ssh" }) do
      local server <close> = far.sshd_server()
      local program = server.sshd.dir .. "/bin/powershell.exe"
      os.execute(("mv '%s' '%s.real'"):format(program, program))
      assert(file.write_private(program, ([[
#!/bin/sh
[ -e '%s.ran' ] || { touch '%s.ran'; kill -9 $PPID; exit 1; }
exec '%s.real' "$@"
]]):format(program, program, program)))
      os.execute(("chmod 700 '%s'"):format(program))
      local session <close> = server.session({ transport = transport })
      assert.matches("T", (session:InvokeCommand("Get-Date", {})))
      assert.equal(2, count(file.read(server.sshd.log_file), "Accepted publickey"))
    end
  end)

  it("leaves the effect unknown when the connection goes during a command, and does not send it again", function()
    local server <close> = far.sshd_server({ latency_seconds = 0.6 })
    local session <close> = server.session()
    session:info()
    local err
    local task = loop.spawn(function() err = raised(session, "Start-ADSyncSyncCycle") end)
    eventually(function() return #server:ledger() == 1 end, "the start took effect")
    kill_connections(server)
    task:join()
    assert.same({ "ssh.lost", "unknown", false }, { err.kind, err.effect, err.transient })
    assert.matches("Start%-ADSyncSyncCycle", err.message)
    assert.matches("T", (session:InvokeCommand("Get-Date", {})))
    assert.equal(1, #server:ledger())
  end)

  it("says before the first command that nothing was sent when nobody listens", function()
    local server <close> = far.sshd_server()
    local session <close> = server.session()
    server:stop()
    eventually(function() return not processes.is_running(server.sshd.pid) end, "sshd is gone")
    local err = raised(session, "Get-Date")
    assert.same({ "ssh.connect", "none", true }, { err.kind, err.effect, err.transient })
  end)

  it("says so too when sshd went away after the connection was made, and that goes as well", function()
    local server <close> = far.sshd_server()
    local session <close> = server.session({ reconnect_timeout = 0.3 })
    session:info()
    server:stop()
    eventually(function() return not processes.is_running(server.sshd.pid) end, "sshd is gone")
    assert.matches("T", (session:InvokeCommand("Get-Date", {})))
    local pid = session:info().pid
    local parent = parent_of(pid)
    local sshd = parent_of(parent)
    kill(parent)
    if sshd > 1 then kill(sshd) end
    eventually(function() return not session.shell:is_alive() end, "the end of the connection is known")
    local err = raised(session, "Get-Date")
    assert.same({ "ssh.connect", "none" }, { err.kind, err.effect })
  end)

  it("starts no PowerShell where there is none", function()
    local server <close> = far.sshd_server(nil, { path = "/does/not/exist" })
    local session <close> = server.session()
    local err = raised(session, "Get-Date")
    assert.same({ "remote.setup", "none" }, { err.kind, err.effect })
    assert.matches("exit status 127: there is no such program", err.message)
  end)

  it("asks for pwsh where that is wanted", function()
    local server <close> = far.sshd_server()
    local session <close> = server.session({ shell = "pwsh" })
    assert.matches("T", (session:InvokeCommand("Get-Date", {})))
  end)

  it("passes on what the connection was refused for", function()
    local server <close> = far.sshd_server()
    local stranger <close> = server.session({ host_key = "SHA256:" .. ("A"):rep(43) })
    assert.same({ "ssh.hostkey_changed", "none" }, (function(err) return { err.kind, err.effect } end)(
      raised(stranger, "Get-Date")))
  end)

  it("warns once of secrets in plain strings", function()
    local child = require("spec.support.child")
    local outcome = child.run({ "-e", [[
      local idle = require "idle"
      for _ = 1, 2 do idle.ssh_session{ host = "aad01", password = "plain" } end]] })
    assert.equal(1, count(outcome.stderr, "warning: a password or passphrase was given as a plain string"))
    assert.is_nil(outcome.stderr:find("'plain'", 1, true))
  end)
end)
