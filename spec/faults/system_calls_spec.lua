--- System calls that fail, by strace: what they say arrives, and nothing is claimed that did not happen.
local far = require("spec.support.far")
local faults = require("spec.support.faults")
local ssh_far = require("spec.support.ssh_far")

-- Starts a program one of whose calls fails; a number chooses which of them. LeakSanitizer does not work under strace.
local function start(server, call, errno, when, timeout, more)
  local id = ("%s %s %s"):format(call, errno, when)
  local options = { connect_timeout = timeout or 20, reconnect_timeout = 0 }
  for name, v in pairs(more or {}) do options[name] = v end
  local program = faults.program({
    options = server.options(options),
    call = { "InvokeCommand", "Start-Sync", { Id = id } },
  }, {
    within = { "strace", "-f", "-qqq", "-o", "/dev/null", "-e",
               ("inject=%s:error=%s:when=%s"):format(call, errno, when) },
    env = { ASAN_OPTIONS = "detect_leaks=0" },
  })
  return program, id
end

local function fails(server, call, errno, when, kind, message, timeout, more)
  local program <close>, id = start(server, call, errno, when, timeout, more)
  assert.matches(message, program:fails(faults.temporary(kind, timeout)).message, 1, true)
  assert.is_nil(server.ledger()[id])
end

local function passes(server, call, errno, when)
  local program <close>, id = start(server, call, errno, when)
  program:succeeds()
  assert.equal(1, server.ledger()[id])
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
        function() fails(server, "socket", "ENOBUFS", "1", "ssh.connect", "no buffer space available") end,
        function() fails(server, "socket", "EMFILE", "1", "ssh.connect", "too many open files") end,
        function()
          ssh_far.new_key(server.dir .. "/stranger") -- it is refused, and so the agent's turn comes
          local by_agent = { identity_file = server.dir .. "/stranger", agent = true, agent_socket = "/nowhere/agent" }
          fails(server, "socket", "EMFILE", "2", "ssh.connect", "too many open files", nil, by_agent)
        end,
        function() fails(server, "connect", "ENETUNREACH", "1", "ssh.connect", "network is unreachable") end,
        function() fails(server, "recvfrom", "ECONNRESET", "6", "ssh.lost", "Connection reset by peer") end,
        -- Seven answers at least come before a command is sent.
        function() fails(server, "recvfrom", "ENOMEM", "7", "ssh.lost", "Cannot allocate memory") end,
        function() fails(server, "sendto", "ENOBUFS", "3", "ssh.timeout", "did not finish the handshake within", 1) end,
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
