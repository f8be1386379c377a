--- System calls that fail, by strace: what they say arrives, and nothing is claimed that did not happen.
local child = require("spec.support.child")
local far = require("spec.support.far")
local faults = require("spec.support.faults")

local SCRIPT = [[
local idle = require "idle"
local session <close> = idle.ssh_session{ host = %q, port = %d, user = %q, identity_file = %q, known_hosts = %q,
  agent = false, ssh_config = false, connect_timeout = tonumber(arg[2]), reconnect_timeout = 0 }
session:InvokeCommand("Start-Sync", { Id = arg[1] })
print("done")]]

-- Runs a command in a program one of whose calls fails; a number chooses which of them. LeakSanitizer does not
-- work under strace.
local function inject(server, call, errno, when, timeout)
  local id = ("%s %s %s"):format(call, errno, when)
  local script = SCRIPT:format(server.host, server.port, server.user, server.identity_file, server.known_hosts)
  local outcome = child.run({
    program = "strace", "-f", "-qqq", "-o", "/dev/null", "-e", ("inject=%s:error=%s:when=%s"):format(call, errno, when),
    child.PROGRAM, "-", id, timeout or "20", stdin = script, env = { ASAN_OPTIONS = "detect_leaks=0" },
  })
  assert.is_nil(outcome.signal, id .. outcome.stderr)
  return outcome, server.ledger()[id]
end

local function fails(server, call, errno, when, message, timeout)
  local outcome, starts = inject(server, call, errno, when, timeout)
  assert.equal(75, outcome.exit_code, outcome.stderr)
  assert.matches(message, outcome.stderr, 1, true)
  assert.is_nil(starts)
end

local function passes(server, call, errno, when)
  local outcome, starts = inject(server, call, errno, when)
  assert.same({ 0, "done\n", 1 }, { outcome.exit_code, outcome.stdout, starts }, outcome.stderr)
end

local function is_installed() return (os.execute("command -v strace >/dev/null")) end

describe("a system call:", function()
  if not is_installed() then
    pending("needs strace")
    return
  end

  faults.rows(function(row)
    local function with_server(f)
      return function()
        local server <close> = far.scripted_sshd("ledger", { config = { "MaxStartups 100" } })
        f(server)
      end
    end

    row("that fails is named, and nothing was started", with_server(function(server)
      faults.together({
        function() fails(server, "socket", "ENOBUFS", "1", "no buffer space available") end,
        function() fails(server, "socket", "EMFILE", "1", "too many open files") end,
        function() fails(server, "connect", "ENETUNREACH", "1", "network is unreachable") end,
        function() fails(server, "recvfrom", "ECONNRESET", "6", "Connection reset by peer") end,
        function() fails(server, "recvfrom", "ENOMEM", "12", "Cannot allocate memory") end,
        function() fails(server, "sendto", "ENOBUFS", "3", "did not finish the handshake within", "1") end,
      })
    end))

    row("that is interrupted, or only adds comfort, is no fault", with_server(function(server)
      faults.together({
        function() passes(server, "recvfrom", "EINTR", "3+7") end,
        function() passes(server, "sendto", "EINTR", "3+7") end,
        function() passes(server, "epoll_wait", "EINTR", "3+7") end,
        function() passes(server, "setsockopt", "EINVAL", "1+") end,
      })
    end))
  end)
end)
