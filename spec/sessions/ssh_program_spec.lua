--- The transport "ssh": real ssh(1), real sshd, and peers that are no good. The contract of sessions holds for it as
--- well (contract_spec.lua).
local child = require("spec.support.child")
local configured = require("spec.support.ssh_configured")
local eventually = require("spec.support.eventually")
local far = require("spec.support.far")
local file = require("idle.file")
local idle = require("idle")
local loop = require("idle.loop")
local processes = require("spec.support.processes")
local secret = require("idle.secret")
local ssh_far = require("spec.support.ssh_far")
local ssh_program = require("idle.sessions.ssh_program")
local ssh_session = require("idle.sessions.ssh")

-- All that it takes to reach the far end, but for a key.
local REACHES = "Host aadc\nHostName $host\nPort $port\nUser $user\nUserKnownHostsFile $known\nIdentityAgent none\n"
local WITH_KEY = REACHES .. "IdentityFile $key\n"

-- Most of the time of each is waiting.
local function at_once(rows, f)
  local tasks = {}
  for index, row in ipairs(rows) do tasks[index] = function() f(table.unpack(row)) end end
  idle.gather(tasks)
end

local function raised(session)
  local err = far.raised(session.run, session, { command = "true" })
  session:close()
  return err
end

describe("idle.sessions.ssh_program", function()
  local keys, world

  setup(function()
    keys = assert(file.temp_dir("idle-keys-"))
    ssh_far.new_key(keys .. "/ca")
    world = configured.start(nil, { config = { "TrustedUserCAKeys " .. keys .. "/ca.pub", "PermitUserRC no" } })
    ssh_far.new_key(keys .. "/rsa", { "-t", "rsa", "-b", "2048", "-N", "" })
    assert(file.append_synced(world.dir .. "/authorized_keys", assert(file.read(keys .. "/rsa.pub"))))
    ssh_far.new_key(keys .. "/certified")
    ssh_far.run({ "ssh-keygen", "-q", "-s", keys .. "/ca", "-I", "sync", "-n", world.server.session_options.user,
                  keys .. "/certified.pub" })
  end)

  teardown(function()
    getmetatable(world).__close(world)
    file.remove_all(keys)
  end)

  local function program(text, more)
    local options = { transport = "ssh" }
    for name, v in pairs(more or {}) do options[name] = v end
    return world:session(text, options)
  end

  describe("logs in", function()
    local function says_who(session)
      local _ <close> = session
      return session:run({ command = "echo $SSH_AUTH_INFO_0" }).exit_code
    end

    it("with an RSA key, which libssh2 1.10 can't use", function()
      assert.equal(0, says_who(program(REACHES .. "IdentityFile " .. keys .. "/rsa\n")))
      assert.matches("Accepted publickey for %S+ from %S+ port %d+ ssh2: RSA ", world:log())
    end)

    it("with a certificate, and takes itself for it where nothing else is said", function()
      local text = REACHES .. "IdentityFile $dir/../" .. keys:match("[^/]+$") .. "/certified\n"
        .. "CertificateFile " .. keys .. "/certified-cert.pub\n"
      assert.equal(0, says_who(world:session(text)))
      assert.matches("Accepted certificate ID \"sync\"", world:log())
    end)

    it("through a ProxyCommand, for PowerShell too", function()
      local session <close> = world:session(WITH_KEY .. "ProxyCommand ssh -F none -W %h:%p -p $port -i $key "
        .. "-o UserKnownHostsFile=$known $user@$host\n")
      assert.matches("T", (session:InvokeCommand("Get-Date", {})))
    end)

    it("over a jump host of the configuration", function()
      local session <close> = program(WITH_KEY .. "ProxyJump hop\nHost hop\n" .. WITH_KEY:gsub("^Host aadc\n", ""))
      assert.equal(0, says_who(session))
    end)

    it("with fields alone, spaces and percent signs in their paths included", function()
      local odd = world.dir .. "/odd 100% name"
      assert(file.mkdir(odd))
      for _, name in ipairs({ "known_hosts", "id_ed25519" }) do
        assert(file.write_private(odd .. "/" .. name, assert(file.read(world.dir .. "/" .. name))))
      end
      local session <close> = world.server.session({ transport = "ssh", ssh_config = false,
        known_hosts = odd .. "/known_hosts", identity_file = odd .. "/id_ed25519" })
      assert.equal("x\n", session:run({ command = "echo x" }).stdout)
    end)

    it("at a host whose key is new, where that is allowed, and only then", function()
      local known = world.dir .. "/new_known_hosts"
      local text = WITH_KEY:gsub("%$known", known)
      assert.equal("ssh.hostkey_unknown", raised(program(text)).kind)
      assert.equal(0, says_who(program(text, { strict_host_key = "accept-new" })))
      assert.equal(0, says_who(program(text)))
    end)
  end)

  describe("tells what a command left", function()
    it("its own stderr from that of ssh, and a status of 255 from a connection that was lost", function()
      local session <close> = program(WITH_KEY)
      local result = session:run({ command = "echo careful >&2; exit 255" })
      assert.same({ "careful\n", 255 }, { result.stderr, result.exit_code })
      result = session:run({ command = "kill -9 $$" })
      assert.same({ "unknown" }, { result.signal, result.exit_code })
    end)

    it("when the connection goes: in doubt, and the next one is another", function()
      local session <close> = program(WITH_KEY)
      local pid = session:info().pid
      local err
      local task = loop.spawn(function()
        err = far.raised(session.InvokeCommand, session, "Start-Sleep", { Seconds = 20 })
      end)
      loop.sleep(100)
      for _, connection in ipairs(processes.children(world.server.sshd.pid)) do
        ssh_far.run({ "kill", "-KILL", tostring(connection) })
      end
      task:join()
      assert.same({ "ssh.lost", "unknown", false }, { err.kind, err.effect, err.transient })
      assert.matches("^the connection to 'aadc' was lost: ssh says 'Connection to .* closed by remote host.*', while "
        .. "'Start%-Sleep' ran there$", err.message)
      assert.not_equal(pid, session:info().pid)
    end)

    it("and leaves no process behind", function()
      local session = program(WITH_KEY)
      session:info()
      local pid = next(session.transport.chosen.pipes).child:pid()
      session:close()
      eventually(function() return not processes.is_running(pid) end, "ssh is gone")
    end)

    it("and none of a ProxyCommand that hangs while it logs in", function()
      local pid_file = world.dir .. "/proxy.pid"
      local command = ("ProxyCommand sh -c 'echo $$ >%s; exec sleep 1000'\n"):format(pid_file)
      local err = raised(program(WITH_KEY .. command, { connect_timeout = 3, reconnect_timeout = 0 }))
      assert.equal("ssh.timeout", err.kind)
      local pid = tonumber(file.read(pid_file))
      eventually(function() return not processes.is_running(pid) end, "what was on the way is gone")
    end)

    it("and no file, even if nobody gets to clean up", function()
      local temp = world.dir .. "/temp"
      assert(file.mkdir(temp))
      local script = ([[
        local session = require("idle").ssh_session{ host = "aadc", ssh_config = %q, transport = "ssh" }
        session:info()
        os.execute("ls $TMPDIR; kill -9 $PPID")]]):format(world:configure(WITH_KEY))
      local outcome = child.run({ "-e", script, env = { TMPDIR = temp } })
      assert.same({ "", "KILL" }, { outcome.stdout, outcome.signal })
    end)
  end)

  describe("ends, killed or not, with all that ssh has started", function()
    -- All below a process, itself not among them.
    local function descendants(pid, found)
      for _, child_pid in ipairs(processes.children(pid)) do
        found[#found + 1] = { pid = child_pid, command = processes.command_line(child_pid) }
        descendants(child_pid, found)
      end
      return found
    end

    -- `parts`: of the command lines, once all programs run.
    local function outlives_none(text, transport, parts)
      local script = ([[require("idle").ssh_session{ host = "aadc", ssh_config = %q, transport = %q,
        connect_timeout = 600, start_timeout = 600 }:info()]]):format(world:configure(text), transport)
      -- Nobody is left to remove the folder of ssh's log.
      local started <close> = child.start({ "-e", script, env = { TMPDIR = world.dir } })
      local found
      local function has(part)
        for _, process in ipairs(found) do
          if process.command:find(part, 1, true) then return true end
        end
      end
      eventually(function()
        found = descendants(started.pipe:pid(), {})
        for _, part in ipairs(parts) do
          if not has(part) then return false end
        end
        return true
      end, "all programs run")
      started:signal("KILL")
      for _, process in ipairs(found) do
        eventually(function() return not processes.is_running(process.pid) end, process.command .. " is gone")
      end
    end

    it("where the server says nothing", function()
      local silent <close> = ssh_far.peer("silent")
      outlives_none(("Host aadc\nHostName 127.0.0.1\nPort %d\n"):format(silent.port), "ssh", { "ssh\0-T\0-E" })
    end)

    it("where a jump host says nothing", function()
      local silent <close> = ssh_far.peer("silent")
      outlives_none(WITH_KEY .. ("ProxyJump 127.0.0.1:%d\n"):format(silent.port), "ssh",
        { "ssh\0-T\0-E", "\0-W\0" })
    end)

    it("where the configuration runs a program", function()
      outlives_none("Match exec \"sleep 1003\"\nUser x\n" .. WITH_KEY, "auto", { "\0-G\0", "sleep\0001003" })
      outlives_none(WITH_KEY .. "ProxyCommand sh -c 'sleep 1003; true'\n", "auto",
        { "ssh\0-T\0-E", "sh\0-c\0", "sleep\0001003" })
    end)
  end)

  describe("has an error of ours for", function()
    local function expect(kind, transient, text, err)
      assert.same({ kind, "none", transient }, { err.kind, err.effect, err.transient })
      assert.matches(text, err.message, 1, true)
      return err
    end

    local function with_peer(behaviour, timeout, ...)
      local peer <close> = ssh_far.peer(behaviour, ...)
      return raised(ssh_session({ host = "127.0.0.1", port = peer.port, transport = "ssh", ssh_config = false,
        connect_timeout = timeout, reconnect_timeout = 0, known_hosts = "/dev/null" }))
    end

    it("a name without an address", function()
      expect("ssh.resolve", true, "cannot find an address of 'aadc': ssh says 'ssh: Could not resolve hostname "
        .. "no-such-host.invalid", raised(program("Host aadc\nHostName no-such-host.invalid\n")))
    end)

    it("a port where nobody listens, at the server or at a jump host", function()
      local nobody = "Host aadc\nHostName 127.0.0.1\nPort 1\n"
      local refused = "cannot reach 'aadc': ssh says 'ssh: connect to host 127.0.0.1 port 1: Connection refused"
      expect("ssh.connect", true, refused, raised(program(nobody)))
      expect("ssh.connect", true, refused, raised(program(WITH_KEY .. "ProxyJump 127.0.0.1:1\n")))
    end)

    it("a jump host that lets nobody in, or whose host key has changed, which is not taken for the far end", function()
      local hop = "ProxyJump hop\nHost hop\nHostName $host\nPort $port\nUser $user\nIdentityAgent none\n"
      local stranger = "IdentityFile " .. keys .. "/ca\nIdentitiesOnly yes\n"
      expect("ssh.auth", false, "a server on the way to 'aadc' refused the login; ssh asks nobody for a passphrase or "
        .. "password: ssh says '", raised(program(WITH_KEY .. hop .. "UserKnownHostsFile $known\n" .. stranger)))
      local port = world.server.session_options.port
      local other = assert(file.read(keys .. "/ca.pub")):match("^%S+ %S+")
      local known = world:write("hop_known_hosts", ("[127.0.0.1]:%d %s\n"):format(port, other))
      local err = expect("ssh.hostkey_changed", false, "the host key of a server on the way to 'aadc' has changed",
        raised(program(WITH_KEY .. hop .. "UserKnownHostsFile " .. known .. "\n" .. stranger)))
      assert.matches(("Host key for [127.0.0.1]:%d has changed"):format(port), err.message, 1, true)
    end)

    it("a way that does not work", function()
      expect("ssh.connect", true, "no-such-program", raised(program(WITH_KEY .. "ProxyCommand /no-such-program\n")))
    end)

    it("peers that say nothing, nothing more, nothing sensible, or have no room", function()
      local rows = {
        { "silent", 0.5, "ssh.timeout", "within 0.5 s" },
        { "only_banner", 3, "ssh.timeout", "did not finish the handshake within 3 s" },
        { "close", 0.2, "ssh.busy", "closed the connection before SSH began" },
        { "ssh1", 5, "ssh.handshake", "no SSH connection to '127.0.0.1'" },
        { "garbage", 5, "ssh.handshake", "Bad packet length" },
      }
      at_once(rows, function(behaviour, timeout, kind, text)
        expect(kind, true, text, with_peer(behaviour, timeout))
      end)
    end)

    it("a server that makes ssh log without end, which takes no more room than is said", function()
      local err = expect("ssh.handshake", true, "more than the 8 MiB that it may", with_peer("endless_debug", 15))
      assert.is_nil(err.message:find("xxx", 1, true))
    end)

    it("a host key that is unknown, has changed or is revoked", function()
      local own = world.server.session_options.known_hosts
      local shown = assert(file.read(world.dir .. "/host_ed25519.pub")):match("^%S+ %S+")
      local other = assert(file.read(keys .. "/ca.pub")):match("^%S+ %S+")
      local port = world.server.session_options.port
      local function with_known(name, text, more)
        return raised(program(WITH_KEY:gsub("%$known", (world:write(name .. "_known_hosts", text))) .. (more or "")))
      end
      local listing = ssh_far.run({ "ssh-keygen", "-l", "-f", world.dir .. "/host_ed25519.pub" })
      local fingerprint = listing:match("SHA256:%S+")
      local revoked = "RevokedHostKeys " .. world:write("revoked", shown .. "\n") .. "\n"
      at_once({
        { "unknown", "", "ssh.hostkey_unknown", ("ssh-keyscan -p %d '127.0.0.1' >>'"):format(port) },
        { "changed", ("[127.0.0.1]:%d %s\n"):format(port, other), "ssh.hostkey_changed", fingerprint },
        { "marked", ("@revoked * %s\n"):format(shown), "ssh.hostkey_revoked", fingerprint },
        { "listed", assert(file.read(own)), "ssh.hostkey_revoked", "revoked by file", revoked },
      }, function(name, known, kind, text, more)
        local err = expect(kind, false, text, with_known(name, known, more))
        assert.matches(fingerprint, err.message, 1, true)
      end)
    end)

    it("a login that is refused, and no contact after it", function()
      local session <close> = program(REACHES .. "IdentityFile " .. keys .. "/ca\nIdentitiesOnly yes\n")
      expect("ssh.auth", false, ("it offers publickey; tried: %s/ca;"):format(keys),
        far.raised(session.run, session, { command = "true" }))
      local log = world:settled_log()
      expect("ssh.auth", false, "not tried again by this session", far.raised(session.info, session))
      assert.equal(log, world:log())
    end)

    it("a password that the server wants from a person", function()
      local text = REACHES .. "IdentityFile none\n"
      expect("ssh.auth", false, "ssh asks nobody for a passphrase or password", raised(program(text)))
    end)

    it("an account or a jump host that can't be one, which is not tried again", function()
      expect("input.session", false, "remote username contains invalid characters", raised(program(WITH_KEY,
        { user = "$(id)" })))
      local _, err = pcall(program, WITH_KEY, { proxy_jump = "a$(id)" })
      expect("input.session", false, "jump host 'a$(id)' is not of the form", err)
    end)

    it("what it can't be told", function()
      for name, v in pairs({
        password = assert(secret.from_file(world:write("password", "x"))),
        passphrase = assert(secret.from_file(world:write("passphrase", "x"))),
        host_key = "SHA256:" .. ("A"):rep(43),
      }) do
        local err = raised(program(WITH_KEY, { [name] = v }))
        assert.equal("input.session", err.kind)
        assert.matches("transport \"ssh\" to 'aadc': ssh .* " .. "%(" .. name .. ", or %-%-", err.message)
      end
    end)
  end)

  it("shares and forwards nothing, whatever the configuration says", function()
    local session <close> = program(WITH_KEY .. "ForwardAgent yes\nForwardX11 yes\nControlMaster auto\n"
      .. "ControlPath $dir/%C\nControlPersist yes\nLocalForward 127.0.0.1:1 127.0.0.1:1\nPermitLocalCommand yes\n"
      .. "LocalCommand touch $dir/ran\nRemoteCommand touch $dir/ran\nRequestTTY force\nLogLevel QUIET\n")
    assert.equal("not a tty\n\n", session:run({ command = "tty; echo $SSH_AUTH_SOCK" }).stdout)
    assert.is_false(file.exists(world.dir .. "/ran"))
    local listing = io.popen(("ls -A '%s' | grep -cE '^[0-9a-f]{40}$'"):format(world.dir))
    assert.equal(0, listing:read("n"))
    listing:close()
  end)

  it("hands over only what was given, and the host after all options", function()
    local target = { accept_new = false, connect_timeout = 2.5 }
    local given = { host = "aadc", user = "corp\\sync", port = 7, agent = false, proxy_jump = false, ssh_config = "/c" }
    local arguments = table.concat(ssh_program.arguments(given, target, "/log", "true"), " ")
    local rest = " -F /c -J none -l corp\\sync -p 7 -o IdentityAgent=none -- aadc true"
    assert.equal(rest, arguments:sub(-#rest))
    for _, text in ipairs({ "BatchMode=yes", "ConnectTimeout=3", "StrictHostKeyChecking=yes", "ForwardAgent=no" }) do
      assert.matches("-o " .. text, arguments, 1, true)
    end
  end)
end)
