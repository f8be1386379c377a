local far = require("spec.support.ssh_far")

describe("idle.ssh", function()
  describe("checking the host key", function()
    local server, name

    setup(function()
      server = far.server({ host_keys = { "ed25519", "ecdsa", "rsa" } })
      name = ("[127.0.0.1]:%d"):format(server.port)
    end)
    teardown(function() server:stop() end)

    local function line(format, key_type) return format:format(name, server:host_key(key_type)) .. "\n" end

    local function other_key(key_type)
      local path = ("%s/other_%s"):format(server.dir, key_type)
      far.new_key(path, { "-t", key_type, "-N", "" })
      return assert(require("idle.file").read(path .. ".pub")):match("^%S+ %S+")
    end

    local function accepts(known_hosts, key_type)
      local client <close> = server:connect({ known_hosts = server:write_known_hosts(known_hosts) })
      assert.matches("^" .. (key_type or "ssh%-ed25519"), client:info().host_key_type)
      return client:info()
    end

    local function refuses(kind, known_hosts, changes)
      local log = server:log()
      changes = changes or {}
      changes.known_hosts = server:write_known_hosts(known_hosts)
      local client, err = server:try(changes)
      assert.is_nil(client)
      assert.equal(kind, err.kind)
      -- Not even the account's name was sent.
      far.eventually(function() return server:log() ~= log end)
      assert.is_nil(server:log():sub(#log + 1):find(server.user, 1, true))
      return err.message
    end

    it("accepts a known key, and tells which", function()
      local info = accepts(line("%s %s"))
      assert.equal(server:fingerprint(), info.host_key_fingerprint)
      assert.same({}, info.warnings)
    end)

    it("asks for the type of key that is known", function()
      accepts(line("%s %s", "ecdsa"), "ecdsa%-sha2%-nistp256")
      accepts(line("%s %s", "rsa") .. line("%s %s", "ecdsa"), "ecdsa%-sha2%-nistp256")
    end)

    it("accepts hashed names, wildcards, and the host without its port", function()
      local path = server:write_known_hosts(line("%s %s"))
      far.run({ "ssh-keygen", "-q", "-H", "-f", path })
      local client <close> = server:connect({ known_hosts = path })
      assert.is_true(client:is_open())
      accepts(("[127.0.*]:* %s\n"):format(server:host_key()))
      accepts(("127.0.0.1 %s\n"):format(server:host_key()))
    end)

    it("refuses a host that is not known, and says how to add it", function()
      local message = refuses("ssh.hostkey_unknown", "")
      assert.matches("it is ssh-ed25519 " .. server:fingerprint(), message, 1, true)
      assert.matches(("ssh-keyscan -p %d 127.0.0.1 >> '%s/other_known_hosts'"):format(server.port, server.dir), message,
        1, true)
    end)

    it("says that the file of known hosts does not exist, and how to begin it", function()
      local client, err = server:try({ known_hosts = "/nowhere/known_hosts" })
      assert.is_nil(client)
      assert.equal("ssh.hostkey_unknown", err.kind)
      assert.matches("is not known, because known_hosts file '/nowhere/known_hosts' does not exist: it is ssh-ed25519 "
        .. server:fingerprint(), err.message, 1, true)
      assert.matches("ssh%-keyscan %-p %d+ 127%.0%.0%.1 >> '/nowhere/known_hosts'", err.message)
    end)

    it("names a file that can't be read", function()
      local _, err = server:try({ known_hosts = server.dir })
      assert.equal("input.session", err.kind)
      assert.equal(("known_hosts file '%s' can't be read: Is a directory"):format(server.dir), err.message)
    end)

    it("refuses a negated host", function()
      refuses("ssh.hostkey_unknown", ("[127.0.0.1]:*,!%s %s\n"):format(name, server:host_key()))
    end)

    it("refuses a key that has changed, and shows both fingerprints and the line", function()
      local message = refuses("ssh.hostkey_changed", "\n" .. name .. " " .. other_key("ed25519") .. "\n")
      assert.matches(server:fingerprint(), message, 1, true)
      assert.matches(server.dir .. "/other_known_hosts:2 has SHA256:", message, 1, true)
    end)

    it("refuses a server that no longer shows the type of key it is known by", function()
      local message = refuses("ssh.hostkey_changed", ("%s %s\n"):format(name, "ecdsa-sha2-nistp521 "
        .. "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAAAA"))
      assert.matches("knows it by ecdsa-sha2-nistp521", message, 1, true)
    end)

    it("refuses a revoked key, whatever else stands there", function()
      local message = refuses("ssh.hostkey_revoked", line("%s %s") .. line("@revoked * " .. "%.0s%s"))
      assert.matches("is revoked by .*:2;", message)
      refuses("ssh.hostkey_revoked", line("@revoked %s %s"), { host_key = server:fingerprint() })
    end)

    it("says that certificate authorities are not supported", function()
      local message = refuses("ssh.hostkey_unsupported", line("@cert-authority %s %s"))
      assert.matches("is known only by a certificate authority", message)
    end)

    it("says that the only key it knows is out of reach", function()
      local message = refuses("ssh.hostkey_unsupported", line("%s %s", "rsa"))
      assert.matches("is known only by its RSA key .*, which libssh2 [%d.]+ can't check", message)
    end)

    it("names bad lines, and is not kept from the good ones behind them", function()
      local info = accepts("what is this\n" .. line("%s %s"))
      assert.equal(1, #info.warnings)
      assert.matches("/other_known_hosts:1: .*; the line is ignored$", info.warnings[1])
      local message = refuses("ssh.hostkey_unknown", "what is this\n")
      assert.matches("/other_known_hosts:1: ", message, 1, true)
    end)

    describe("against a fingerprint", function()
      it("needs no known_hosts", function()
        local client <close> = server:connect({ known_hosts = "/nowhere", host_key = server:fingerprint() })
        assert.equal("ssh-ed25519", client:info().host_key_type)
      end)

      it("finds the key of another type", function()
        local client <close> = server:connect({ known_hosts = "/nowhere", host_key = server:fingerprint("ecdsa") })
        assert.equal("ecdsa-sha2-nistp256", client:info().host_key_type)
      end)

      it("refuses any other key, also a known one", function()
        local wanted = "SHA256:" .. ("A"):rep(43)
        local message = refuses("ssh.hostkey_changed", line("%s %s"), { host_key = wanted })
        assert.matches("host_key pins " .. wanted, message, 1, true)
      end)

      it("refuses what is no fingerprint", function()
        local _, err = server:try({ host_key = "MD5:00:11" })
        assert.equal("input.session", err.kind)
      end)
    end)
  end)
end)
