local eventually = require("spec.support.eventually")
local far = require("spec.support.ssh_far")
local file = require("idle.file")
local idle = require("idle")
local loop = require("idle.loop")
local process = require("idle.process")

describe("idle.ssh", function()
  -- Rows: unknown, changed, revoked host key.
  describe("checking the host key", function()
    local server, name

    setup(function()
      server = far.server({ host_keys = { "ed25519", "ecdsa", "rsa" }, log_level = "DEBUG3" })
      name = ("[127.0.0.1]:%d"):format(server.port)
    end)
    teardown(function() server:stop() end)

    local function line(format, key_type) return format:format(name, server:host_key(key_type)) .. "\n" end

    local function other_key(key_type)
      local path = ("%s/other_%s"):format(server.dir, key_type)
      if not file.exists(path) then far.new_key(path, { "-t", key_type, "-N", "" }) end
      return assert(file.read(path .. ".pub")):match("^%S+ %S+")
    end

    local function accepts(known_hosts, key_type)
      local client <close> = server:connect({ known_hosts = server:write_known_hosts(known_hosts) })
      assert.matches("^" .. (key_type or "ssh%-ed25519"), client:info().host_key_type)
      return client:info()
    end

    local function refuses(kind, known_hosts, changes)
      local before = #server:settled_log()
      changes = changes or {}
      changes.known_hosts = server:write_known_hosts(known_hosts)
      local client, err = server:try(changes)
      assert.is_nil(client)
      assert.equal(kind, err.kind)
      assert.same({ "handshake", false }, { err.phase, err.credential_sent })
      assert.equal(kind == "ssh.hostkey_unsupported" or nil, err.ssh_would_help)
      -- The key exchange was the last thing: no credential was sent, and not even the account's name.
      local said = server:settled_log():sub(before + 1)
      assert.truthy(said:find("SSH2_MSG_NEWKEYS", 1, true))
      assert.is_nil(said:find("userauth-request", 1, true))
      assert.is_nil(said:find("user " .. server.user, 1, true))
      return err.message
    end

    it("accepts a known key, and tells which", function()
      local info = accepts(line("%s %s"))
      assert.equal(server:fingerprint(), info.host_key_fingerprint)
      -- This is what a log shows when something of a credential is sent; see refuses().
      assert.truthy(server:log():find("userauth-request for user " .. server.user, 1, true))
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

    describe("in several files", function()
      local function write(file_name, text)
        local path = server.dir .. "/" .. file_name
        assert(file.write_private(path, text))
        return path
      end

      it("finds the host in any of them", function()
        local known = write("known_global", line("%s %s"))
        local client <close> = server:connect({ known_hosts = { "/nowhere/known_hosts", known } })
        assert.same({}, client:info().warnings)
      end)

      it("takes a key that is revoked in any of them for revoked", function()
        local paths = { write("known_user", line("%s %s")), write("known_global", line("@revoked %s %s")) }
        local client, err = server:try({ known_hosts = paths })
        assert.is_nil(client)
        assert.equal("ssh.hostkey_revoked", err.kind)
        assert.matches("is revoked by " .. paths[2] .. ":1;", err.message, 1, true)
      end)

      it("names all of them for a host that is not known, and the first to add it to", function()
        local paths = { server.dir .. "/nothing here", write("known_global", "what is this\n") }
        local _, err = server:try({ known_hosts = paths })
        assert.equal("ssh.hostkey_unknown", err.kind)
        assert.matches(("is in none of '%s', '%s': it is ssh-ed25519"):format(paths[1], paths[2]), err.message, 1, true)
        assert.matches((" 127.0.0.1 >> '%s'; %s:1: "):format(paths[1], paths[2]), err.message, 1, true)
      end)
    end)

    describe("under an alias", function()
      it("looks for that name alone, without the port", function()
        local known = server:write_known_hosts(("dc1 %s\n"):format(server:host_key()))
        local client <close> = server:connect({ known_hosts = known, host_key_alias = "DC1" })
        assert.is_true(client:is_open())
        local _, err = server:try({ host_key_alias = "dc1" }) -- the file has only "[127.0.0.1]:port"
        assert.equal("ssh.hostkey_unknown", err.kind)
        assert.matches(("ssh-keyscan -p %d 127.0.0.1 | sed 's/^[^ ]*/dc1/' >> '"):format(server.port), err.message, 1,
          true)
      end)

      it("refuses what is no name", function()
        local _, err = server:try({ host_key_alias = "dc1; reboot" })
        assert.equal("input.session", err.kind)
      end)
    end)

    describe("that may be new", function()
      local function learns(path, changes)
        local options = { known_hosts = path, accept_new = true }
        for option, value in pairs(changes or {}) do options[option] = value end
        local client <close> = server:connect(options)
        return client:info().warnings
      end

      local function fresh(folder) return ("%s/%s/known_hosts"):format(server.dir, folder) end

      it("adds it, in a file for its owner alone, and knows it from then on", function()
        local path = fresh("new")
        assert.same({ ("the host key of 'ssh://127.0.0.1:%d', ssh-ed25519 %s, was not known, and is accepted; it was "
          .. "added to '%s'"):format(server.port, server:fingerprint(), path) }, learns(path))
        assert.equal(line("%s %s"), file.read(path))
        assert.equal("700 600\n", (far.run({ "stat", "-c", "%a", path:match("(.*)/"), path }):gsub("\n", " ", 1)))
        assert.same({}, learns(path, { accept_new = false }))
        -- ssh itself agrees.
        far.run({ "ssh-keygen", "-F", name, "-f", path })
      end)

      it("adds it behind a line without its end, and under its alias", function()
        local path = server:write_known_hosts("# by hand")
        learns({ path, "/nowhere/known_hosts" }, { host_key_alias = "dc1" })
        assert.equal(("# by hand\ndc1 %s\n"):format(server:host_key()), file.read(path))
      end)

      it("adds it once, though many connect at the same time", function()
        local path = fresh("many")
        local calls = {}
        for i = 1, 8 do calls[i] = function() learns(path) end end
        idle.gather(calls)
        assert.equal(line("%s %s"), file.read(path))
      end)

      it("adds it whole, though several programs add theirs to the same file", function()
        local path, calls, lines = fresh("programs"), {}, {}
        for i = 1, 6 do
          local script = ([[assert(require("idle.ssh").connect({ host = %q, port = %d, user = %q, identity_file = %q,
            agent = false, known_hosts = %q, host_key_alias = "dc%d", accept_new = true, timeout_ms = 20000 }))]])
            :format(server.host, server.port, server.user, server.identity_file, path, i)
          calls[i] = function() far.run({ assert(process.executable()), "-e", script }) end
          lines[i] = ("dc%d %s\n"):format(i, server:host_key())
        end
        idle.gather(calls)
        local added = {}
        for text in assert(file.read(path)):gmatch("[^\n]*\n") do added[#added + 1] = text end
        table.sort(added)
        assert.same(lines, added)
      end)

      -- Another program that holds the lock, until it is told to write a line and to end.
      local function locker(path)
        far.run({ "mkdir", "-p", path:match("(.*)/") })
        local script = ("echo locked; read -r line; [ -z \"$line\" ] || echo \"$line\" >>'%s'"):format(path)
        local held = assert(process.spawn({ command = { "flock", path, "sh", "-c", script } }))
        assert.equal("locked", held:read_line(far.SOON))
        return held
      end

      it("looks again once another program that adds its own has done so", function()
        local texts = { ["ssh.hostkey_changed"] = name .. " " .. other_key("ed25519") .. "\n", matches = line("%s %s") }
        for kind, text in pairs(texts) do
          local path = fresh("locked-" .. kind)
          local held <close> = locker(path)
          local client, err
          local task = loop.spawn(function() client, err = server:try({ known_hosts = path, accept_new = true }) end)
          eventually(function() return server:log():find("SSH2_MSG_NEWKEYS received", 1, true) end)
          loop.sleep(100)
          assert.equal("", file.read(path))
          assert(held:write(text, far.SOON))
          task:join()
          assert.equal(kind, client and "matches" or err.kind)
          if client then client:close() end
          assert.equal(text, file.read(path))
        end
      end)

      it("adds it nowhere, with a warning, where another program does not let go of the file", function()
        local path = fresh("held")
        local held <close> = locker(path)
        assert.matches("but it can't be added to '" .. path .. "': another program has locked it for ",
          learns(path)[1], 1, true)
        assert.equal("", file.read(path))
        held:close()
        assert.matches("it was added to", learns(path)[1], 1, true)
      end)

      it("says so where there is no time to wait for that", function()
        local path = fresh("short")
        local held <close> = locker(path) -- luacheck: ignore held
        local _, err = server:try({ known_hosts = path, accept_new = true, timeout_ms = 700 })
        assert.same({ "ssh.timeout", "none", "handshake", false },
          { err.kind, err.effect, err.phase, err.credential_sent })
        assert.matches("'" .. path .. "' was locked by another program", err.message, 1, true)
      end)

      it("lets only one of two servers in that several programs meet behind one name at once", function()
        local impostor <close> = far.server({ log_level = "DEBUG3" })
        local own_key = assert(file.read(server.identity_file .. ".pub"))
        assert(file.write_private(impostor.dir .. "/authorized_keys", own_key))
        local function count_met(far_end)
          return select(2, far_end:log():gsub("SSH2_MSG_NEWKEYS received", ""))
        end
        local path, before = fresh("impostor"), count_met(server)
        local held <close> = locker(path)
        local calls, accepted = {}, {}
        for i, far_end in ipairs({ server, impostor, server, impostor }) do
          local script = ([[local client, err = require("idle.ssh").connect({ host = %q, port = %d, user = %q,
            identity_file = %q, agent = false, known_hosts = %q, host_key_alias = "dc", accept_new = true,
            timeout_ms = 20000 })
            print(client and "accepted" or err.kind)]]):format(far_end.host, far_end.port, far_end.user,
            server.identity_file, path)
          calls[i] = function()
            local result = far.run({ assert(process.executable()), "-e", script })
            accepted[far_end] = accepted[far_end] or {}
            table.insert(accepted[far_end], result)
          end
        end
        calls[#calls + 1] = function()
          eventually(function() return count_met(server) == before + 2 and count_met(impostor) == 2 end)
          held:close()
        end
        idle.gather(calls)
        local in_, out = server, impostor
        if accepted[server][1] ~= "accepted\n" then in_, out = impostor, server end
        assert.same({ "accepted\n", "accepted\n" }, accepted[in_])
        assert.same({ "ssh.hostkey_changed\n", "ssh.hostkey_changed\n" }, accepted[out])
        assert.equal(("dc %s\n"):format(in_:host_key()), file.read(path))
      end)

      it("goes on with a warning if the file can't be written, as ssh does", function()
        local path = server.dir .. "/host_ed25519/known_hosts" -- below a file
        assert.matches("but it can't be added to '" .. path .. "': Not a directory", learns(path)[1], 1, true)
        assert.matches("but it can't be added to '/dev/null': that is no regular file", learns("/dev/null")[1], 1, true)
      end)

      it("refuses a changed or revoked key all the same, and adds nothing", function()
        for kind, text in pairs({
          ["ssh.hostkey_changed"] = name .. " " .. other_key("ed25519") .. "\n",
          ["ssh.hostkey_revoked"] = line("@revoked %s %s"),
          ["ssh.hostkey_unsupported"] = line("@cert-authority %s %s"),
        }) do
          refuses(kind, text, { accept_new = true })
          assert.equal(text, file.read(server.dir .. "/other_known_hosts"))
        end
      end)
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
        assert.matches("but the one to accept (host_key, or --host-key) is " .. wanted, message, 1, true)
        assert.matches("(its RSA key can't be pinned: libssh2 ", message, 1, true)
      end)

      it("refuses what is no fingerprint", function()
        local _, err = server:try({ host_key = "MD5:00:11" })
        assert.equal("input.session", err.kind)
      end)
    end)
  end)
end)
