local child = require("spec.support.child")
local config_files = require("spec.support.config_files")
local far = require("spec.support.far")
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

  it("can't be an ssh that is not there", function()
    local outcome = child.run({ "-e", [[
      local idle = require "idle"
      local session <close> = idle.ssh_session{ host = "aadc", transport = "ssh" }
      session:run{ command = "true" }]], env = { PATH = files.dir } })
    assert.matches("transport \"ssh\" to 'aadc': ssh is not installed; install openssh-client", outcome.stderr, 1, true)
    assert.equal(65, outcome.exit_code)
  end)
end)
