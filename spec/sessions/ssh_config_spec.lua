local child = require("spec.support.child")
local configured = require("spec.support.ssh_configured")
local far = require("spec.support.far")
local file = require("idle.file")
local loop = require("idle.loop")
local secret = require("idle.secret")
local ssh_config = require("idle.sessions.ssh_config")
local ssh_far = require("spec.support.ssh_far")
local ssh_session = require("idle.sessions.ssh")

-- All that it takes to reach the far end.
local REACHES = "HostName $host\nPort $port\nUser $user\nIdentityFile $key\nUserKnownHostsFile $known\n"

describe("idle.sessions.ssh_config", function()
  local dir

  setup(function() dir = assert(file.temp_dir("idle-config-")) end)

  teardown(function() file.remove_all(dir) end)

  local files = 0

  -- A file of its own for each: answers are kept.
  local function read(text, query)
    files = files + 1
    local path = ("%s/config%d"):format(dir, files)
    assert(file.write_private(path, text))
    local complete = { host = "aadc", ssh_config = path }
    for name, v in pairs(query or {}) do complete[name] = v end
    return ssh_config.read(complete), path
  end

  it("reads every word that a session follows", function()
    local facts = read([[
      Host aadc
        HostName %h.corp.example
        Port 2222
        User svc-sync
        IdentityFile ~/.ssh/%r_%p
        IdentityFile "/keys/with a space"
        IdentitiesOnly yes
        IdentityAgent /run/agent.%h
        UserKnownHostsFile /etc/aad/known_hosts "/etc/with a space"
        GlobalKnownHostsFile /etc/aad/global
        HostKeyAlias aad-prod
        StrictHostKeyChecking accept-new
        ConnectTimeout 1m
        ServerAliveInterval 7
        ServerAliveCountMax 4
        ProxyJump ops@bastion:2200,inner]])
    assert.same({ "aadc.corp.example", 2222, "svc-sync" }, { facts.host_name, facts.port, facts.user })
    local home = facts.identity_files[1]:match("^(/.*)/%.ssh/svc%-sync_2222$")
    assert.is_string(home)
    assert.equal("/keys/with a space", facts.identity_files[2])
    assert.same({ true, "/run/agent.aadc.corp.example" }, { facts.identities_only, facts.agent })
    assert.same({ "/etc/aad/known_hosts", "/etc/with a space", "/etc/aad/global" }, facts.known_hosts)
    assert.same({ "aad-prod", "accept-new" }, { facts.host_key_alias, facts.strict_host_key })
    assert.same({ 60, 7, 4 }, { facts.connect_timeout, facts.alive_interval, facts.alive_count_max })
    assert.equal("ops@bastion:2200,inner", facts.proxy_jump)
    assert.same({}, facts.unsupported)
  end)

  it("knows what ssh takes where nothing is written", function()
    local facts = read("")
    assert.same({ "aadc", 22, "yes" }, { facts.host_name, facts.port, facts.strict_host_key })
    assert.matches("/%.ssh/id_ed25519", table.concat(facts.identity_files, "\n"))
    assert.matches("^/.*/%.ssh/known_hosts$", facts.known_hosts[1])
    assert.equal("/etc/ssh/ssh_known_hosts", facts.known_hosts[3])
    assert.is_nil(facts.connect_timeout or facts.alive_interval or facts.proxy_jump or facts.host_key_alias
      or facts.agent)
    assert.same({}, facts.unsupported)
  end)

  it("follows Include, Match host, Match user and patterns", function()
    assert(file.write_private(dir .. "/included", "Host aad*\n  User from-include\n"))
    local text = ([[
      Include %s/included
      Match host aadc user from-include
        Port 1001
      Match originalhost aadc user given
        Port 1002
      Host !aadc *
        Port 1003]]):format(dir)
    assert.same({ "from-include", 1001 }, (function(f) return { f.user, f.port } end)(read(text)))
    assert.equal(1002, read(text, { user = "given" }).port)
    assert.equal(1003, read(text, { host = "other" }).port)
    assert.equal(7, read(text, { port = 7 }).port)
  end)

  it("takes an agent that is named by a variable, or none", function()
    assert.equal("none", read("Host aadc\n  IdentityAgent none").agent)
    assert.is_nil(read("Host aadc\n  IdentityAgent SSH_AUTH_SOCK").agent)
    assert.equal("none", read("Host aadc\n  IdentityAgent $IDLE_NO_SUCH_AGENT").agent)
    assert.equal(os.getenv("HOME"), read("Host aadc\n  IdentityAgent $HOME").agent)
  end)

  it("names what our own transport can't follow, and only where it is set", function()
    local rows = {
      "ProxyCommand nc %h %p", "CertificateFile ~/.ssh/cert.pub", "PKCS11Provider /usr/lib/p11.so",
      "SecurityKeyProvider /usr/lib/sk.so", "KnownHostsCommand /bin/true %H", "RevokedHostKeys /etc/ssh/revoked",
      "VerifyHostKeyDNS yes", "BindAddress 127.0.0.1", "BindInterface lo", "AddressFamily inet6",
      "Ciphers aes256-ctr", "MACs hmac-sha2-512", "KexAlgorithms curve25519-sha256", "HostKeyAlgorithms ssh-ed25519",
      "PubkeyAcceptedAlgorithms ssh-ed25519", "CASignatureAlgorithms ssh-ed25519", "PreferredAuthentications publickey",
      "PubkeyAuthentication no", "HostbasedAuthentication yes", "CheckHostIP yes", "SetEnv A=b", "RekeyLimit 1G",
      "RequiredRSASize 3072",
    }
    local lines, names = {}, {}
    for index, row in ipairs(rows) do lines[index], names[index] = "  " .. row, row:match("^%S+") end
    table.sort(names)
    local text = "Host aadc\n" .. table.concat(lines, "\n")
    assert.same(names, read(text).unsupported)
    assert.same({}, read(text, { host = "other" }).unsupported)
    assert.same({}, read("Host aadc\n  ProxyCommand none\n  CertificateFile none").unsupported)
    assert.same({ "PasswordAuthentication" },
      read("Host aadc\n  PasswordAuthentication no").unsupported_with_password)
  end)

  it("is not put off by what Debian sets for every host", function()
    local facts = read("Host *\n  SendEnv LANG LC_*\n  HashKnownHosts yes\n  GSSAPIAuthentication yes\n"
      .. "  ForwardAgent yes\n  Compression yes\n  ControlMaster auto\n  ControlPath ~/.ssh/%C\n")
    assert.same({}, facts.unsupported)
    assert.same({}, facts.unsupported_with_password)
  end)

  it("names the file and the line of what is wrong", function()
    local err, path
    local function refusal(text)
      local ok
      files = files + 1
      path = ("%s/config%d"):format(dir, files)
      assert(file.write_private(path, text))
      ok, err = pcall(ssh_config.read, { host = "aadc", ssh_config = path })
      assert.is_false(ok)
      assert.equal("input.session", err.kind)
      return err.message
    end
    assert.equal(("the SSH configuration for 'aadc' can't be used: %s: line 2: Bad configuration option: prot"):format(
      dir .. "/config" .. files + 1), refusal("Host aadc\n  Prot 22\n"))
    assert.matches("line 1: Bad port '99999'", refusal("Port 99999\n"))
    local missing = far.raised(ssh_config.read, { host = "aadc", ssh_config = dir .. "/no such file" })
    assert.equal("input.session", missing.kind)
    assert.matches("no such file: No such file or directory", missing.message)
  end)

  it("asks ssh once for the same host, however many want to know", function()
    local asked = dir .. "/asked"
    local path = dir .. "/exec"
    assert(file.write_private(path, ("Match exec \"echo x >>%s\"\n  User from-exec\n"):format(asked)))
    local tasks = {}
    for index = 1, 5 do
      tasks[index] = loop.spawn(function() return ssh_config.read({ host = "aadc", ssh_config = path }).user end)
    end
    for _, task in ipairs(tasks) do assert.equal("from-exec", task:join()) end
    assert.equal("x\n", file.read(asked))
  end)

  it("asks for hundreds of hosts with few files open", function()
    local path = dir .. "/many"
    assert(file.write_private(path, "Host host1*\n  Port 1001\n"))
    local outcome = child.run({ program = "prlimit", "--nofile=64", child.PROGRAM, "-e", ([[
      local idle, ssh_config = require "idle", require "idle.sessions.ssh_config"
      local tasks, sum = {}, 0
      for index = 1, 100 do
        tasks[index] = function()
          local port = ssh_config.read({ host = "host" .. index, ssh_config = %q }).port
          sum = sum + port
        end
      end
      idle.gather(tasks)
      print(sum)]]):format(path) })
    assert.same({ "13948\n", "" }, { outcome.stdout, outcome.stderr })
  end)

  it("reads the user's own files where nothing else is said", function()
    local facts = ssh_config.read({ host = "localhost", user = "svc-sync", port = 2222 })
    assert.same({ "svc-sync", 2222, "string" }, { facts.user, facts.port, type(facts.host_name) })
  end)

  it("reads nothing where none is wanted", function()
    assert.is_nil(ssh_config.read({ host = "aadc", ssh_config = false }))
  end)

  it("says once that checks of host keys are not switched off", function()
    local path = dir .. "/lax"
    assert(file.write_private(path, "Host aad*\n  StrictHostKeyChecking no\n"))
    local outcome = child.run({ "-e", ([[
      local ssh_config = require "idle.sessions.ssh_config"
      for _ = 1, 2 do print(ssh_config.read({ host = "aadc", ssh_config = %q }).strict_host_key) end]]):format(path) })
    assert.equal("yes\nyes\n", outcome.stdout)
    assert.equal("idle-lua: warning: the SSH configuration says 'StrictHostKeyChecking no' for 'aadc', which is not "
      .. "followed: an unknown or changed host key is refused\n", outcome.stderr)
  end)

  it("says what is not read where there is no ssh", function()
    local home = dir .. "/home"
    assert(file.mkdir(home))
    assert(file.mkdir(home .. "/.ssh"))
    assert(file.write_private(home .. "/.ssh/config", "Host aadc\n  Port 2222\n"))
    local outcome = child.run({ "-e", [[
      local ssh_config = require "idle.sessions.ssh_config"
      for _ = 1, 2 do print(ssh_config.read({ host = "aadc" })) end
      print(pcall(ssh_config.read, { host = "aadc", ssh_config = "/etc/ssh/ssh_config" }))]],
      env = { HOME = home, PATH = dir } })
    assert.equal("nil\nnil\nfalse\tssh_config '/etc/ssh/ssh_config' can't be read, because ssh is not installed; "
      .. "install openssh-client\n", outcome.stdout)
    assert.equal(("idle-lua: warning: '%s/.ssh/config' is not read, because ssh is not installed; install "
      .. "openssh-client, or use ssh_config = false (--no-ssh-config)\n"):format(home), outcome.stderr)
  end)

  it("says so as well where the system does not know the user", function()
    if ssh_far.run({ "id", "-u" }) ~= "0\n" then return pending("takes root to be somebody else") end
    local home = dir .. "/nobody"
    assert(file.mkdir(home))
    assert(file.mkdir(home .. "/.ssh"))
    assert(file.write_private(home .. "/.ssh/config", ""))
    ssh_far.run({ "chmod", "-R", "a+rX", dir })
    local outcome = child.run({ "--reuid=54321", "--clear-groups", child.PROGRAM, "-e",
      "print(require('idle.sessions.ssh_config').read({ host = 'aadc' }))",
      program = "setpriv", env = { HOME = home } })
    assert.equal("nil\n", outcome.stdout)
    assert.matches("/.ssh/config' is not read, because the system does not know the user that runs this",
      outcome.stderr, 1, true)
  end)

  describe("for a session", function()
    local world

    setup(function() world = configured.start() end)

    teardown(function() getmetatable(world).__close(world) end)

    local function raised(text, more)
      local session <close> = world:session(text, more)
      return far.raised(session.run, session, { command = "true" })
    end

    it("makes a name a server", function()
      local session <close> = world:session("Host aadc\n" .. REACHES)
      assert.equal("x\n", session:run({ command = "echo x" }).stdout)
      assert.matches("T", (session:InvokeCommand("Get-Date", {})))
    end)

    it("gives way to explicit fields", function()
      local facts = world.server.session_options
      local session <close> = world:session("Host aadc\n  HostName $host\n  Port 1\n  User nobody\n"
        .. "  IdentityFile /no/key\n  UserKnownHostsFile /dev/null\n",
        { port = facts.port, user = facts.user, identity_file = facts.identity_file, known_hosts = facts.known_hosts })
      assert.equal("x\n", session:run({ command = "echo x" }).stdout)
    end)

    it("still refuses an unknown host key where checking is off", function()
      local path = world:configure("Host aadc\n" .. REACHES:gsub("%$known", "/dev/null")
        .. "StrictHostKeyChecking off\n")
      for _, transport in ipairs({ "libssh2", "ssh" }) do
        local outcome = child.run({ "-e", ([[
          local idle = require "idle"
          local session <close> = idle.ssh_session{ host = "aadc", ssh_config = %q, transport = %q }
          session:run{ command = "true" }]]):format(path, transport) })
        assert.matches("the host key of '[^']+' is ", outcome.stderr)
        assert.matches("warning: the SSH configuration says 'StrictHostKeyChecking no'", outcome.stderr, 1, true)
      end
    end)

    it("is an error that names host and word where it can't be followed", function()
      local text = "Host aadc\n" .. REACHES .. "ProxyCommand nc %h %p\nCiphers aes256-ctr\n"
      local err = raised(text, { transport = "libssh2" })
      assert.same({ "input.session", "none" }, { err.kind, err.effect })
      assert.matches("sets Ciphers, ProxyCommand for 'aadc', which transport \"libssh2\" can't do",
        err.message, 1, true)
      err = raised(text, { password = assert(secret.from_file(world:write("password", "sesame"))) })
      assert.equal("input.session", err.kind)
      assert.matches("needs the system's ssh, but ssh takes no password", err.message, 1, true)
    end)

    it("that is none is one for the session, too", function()
      assert.equal("input.session", raised("Host aadc\n  Prot 22\n").kind)
      local session <close> = ssh_session({ host = "aadc", ssh_config = world.dir .. "/none" })
      assert.matches("/none: No such file", far.raised(session.run, session, { command = "true" }).message)
    end)
  end)
end)
