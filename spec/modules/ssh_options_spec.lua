local eventually = require("spec.support.eventually")
local far = require("spec.support.ssh_far")
local file = require("idle.file")
local idle = require("idle")
local loop = require("idle.loop")
local netns = require("spec.support.netns")
local process = require("idle.process")

local PASSPHRASE = "correct horse"

local function count(text, words) return select(2, text:gsub(words, "")) end

-- An agent of its own; its socket is made in a folder that the server removes.
local function start_agent(server, name)
  local path = ("%s/%s.sock"):format(server.dir, name)
  local agent = assert(process.spawn({ command = { "ssh-agent", "-D", "-a", path } }))
  eventually(function() return file.exists(path) end)
  return agent, path
end

local function add_key(socket, key) far.run({ "ssh-add", "-q", key }, { SSH_AUTH_SOCK = socket }) end

-- The file that ssh-keygen makes for a security key, which is not at hand here.
local function security_key(path)
  local function text(s) return (">s4"):pack(s) end
  local public = text("sk-ssh-ed25519@openssh.com") .. text(("k"):rep(32)) .. text("ssh:")
  local container = "openssh-key-v1\0" .. text("none") .. text("none") .. text("") .. (">I4"):pack(1) .. text(public)
    .. text(("p"):rep(8))
  local base64 = require("idle.base64").encode(container)
  assert(file.write_private(path, ("-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n")
    :format(base64)))
  return path
end

describe("idle.ssh", function()
  local server, stranger, locked

  setup(function()
    server = far.server()
    stranger = server.dir .. "/stranger"
    far.new_key(stranger)
    locked = server:new_key("id_locked", { "-t", "ed25519", "-N", PASSPHRASE })
  end)
  teardown(function() server:stop() end)

  local function accepts(method, changes)
    changes.identity_file = changes.identity_file or false
    local client <close> = server:connect(changes)
    assert.equal(method, client:info().auth_method)
  end

  local function refuses(changes)
    changes.identity_file = changes.identity_file or false
    local client, err = server:try(changes)
    assert.is_nil(client)
    assert.equal("ssh.auth", err.kind)
    return err
  end

  -- Attempts with a key that the server's log shows for what `f` does.
  local function attempts(f, ...)
    local before = #server:settled_log()
    f(...)
    local log = server:settled_log():sub(before + 1)
    return count(log, "Failed publickey") + count(log, "Accepted publickey")
  end

  describe("given several identity files", function()
    it("tries them in order until one is taken, and skips those that do not exist", function()
      assert.equal(2, attempts(accepts, "publickey", {
        identity_files = { "/nowhere/id", stranger, server.dir .. "/authorized_keys/id", server.identity_file },
      }))
    end)

    it("tries each of them once, however often it is named", function()
      assert.equal(1, attempts(function()
        local err = refuses({ identity_file = stranger, identity_files = { stranger, stranger } })
        assert.equal(1, count(err.message, "stranger' %(refused%)"))
      end))
    end)

    it("names those that libssh2 can't use, and why", function()
      local rsa = server:new_key("id_rsa", { "-t", "rsa", "-b", "2048", "-N", "" })
      local sk = security_key(server.dir .. "/id_sk")
      local err = refuses({ identity_files = { rsa, sk, locked, stranger, server.dir .. "/sshd_config" } })
      assert.matches(("; tried: identity file '%s' (refused); passed over: identity file '%s', which is an RSA key, "
        .. "with which libssh2 can't log in here, identity file '%s', which is on a security key, which libssh2 can't")
        :format(stranger, rsa, sk), err.message, 1, true)
      assert.matches(("identity file '%s/sshd_config', which is not a private key, identity file '%s', which has a "
        .. "passphrase, which was not given, and no agent holds the key"):format(server.dir, locked), err.message, 1,
        true)
      assert.is_true(err.ssh_would_help)
      accepts("publickey", { identity_files = { rsa, sk, locked, server.identity_file } })
    end)

    it("opens those that a passphrase protects, and passes over those that it does not open", function()
      accepts("publickey", { identity_files = { stranger, locked }, passphrase = PASSPHRASE })
      local err = refuses({ identity_files = { locked }, passphrase = "wrong" })
      assert.matches("tried: nothing; passed over: identity file '" .. locked .. "', which can't be opened: the "
        .. "passphrase is wrong", err.message, 1, true)
      assert.is_false(err.credential_sent)
    end)

    it("stops before the server disconnects", function()
      local keys = {}
      for i = 1, 7 do
        keys[i] = ("%s/stranger_%d"):format(server.dir, i)
        far.new_key(keys[i])
      end
      local err = refuses({ identity_files = keys })
      assert.equal(5, count(err.message, "%(refused%)"))
      assert.matches("no further identity file (the server would disconnect)", err.message, 1, true)
    end)
  end)

  describe("given an agent", function()
    it("finds it at the socket that is named", function()
      local agent <close>, path = start_agent(server, "named")
      add_key(path, server.identity_file)
      accepts("agent", { agent = true, agent_socket = path })
      local err = refuses({ agent = true, agent_socket = server.dir .. "/no.sock" })
      assert.matches("tried: nothing", err.message)
      assert.truthy(agent)
    end)

    it("takes only the keys that identity files name, if asked to", function()
      local agent <close>, path = start_agent(server, "only")
      add_key(path, server.identity_file)
      local options = { agent = true, agent_socket = path, identities_only = true }
      local err = refuses({
        agent = true, agent_socket = path, identities_only = true, identity_files = { stranger },
      })
      assert.is_nil(err.message:find("agent key", 1, true))
      -- The private key is nowhere but in the agent.
      local public = server.dir .. "/moved"
      assert(file.write_private(public .. ".pub", assert(file.read(server.identity_file .. ".pub"))))
      for _, name in ipairs({ public, public .. ".pub" }) do
        options.identity_files = { name }
        accepts("agent", options)
      end
      assert.truthy(agent)
    end)

    it("looks there for the public half beside a locked key in PEM format", function()
      local agent <close>, path = start_agent(server, "pem")
      local pem = server:new_key("id_pem", { "-t", "ecdsa", "-m", "PEM", "-N", "" })
      add_key(path, pem)
      far.run({ "ssh-keygen", "-q", "-p", "-m", "PEM", "-N", PASSPHRASE, "-f", pem })
      accepts("agent", { agent = true, agent_socket = path, identities_only = true, identity_files = { pem } })
      assert.truthy(agent)
    end)
  end)

  describe("an error of connecting", function()
    it("says in which phase, and whether anything of a credential was sent", function()
      local function facts(changes)
        local client, err = server:try(changes)
        assert.is_nil(client)
        return { err.phase, err.credential_sent }
      end
      assert.same({ "dial", false }, facts({ port = 1 }))
      assert.same({ "handshake", false }, facts({ known_hosts = "/nowhere" }))
      assert.same({ "auth", false }, facts({ identity_file = false }))
      assert.same({ "auth", true }, facts({ identity_file = stranger }))
      assert.same({}, facts({ identity_file = "/nowhere/id" }))
    end)

    it("says nothing of ssh where that could do no better", function()
      assert.is_nil(refuses({ identity_file = stranger }).ssh_would_help)
    end)

    it("says that ssh would help where Kerberos is offered", function()
      local kerberos <close> = far.server({ config = { "GSSAPIAuthentication yes" } })
      local client, err = kerberos:try({ identity_file = false })
      assert.is_nil(client)
      assert.matches("it offers publickey,gssapi-keyex,gssapi-with-mic;", err.message, 1, true)
      assert.is_true(err.ssh_would_help)
    end)
  end)

  describe("signs of life", function()
    -- Runs a silent command, lets `change` happen, and tells why and how soon the command was given up.
    local function loses(distant, network, number, change)
      local address = network:address(number)
      local client <close> = distant:connect({
        host = address, host_key = distant:fingerprint(), alive_interval_ms = 2000, alive_count_max = 1,
      })
      local pipe <close> = assert(client:exec("cat", far.SOON))
      network:drop(address)
      change(address)
      local begun = loop.monotonic()
      local _, err = pipe:read_all(far.SOON)
      assert.same({ "ssh.lost", "unknown" }, { err.kind, err.effect })
      return err.message, loop.monotonic() - begun
    end

    it("find out that nothing comes back any more while a command runs (row: half-open connection)", function()
      if not netns.is_possible() then return pending("making network namespaces takes root") end
      local network <close> = netns.new()
      local distant <close> = far.server({ address = "0.0.0.0", within = network.within })
      idle.gather({
        function()
          local message, seconds = loses(distant, network, 1, function() end)
          assert.matches("Connection timed out", message, 1, true)
          assert.is_true(seconds < 2 * 2 + 1, ("after %.1f s"):format(seconds))
        end,
        function()
          -- The server comes back and does not know the connection; its last words were lost.
          local message, seconds = loses(distant, network, 2, function(address)
            network:run({ "ss", "-K", "src", address })
            network:pass(address)
          end)
          assert.matches("Connection reset by peer", message, 1, true)
          assert.is_true(seconds < 2 + 1, ("after %.1f s"):format(seconds))
        end,
      })
    end)

    it("are checked", function()
      for _, options in ipairs({
        { alive_interval_ms = 1999 }, { alive_interval_ms = 3600001 }, { alive_interval_ms = 1 << 40 },
        { alive_count_max = -1 }, { alive_count_max = 101 },
      }) do
        local client, err = server:try(options)
        assert.is_nil(client)
        assert.equal("input.session", err.kind)
      end
      assert.has_error(function() server:try({ alive_count_max = 0 }) end,
        "option 'alive_count_max' of ssh.connect must not be 0")
    end)
  end)

  it("raises for lists that are none", function()
    for value, message in pairs({
      ["/id"] = "option 'identity_files' of ssh.connect must be a list of paths",
      [{ 1 }] = "option 'identity_files' of ssh.connect must list paths, each a string that is not empty",
      [{ "" }] = "option 'identity_files' of ssh.connect must list paths, each a string that is not empty",
    }) do
      assert.has_error(function() server:try({ identity_files = value }) end, message)
    end
    assert.has_error(function() server:try({ known_hosts = {} }) end,
      "option 'known_hosts' of ssh.connect lists no path")
  end)
end)
