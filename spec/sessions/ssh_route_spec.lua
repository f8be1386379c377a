local base64 = require("idle.base64")
local child = require("spec.support.child")
local config_files = require("spec.support.config_files")
local far = require("spec.support.far")
local file = require("idle.file")
local ssh_far = require("spec.support.ssh_far")
local ssh_route = require("idle.sessions.ssh_route")

describe("idle.sessions.ssh_route", function()
  local files

  setup(function() files = config_files.new() end)
  teardown(function() files:close() end)

  local function given(text, more)
    local fields = files:fields(text, more)
    fields.transport = fields.transport or "auto"
    return fields
  end

  -- Only one of them keeps a chain of servers.
  local function chosen(text, more)
    return ssh_route.choose(given(text, more), {}).chain and "libssh2" or "ssh"
  end

  it("is our own connection unless the configuration needs more", function()
    assert.equal("libssh2", chosen(""))
    assert.equal("libssh2", chosen("Host aadc\nProxyJump hop\nIdentitiesOnly yes\nStrictHostKeyChecking accept-new\n"))
    assert.equal("libssh2", chosen("Host other\nProxyCommand x\n"))
    assert.equal("ssh", chosen("Host aadc\nProxyCommand x\n"))
    assert.equal("ssh", chosen("Host aadc\nCertificateFile x\n"))
  end)

  it("is the system's ssh if a jump host needs more", function()
    assert.equal("ssh", chosen("Host aadc\nProxyJump hop\nHost hop\nCertificateFile x\n"))
    local err = far.raised(chosen, "Host aadc\nProxyJump hop\nHost hop\nCertificateFile x\n", { transport = "libssh2" })
    assert.matches("the SSH configuration sets CertificateFile for 'hop', which transport \"libssh2\" can't do",
      err.message, 1, true)
  end)

  it("is what the fields say", function()
    assert.equal("ssh", chosen("", { transport = "ssh" }))
    assert.equal("libssh2", chosen("", { transport = "libssh2" }))
    assert.equal("libssh2", chosen("Host aadc\nProxyJump hop\nHost hop\nCertificateFile x\n", { proxy_jump = false }))
  end)

  it("counts words about passwords only where there is a password", function()
    local text = "Host aadc\nPasswordAuthentication no\n"
    assert.equal("libssh2", chosen(text))
    local err = far.raised(chosen, text, { password = "x" })
    assert.same({ "input.session", "none" }, { err.kind, err.effect })
    assert.equal("the SSH configuration sets PasswordAuthentication for 'aadc', which needs the system's ssh, but "
      .. "ssh takes no password (password, or --password-file) from a program; use a key, an agent or Kerberos; or set "
      .. "ssh_config = false (--no-ssh-config) and give the fields yourself", err.message)
  end)

  describe("where there are keys,", function()
    local dir

    setup(function() dir = assert(file.temp_dir("idle-keys-")) end)
    teardown(function() file.remove_all(dir) end)

    local function key(name, ...)
      local path = dir .. "/" .. name
      if not file.exists(path) then ssh_far.new_key(path, { "-t", ... }) end
      return path
    end

    local function rsa() return key("rsa", "rsa", "-b", "2048", "-N", "") end

    -- As ssh-keygen writes it for a key on a security key; there is none here.
    local function fido()
      local path = dir .. "/sk"
      local blob = string.pack(">s4s4s4", "sk-ssh-ed25519@openssh.com", ("k"):rep(32), "ssh:")
      local container = "openssh-key-v1\0" .. string.pack(">s4s4s4I4s4s4", "none", "none", "", 1, blob, "")
      assert(file.write_private(path, ("-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n")
        :format(base64.encode(container))))
      return path
    end

    it("is the system's ssh if all of them are RSA or FIDO keys", function()
      for _, path in ipairs({ rsa(), fido() }) do
        assert.equal("ssh", chosen("IdentityFile " .. path .. "\nIdentityFile /nowhere\n"))
        assert.equal("ssh", chosen("", { identity_file = path }))
        assert.equal("ssh", chosen("Host aadc\nProxyJump hop\nHost hop\nIdentityFile " .. path .. "\n"))
      end
    end)

    it("takes a public one for the private one of the agent, if there is an agent", function()
      local private = rsa()
      local path = dir .. "/public_only"
      assert(file.write_private(path .. ".pub", assert(file.read(private .. ".pub"))))
      assert.equal("ssh", chosen("", { identity_file = path, agent_socket = "/agent" }))
      assert.equal("libssh2", chosen("", { identity_file = path, agent = false }))
    end)

    it("is our own connection if one is another, or none is there", function()
      local good = key("good", "ed25519", "-N", "")
      assert.equal("libssh2", chosen(("IdentityFile %s\nIdentityFile %s\n"):format(rsa(), good)))
      assert.equal("libssh2", chosen("IdentityFile /nowhere\n"))
      assert.equal("libssh2", chosen("", { identity_file = { "/nowhere", rsa() } }))
    end)

    it("is our own connection where ssh can't be given what was given", function()
      assert.equal("libssh2", chosen("", { identity_file = rsa(), password = "x" }))
      assert.equal("libssh2", chosen("", { identity_file = rsa(), host_key = "SHA256:" .. ("A"):rep(43) }))
      assert.equal("libssh2", chosen("Host aadc\nProxyJump hop\n", { identity_file = rsa() }))
      assert.equal("libssh2", chosen("", { identity_file = rsa(), transport = "libssh2" }))
      local locked = key("locked", "rsa", "-b", "2048", "-N", "a passphrase")
      assert.equal("libssh2", chosen("", { identity_file = locked, agent = false }))
      assert.equal("ssh", chosen("", { identity_file = locked, agent_socket = "/agent" }))
    end)
  end)

  it("can't be an ssh that is not there", function()
    local outcome = child.run({ "-e", [[
      local idle = require "idle"
      local session <close> = idle.ssh_session{ host = "aadc", transport = "ssh" }
      session:run{ command = "true" }]], env = { PATH = files.dir } })
    assert.matches("transport \"ssh\" to 'aadc': ssh is not installed; install openssh-client", outcome.stderr, 1, true)
    assert.equal(65, outcome.exit_code)
  end)
end)
