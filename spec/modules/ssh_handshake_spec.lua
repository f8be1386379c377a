local eventually = require("spec.support.eventually")
local far = require("spec.support.ssh_far")
local loop = require("idle.loop")
local process = require("idle.process")
local ssh = require("idle.ssh")

local function try(options)
  local complete = { user = "somebody", known_hosts = "/nowhere", agent = false, timeout_ms = far.SOON }
  for name, value in pairs(options) do complete[name] = value end
  local client, err = ssh.connect(complete)
  assert.is_nil(client)
  return err
end

-- In a program of its own, whose name servers are the stand-in's.
local function try_name(host, lookup, timeout_ms)
  local script = ([[
    local loop = require("idle.loop")
    local begun = loop.monotonic()
    local _, err = require("idle.ssh").connect({ host = %q, port = 1, user = "x", timeout_ms = %d, agent = false })
    print(err.phase, err.kind, err.effect, err.transient, err.message, loop.monotonic() - begun)]])
    :format(host, timeout_ms)
  local environment = { LD_PRELOAD = far.STAND_IN, IDLE_LOOKUP = lookup, ASAN_OPTIONS = "verify_asan_link_order=0" }
  return far.run({ assert(process.executable()), "-e", script }, environment)
end

describe("idle.ssh", function()
  describe("reaching the server", function()
    it("names a port at which nobody listens", function()
      local peer <close> = far.peer("silent")
      peer.child:signal("KILL")
      assert(peer.child:wait_exit(far.SOON))
      local err = try({ host = "127.0.0.1", port = peer.port })
      assert.equal("ssh.connect", err.kind)
      assert.equal(("cannot reach 'ssh://127.0.0.1:%d': connection refused; check the name and that sshd listens")
        :format(peer.port), err.message)
    end)

    it("names a host that has no address", function()
      assert.matches("^resolve\tssh%.resolve\t.*cannot find an address of 'dc1': Name or service not known; check the "
        .. "name and the DNS servers\t", try_name("dc1", "none", far.SOON))
    end)

    it("finds the addresses of a name", function()
      assert.matches("^dial\tssh%.connect\t.*cannot reach 'ssh://dc1:1' %(127%.0%.0%.1%): connection refused",
        try_name("dc1", "loopback", far.SOON))
    end)

    it("gives up a look-up that hangs, and the program ends all the same", function()
      local begun = loop.monotonic()
      assert.matches("^resolve\tssh%.timeout\tnone\ttrue\tno address of 'dc1' was found within 0%.%d s; check the "
        .. "DNS servers\t0%.", try_name("dc1", "hang", 300))
      assert.is_true(loop.monotonic() - begun < 5)
    end)

    it("refuses what can't be right before it does anything", function()
      for _, options in ipairs({
        { host = "" }, { host = "-oProxyCommand=x" }, { host = "user@dc1" }, { host = "dc1; reboot" },
        { host = "dc1", port = 0 }, { host = "dc1", port = 65536 }, { host = "dc1", user = "" },
      }) do
        assert.equal("input.session", try(options).kind)
      end
    end)

    it("raises for an option that it does not know", function()
      assert.has_error(function() ssh.connect({ host = "dc1", timeout_ms = 1, pasword = "x" }) end,
        "unknown option 'pasword' of ssh.connect")
      assert.has_error(function() ssh.connect({ host = "dc1" }) end,
        "option 'timeout_ms' of ssh.connect must be a number")
    end)
  end)

  describe("meeting a server that", function()
    local function meets(behaviour, kind, timeout_ms)
      local peer <close> = far.peer(behaviour)
      local begun = loop.monotonic()
      local client, err = peer:try(timeout_ms or far.SOON)
      assert.is_nil(client)
      assert.equal(kind, err.kind)
      assert.is_true(loop.monotonic() - begun < (timeout_ms or far.SOON) / 1000 + 1)
      if kind == "ssh.timeout" or kind == "ssh.lost" then
        assert.same({ "none", true }, { err.effect, err.transient })
      end
      return err.message
    end

    it("speaks HTTP, says what it said", function()
      assert.matches("does not speak SSH, it says 'HTTP/1%.1 400 Bad Request'; check host and port",
        meets("http", "ssh.handshake"))
    end)

    it("speaks SMTP, says so at the deadline", function()
      assert.matches("does not speak SSH, it says '220 mail%.example%.org ESMTP'", meets("smtp", "ssh.handshake", 300))
    end)

    it("speaks TLS, escapes what it said", function()
      assert.matches("it says '\\x15\\x03\\x01\\x00\\x02\\x02\\x16'", meets("tls_alert", "ssh.handshake"), 1, true)
    end)

    it("speaks SSH 1, says so", function()
      assert.matches("speaks only SSH 1", meets("ssh1", "ssh.handshake"))
    end)

    it("closes at once, takes it for busy", function()
      assert.matches("closed the connection before SSH began: it has too many logins under way",
        meets("close", "ssh.busy"))
      assert.matches("saying 'Exceeded MaxStartups'", meets("max_startups", "ssh.busy"))
    end)

    it("says nothing, ends at the deadline", function()
      assert.matches("did not finish the handshake within 0%.%d s: no banner came", meets("silent", "ssh.timeout", 300))
    end)

    it("says a byte a second, ends at the deadline", function()
      assert.matches("no banner came", meets("drip", "ssh.timeout", 1500))
    end)

    it("falls silent after its banner, ends at the deadline", function()
      assert.matches("no list of algorithms came", meets("only_banner", "ssh.timeout", 300))
    end)

    it("greets without end, is not listened to for ever", function()
      assert.matches("does not speak SSH, it says 'xxx", meets("endless_greeting", "ssh.handshake"))
      assert.matches("does not speak SSH, it says 'xxx", meets("endless_line", "ssh.handshake"))
    end)

    it("sends packets to be ignored without end, does not keep the loop from its deadline", function()
      meets("endless_ignore", "ssh.timeout", 500)
    end)

    it("sends garbage, says that the key exchange failed", function()
      assert.matches("the key exchange with 'ssh://127%.0%.0%.1:%d+' failed: ", meets("garbage", "ssh.handshake"))
      assert.matches("the key exchange with 'ssh://127%.0%.0%.1:%d+' failed: ", meets("huge_packet", "ssh.handshake"))
    end)

    it("closes after its banner, says when", function()
      assert.matches("was lost during the key exchange, after %d%.%d s: the server closed it",
        meets("close_after_banner", "ssh.lost"))
    end)

    it("greets before its banner, is none the worse for it", function()
      local server <close> = far.server()
      local peer <close> = far.peer("greeting", tostring(server.port))
      local client <close> = server:connect({ port = peer.port, host_key = server:fingerprint() })
      assert.matches("^SSH%-2%.0%-OpenSSH", client:info().banner)
    end)
  end)

  describe("agreeing on algorithms", function()
    local function refusal(options)
      local server <close> = far.server(options)
      local client, err = server:try()
      assert.is_nil(client)
      assert.equal("ssh.handshake", err.kind)
      assert.same({ "handshake", false, true }, { err.phase, err.credential_sent, err.ssh_would_help })
      return err.message
    end

    it("tells the owner of a server with only an RSA host key what to do", function()
      local message = refusal({ host_keys = { "rsa" } })
      assert.matches("no common host key algorithm with 'ssh://127%.0%.0%.1:%d+': it offers rsa%-sha2%-512,"
        .. "rsa%-sha2%-256, libssh2 %S+ here knows ssh%-ed25519,ecdsa", message)
      assert.matches("the server has only an RSA host key", message)
    end)

    it("tells the owner of a server with only encrypt-then-MAC what to do", function()
      local message = refusal({ config = { "MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com" } })
      assert.matches("no common MAC algorithm", message)
      assert.matches("the server allows only encrypt-then-MAC", message, 1, true)
    end)

    it("tells the owner of a server with only AEAD ciphers what to do", function()
      local message = refusal({ config = { "Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com" } })
      assert.matches("no common cipher algorithm", message)
      assert.matches("the server allows only AEAD ciphers", message)
    end)

    it("names both sides' key exchanges", function()
      local message = refusal({ config = { "KexAlgorithms sntrup761x25519-sha512@openssh.com" } })
      assert.matches("no common key exchange algorithm .* it offers sntrup761x25519%-sha512@openssh%.com.*"
        .. "here knows curve25519%-sha256", message)
    end)
  end)

  describe("meeting a busy server", function()
    it("takes MaxStartups for busy, and comes in later", function()
      local server <close> = far.server({ config = { "MaxStartups 1" } })
      local idle <close> = assert(process.spawn({
        command = { "lua5.4", "-e", ('local s = assert(require("socket").connect("127.0.0.1", %d)) '
          .. 'print(s:receive("*l")) io.stdout:flush() io.read()'):format(server.port) },
      }))
      assert.matches("^SSH", idle:read_line(far.SOON))
      local client, err = server:try()
      assert.is_nil(client)
      assert.equal("ssh.busy", err.kind)
      idle:close()
      eventually(function()
        local second <close> = server:try()
        return second
      end)
    end)
  end)

  describe("telling its trace", function()
    it("names each phase, and no secret", function()
      local server <close> = far.server()
      local lines = {}
      local client <close> = server:connect({
        password = "not to be seen", trace = function(line) lines[#lines + 1] = line end,
      })
      local pipe <close> = assert(client:exec("exit 3", far.SOON))
      assert(pipe:wait_exit(far.SOON))
      client:close()
      local text = table.concat(lines, "\n") .. "\n"
      local from = 1
      for _, phase in ipairs({
        "resolved", "connected to 127.0.0.1", "banner SSH-2.0-", "algorithms ", "host key ssh-ed25519 SHA256:",
        "host key accepted", "tried identity file", "logged in by publickey",
        "exec started", "exit 3", "closed",
      }) do
        local found = text:find(("ssh://127%%.0%%.0%%.1:%d %%+%%d+ ms: [^\n]*"):format(server.port)
          .. phase:gsub("%p", "%%%0"), from)
        assert.truthy(found, phase)
        from = found
      end
      assert.is_nil(text:find("not to be seen", 1, true))
    end)
  end)
end)
