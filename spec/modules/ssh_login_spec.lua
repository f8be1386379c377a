local eventually = require("spec.support.eventually")
local far = require("spec.support.ssh_far")
local file = require("idle.file")
local process = require("idle.process")
local secret = require("idle.secret")

local PASSPHRASE = "correct horse"

-- The keys of an agent of its own, for the length of a spec.
local function start_agent()
  local path = os.tmpname() -- in a name that was never used, because an agent leaves its socket behind
  os.remove(path)
  local agent = assert(process.spawn({ command = { "ssh-agent", "-D", "-a", path } }))
  eventually(function() return file.exists(path) end)
  return agent, path
end

-- ssh-add asks a program for the passphrase if it has no terminal.
local function add_locked(agent, key)
  local answer = key .. ".askpass"
  assert(file.write_private(answer, ("#!/bin/sh\necho '%s'\n"):format(PASSPHRASE)))
  far.run({ "chmod", "700", answer })
  far.run({ "ssh-add", "-q", key }, { SSH_AUTH_SOCK = agent, SSH_ASKPASS = answer, SSH_ASKPASS_REQUIRE = "force" })
end

-- A program of its own, because the agent is found through the environment.
local function login_with_agent(server, options)
  local script = ([[
    local ssh = require("idle.ssh")
    local client, err = ssh.connect({ host = %q, port = %d, user = %q, known_hosts = %q, timeout_ms = 20000,
      identity_file = %s })
    print(client and client:info().auth_method or err.kind .. ": " .. err.message)
    if client then client:close() end]]):format(server.host, server.port, server.user, server.known_hosts,
    options.identity_file and ("%q"):format(options.identity_file) or "nil")
  return far.run({ assert(process.executable()), "-e", script }, { SSH_AUTH_SOCK = options.agent }):match("^(.-)\n$")
end

describe("idle.ssh", function()
  describe("logging in", function()
    local server

    setup(function() server = far.server() end)
    teardown(function() server:stop() end)

    local function accepts(identity_file, passphrase)
      local client <close> = server:connect({ identity_file = identity_file, passphrase = passphrase })
      assert.equal("publickey", client:info().auth_method)
    end

    local function refuses(changes)
      local client, err = server:try(changes)
      assert.is_nil(client)
      return err
    end

    it("works with an ed25519 key", function() accepts(server.identity_file) end)

    it("works with an ECDSA key in PEM format", function()
      accepts(server:new_key("id_pem", { "-t", "ecdsa", "-m", "PEM", "-N", "" }))
    end)

    -- libssh2 1.10 leaks such a key's number, so LeakSanitizer would complain about it.
    it("works with an ECDSA key in OpenSSH's format", function()
      local key = server:new_key("id_ecdsa", { "-t", "ecdsa", "-b", "521", "-N", "" })
      local script = ([[
        local client = assert(require("idle.ssh").connect({ host = %q, port = %d, user = %q, known_hosts = %q,
          identity_file = %q, agent = false, timeout_ms = 20000 }))
        print(client:info().auth_method)]]):format(server.host, server.port, server.user, server.known_hosts, key)
      local command = { assert(process.executable()), "-e", script }
      assert.equal("publickey\n", far.run(command, { ASAN_OPTIONS = "detect_leaks=0" }))
    end)

    it("works with keys that a passphrase protects", function()
      accepts(server:new_key("id_pass", { "-t", "ed25519", "-N", PASSPHRASE }), PASSPHRASE)
      accepts(server:new_key("id_pem_pass", { "-t", "ecdsa", "-m", "PEM", "-N", PASSPHRASE }), PASSPHRASE)
      accepts(server:new_key("id_pkcs8", { "-t", "ecdsa", "-m", "PKCS8", "-N", PASSPHRASE }), PASSPHRASE)
    end)

    it("takes the passphrase from a secret, but not from a closed one", function()
      local passphrase = secret.new(PASSPHRASE)
      accepts(server.dir .. "/id_pass", passphrase)
      passphrase:close()
      assert.equal("secret.closed", refuses({ passphrase = passphrase }).kind)
    end)

    it("says that a passphrase is wrong", function()
      local path = server.dir .. "/id_pass"
      local err = refuses({ identity_file = path, passphrase = "wrong" })
      assert.equal("ssh.auth", err.kind)
      assert.equal(("the passphrase of identity file '%s' is wrong"):format(path), err.message)
      err = refuses({ identity_file = server.dir .. "/id_pkcs8", passphrase = "wrong" })
      assert.equal("ssh.auth", err.kind)
      assert.matches("the passphrase is wrong", err.message)
    end)

    it("says what is wrong with an identity file before it connects", function()
      local function fault(path, text)
        if text then assert(file.write_private(path, text)) end
        local err = refuses({ identity_file = path, port = 1 })
        assert.equal("input.session", err.kind)
        return err.message:gsub(path:gsub("%p", "%%%0"), "FILE")
      end
      local other = server.dir .. "/other"
      assert.equal("identity file 'FILE' does not exist; check its path", fault("/nowhere/id"))
      assert.equal("identity file 'FILE' is a folder; name the key file in it", fault(server.dir))
      assert.equal("identity file 'FILE' is not a private key", fault(other, "hello"))
      assert.matches("^identity file 'FILE' is a public key; name the private key",
        fault(server.identity_file .. ".pub"))
      assert.matches("^identity file 'FILE' is a PuTTY key; convert it", fault(other, "PuTTY-User-Key-File-3: x"))
      assert.matches("^identity file 'FILE' is damaged",
        fault(other, "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"))
      assert.matches("^identity file 'FILE' is protected by a passphrase; "
        .. "give it %(passphrase, or %-%-passphrase%-file%), or .* add the key to it %(ssh%-add%)",
        fault(server.dir .. "/id_pass"))
    end)

    it("refuses a private key that others can read, as ssh does", function()
      local path = server:new_key("id_open")
      for _, mode in ipairs({ "640", "604" }) do
        far.run({ "chmod", mode, path })
        local err = refuses({ identity_file = path, port = 1 })
        assert.equal("input.session", err.kind)
        assert.equal(("identity file '%s' is not used: its group or others can read it; use chmod 600"):format(path),
          err.message)
      end
      far.run({ "chmod", "400", path })
      accepts(path)
    end)

    it("looks for `~` in the account's home where HOME is not set", function()
      local home = far.run({ "sh", "-c", 'getent passwd "$(id -u)"' }):match("^.*:(.*):")
      local script = [[
        local options = { host = "127.0.0.1", port = 1, identity_file = "~/no such key", timeout_ms = 1000 }
        print(select(2, require("idle.ssh").connect(options)).message)
        options.timeout_ms = nil
        print(select(2, pcall(function() require("idle").ssh_session(options):run({ command = "true" }) end)))]]
      local fault = ("identity file '%s/no such key' does not exist; check its path\n"):format(home)
      for _, value in ipairs({ false, "" }) do
        assert.equal(fault:rep(2), far.run({ assert(process.executable()), "-e", script }, { HOME = value }))
      end
    end)

    it("names what the server offers and what was tried", function()
      local path = server.dir .. "/stranger"
      far.new_key(path)
      local err = refuses({ identity_file = path, password = "not offered" })
      assert.equal("ssh.auth", err.kind)
      assert.matches("refused the login of '" .. server.user .. "'; it offers publickey; tried: identity file '"
        .. path .. "' (refused), password (not offered); check the account", err.message, 1, true)
    end)

    it("says when there was nothing to try", function()
      local err = refuses({ identity_file = false })
      assert.equal("ssh.auth", err.kind)
      assert.matches("tried: nothing, because no credential for that was given; name a private key (identity_file, or "
        .. "--identity), or add one to the agent (ssh-add); no default key is tried", err.message, 1, true)
    end)

    it("tells the owner of an RSA key why it is refused, and what to do", function()
      local err = refuses({ identity_file = server:new_key("id_rsa", { "-t", "rsa", "-b", "2048", "-N", "" }) })
      assert.equal("ssh.auth", err.kind)
      assert.matches("signs with RSA keys only by SHA%-1, which OpenSSH refuses since 8%.8: make an ed25519 key",
        err.message)
      assert.is_true(err.ssh_would_help)
    end)

    it("tries a refused key once (row: login refused)", function()
      local before = #server:settled_log()
      refuses({ identity_file = server.dir .. "/stranger" })
      assert.equal(1, select(2, server:settled_log():sub(before + 1):gsub("Failed publickey", "")))
    end)

    it("uses the keys of an agent", function()
      local agent <close>, path = start_agent()
      assert.truthy(agent)
      far.run({ "ssh-add", "-q", server.identity_file }, { SSH_AUTH_SOCK = path })
      assert.equal("agent", login_with_agent(server, { agent = path }))
    end)

    it("takes only the key of a locked identity file from the agent", function()
      local agent <close>, path = start_agent()
      local locked = server.dir .. "/id_pass"
      far.run({ "ssh-add", "-q", server.identity_file }, { SSH_AUTH_SOCK = path })
      local outcome = login_with_agent(server, { agent = path, identity_file = locked })
      assert.matches(("tried: identity file '%s' (it has a passphrase, which was not given, and no agent holds the "
        .. "key); give the passphrase (passphrase, or --passphrase-file), or add the key to the agent: ssh-add '%s'")
        :format(locked, locked), outcome, 1, true)
      add_locked(path, locked)
      assert.equal("agent", login_with_agent(server, { agent = path, identity_file = locked }))
      assert.truthy(agent)
    end)

    it("does without an agent that is not there", function()
      assert.matches("^ssh%.auth: .*tried: nothing", login_with_agent(server, { agent = server.dir .. "/no.sock" }))
    end)

    it("does without an agent that closes its socket", function()
      local path = server.dir .. "/broken.sock"
      local script = 'local s = require("socket.unix")() s:bind(arg[1]) s:listen() print() io.stdout:flush() '
        .. 'while true do s:accept():close() end'
      local broken <close> = assert(process.spawn({ command = { "lua5.4", "-e", script, "-", path } }))
      assert(broken:read_line(far.SOON))
      local outcome = login_with_agent(server, { agent = path })
      assert.matches("^ssh%.auth: .*tried: the agent %(it did not list its keys%)", outcome)
    end)
  end)

  describe("logging in by password", function()
    local function server_with(lines, account)
      table.insert(lines, 1, "PubkeyAuthentication no")
      return far.server({ config = lines, env = { LD_PRELOAD = far.STAND_IN, IDLE_ACCOUNT = account } })
    end

    local function refuses(server, password)
      local client, err = server:try({ identity_file = false, password = password or far.PASSWORD })
      assert.is_nil(client)
      assert.equal("ssh.auth", err.kind)
      assert.same({ "auth", true }, { err.phase, err.credential_sent })
      assert.is_nil(err.message:find(password or far.PASSWORD, 1, true))
      return err
    end

    local function count(text, words) return select(2, text:gsub(words, "")) end

    it("works with the method password", function()
      local server <close> = server_with({ "PasswordAuthentication yes" })
      local client <close> = server:connect({ identity_file = false, password = secret.new(far.PASSWORD) })
      assert.equal("password", client:info().auth_method)
    end)

    it("works with the method keyboard-interactive", function()
      local server <close> = server_with({ "UsePAM yes", "KbdInteractiveAuthentication yes" })
      local client <close> = server:connect({ identity_file = false, password = far.PASSWORD })
      assert.equal("keyboard-interactive", client:info().auth_method)
    end)

    it("tells when the password was given, once, and before the answer", function()
      local server <close> = server_with({ "UsePAM yes", "KbdInteractiveAuthentication yes" }, "otp")
      local told, is_answered = {}, false
      local options = { identity_file = false, on_password = function() told[#told + 1] = is_answered end }
      options.password = far.PASSWORD
      assert.is_nil(server:try(options))
      is_answered = true
      assert.same({ false }, told)
      server:try({ identity_file = false, on_password = options.on_password })
      assert.equal(1, #told)
      local friendly <close> = server_with({ "PasswordAuthentication yes" })
      local client <close> = friendly:connect(options) -- luacheck: ignore client
      assert.equal(2, #told)
    end)

    it("asks for a password where nothing else is taken", function()
      local server <close> = server_with({ "PasswordAuthentication yes" })
      local _, err = server:try({ identity_file = false })
      assert.matches("; give a password (password, or --password-file)", err.message, 1, true)
    end)

    it("gives a wrong password once, whatever else is offered (row: login refused)", function()
      local server <close> = server_with({
        "UsePAM yes", "PasswordAuthentication yes", "KbdInteractiveAuthentication yes",
      })
      local err = refuses(server, "wrong secret")
      assert.matches("it offers password,keyboard-interactive; tried: password (refused);", err.message, 1, true)
      local log = server:settled_log()
      assert.same({ 1, 0 }, { count(log, "Failed password"), count(log, "keyboard%-interactive") })
    end)

    it("says that the password has expired, and never changes it (row: expired password)", function()
      local server <close> = server_with({ "UsePAM yes", "KbdInteractiveAuthentication yes" }, "expired")
      assert.equal(("the password of '%s' at 'ssh://127.0.0.1:%d' has expired; change it there")
        :format(server.user, server.port), refuses(server).message)
      -- Two questions: for the password, which was right, and for a new one. To that nothing was said, not even an
      -- empty line, which this server would have taken.
      local log = server:settled_log()
      assert.same({ 1, 1, 0, 0 }, {
        count(log, "Postponed keyboard%-interactive for"), count(log, "Postponed keyboard%-interactive/pam"),
        count(log, "Failed"), count(log, "Accepted"),
      })
    end)

    -- 20, 30 and 21 exchange keys, 5 asks for the service, 50 is a login: by no method, which tells what is offered,
    -- then by the password. A third one would hold a new password.
    it("gives no new one to a server that wants it instead (row: expired password)", function()
      local server <close> = far.expired_sshd()
      local client, err = server:try(far.SOON, { host_key = server.fingerprint, password = far.PASSWORD })
      assert.is_nil(client)
      assert.same({ "ssh.auth", "auth", true }, { err.kind, err.phase, err.credential_sent })
      assert.equal(("the password of 'somebody' at 'ssh://127.0.0.1:%d' has expired; change it there")
        :format(server.port), err.message)
      assert.matches("^20 30 21 5 50 50 1? ?end$", server:next_report())
    end)

    it("says so where the server lets in and runs nothing but the change (row: expired password)", function()
      local server <close> = server_with({ "PasswordAuthentication yes" }, "expired")
      local session <close> = require("idle").ssh_session({
        host = server.host, port = server.port, user = server.user, known_hosts = server.known_hosts, agent = false,
        password = secret.new(far.PASSWORD),
      })
      local _, err = pcall(session.InvokeCommand, session, "Get-Date", {})
      assert.same({ "ssh.auth", "none", false }, { err.kind, err.effect, err.transient })
      assert.matches("was not started: the password has expired; change it there", err.message, 1, true)
      assert.equal(1, count(server:log(), "Accepted password"))
    end)

    it("names the prompt that it can't answer (row: expired password or prompts)", function()
      local server <close> = server_with({ "UsePAM yes", "KbdInteractiveAuthentication yes" }, "otp")
      assert.matches("tried: keyboard-interactive (refused); the server asked 'Verification code: ', for which there "
        .. "is no answer: log in by a key", refuses(server).message, 1, true)
      assert.equal(1, count(server:settled_log(), "Failed keyboard%-interactive"))
    end)

    it("does not give the password, or say so, where a key does", function()
      local server <close> = far.server({ config = { "PasswordAuthentication yes" } })
      local client <close> = server:connect({ password = far.PASSWORD, on_password = function() error("given") end })
      assert.equal("publickey", client:info().auth_method)
    end)

    it("follows a key by a password where the server wants both", function()
      local server <close> = far.server({
        config = { "AuthenticationMethods publickey,password", "PasswordAuthentication yes" },
        env = { LD_PRELOAD = far.STAND_IN },
      })
      local client <close> = server:connect({ password = far.PASSWORD })
      assert.equal("password", client:info().auth_method)
    end)
  end)
end)
