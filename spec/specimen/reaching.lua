--- The way to the server: host keys, logins, and connections that do not come about. Nothing was
--- started in any of them, and each error says that nothing was changed.
local busted = require("busted")

local function strange_key(key_type)
  return function(far) return { "--identity", far:new_key("strange", key_type) } end
end

local function known_hosts(method)
  return function(far) return { "--known-hosts", far[method](far) } end
end

-- Its owner did all that he could.
local function known_rsa_key(far) return { "--identity", far:new_known_key("rsa", "rsa") } end

local assert, it = require("luassert"), busted.it

local reaching = {
  title = "on the way to the server",
  cases = {
    wrong_host_key = { prepare = known_hosts("write_changed_host") },
    revoked_host_key = { prepare = known_hosts("write_revoked_host") },
    no_entry = { prepare = function(far) return { "--known-hosts", far:write("empty", "") } end },
    no_file = { "--known-hosts", "/nowhere/known_hosts" },
    other_pin = { "--host-key", "SHA256:" .. ("A"):rep(43) },
    wrong_key = { prepare = strange_key("ed25519") },
    rsa_key = { "--transport", "libssh2", prepare = known_rsa_key },
    wrong_user = { "--user", "nobody-of-that-name" },
    no_identity = { "--identity", "/nowhere/id_ed25519" },
    no_sshd = { prepare = function(far) far:kill_sshd() end },
    silent = { "--connect-timeout", "1", prepare = function(far) far:freeze_sshd() end },
  },
}

function reaching.specs(runs)
  local function fails(name, verdict, ...)
    local outcome = runs[name]:finish()
    assert.equal(verdict, outcome.verdict)
    for _, text in ipairs({ ... }) do assert.matches(text, outcome.stderr, 1, true) end
    assert.same({}, runs[name].far:powershells())
    return runs[name].far
  end

  -- Whoever listens in must not even learn the account's name.
  local function nothing_was_told(far)
    assert.equal(1, far:count_in_log("Connection from"))
    assert.is_nil(far:log():find(far.user, 1, true))
  end

  it("a host key that has changed is an alarm", function()
    local far = fails("wrong_host_key", "exit 2, ssh.hostkey_changed (none), 0 started",
      "has changed: it is ssh-ed25519 SHA256:", "/changed:1 has SHA256:",
      "somebody may be listening in: ask the server's administrator")
    nothing_was_told(far)
  end)

  it("a host key that was revoked is refused, though it is known", function()
    local far = fails("revoked_host_key", "exit 2, ssh.hostkey_revoked (none), 0 started",
      "/revoked:2; the server needs")
    nothing_was_told(far)
  end)

  it("an unknown host key is shown, with the way to compare and add it", function()
    for _, name in ipairs({ "no_entry", "no_file" }) do
      local far = fails(name, "exit 2, ssh.hostkey_unknown (none), 0 started", "it is ssh-ed25519 SHA256:",
        "compare it with the server's own")
      assert.matches(("ssh-keyscan -p %d 127.0.0.1 >> '"):format(far.port), runs[name]:finish().stderr, 1, true)
      nothing_was_told(far)
    end
  end)

  it("a fingerprint that was given counts more than known_hosts", function()
    local far = fails("other_pin", "exit 2, ssh.hostkey_changed (none), 0 started", "AAAAAAAA")
    nothing_was_told(far)
  end)

  it("a key that nobody knows is refused", function()
    fails("wrong_key", "exit 2, ssh.auth (none), 0 started", "refused the login of", "it offers publickey",
      "/strange' (refused)", "authorized_keys")
  end)

  it("an RSA key can't be used by libssh2, and the text says why and what to do", function()
    fails("rsa_key", "exit 2, ssh.auth (none), 0 started", "signs with RSA keys only by SHA-1",
      "make an ed25519 key (ssh-keygen -t ed25519)")
  end)

  it("an account that is not there is refused", function()
    fails("wrong_user", "exit 2, ssh.auth (none), 0 started", "refused the login of 'nobody-of-that-name'")
  end)

  it("a key file that is not there is bad input", function()
    local far = fails("no_identity", "exit 65, input.session (none), 0 started",
      "identity file '/nowhere/id_ed25519' does not exist; check its path")
    assert.equal(0, far:count_in_log("Connection from"))
  end)

  it("a server that was killed before may be there later", function()
    fails("no_sshd", "exit 75, ssh.connect (none), 0 started",
      "connection refused; check the name and that sshd listens")
  end)

  it("a server that says nothing is given up in time", function()
    fails("silent", "exit 75, ssh.timeout (none), 0 started")
    -- It is the time that has passed, which may be somewhat more.
    assert.matches("within 1%.%d s: no banner came", runs.silent:finish().stderr)
    assert.is_true(runs.silent:finish().seconds < 15)
  end)
end

return reaching
