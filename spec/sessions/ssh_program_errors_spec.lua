--- Texts of OpenSSH that take more than a spec to provoke; the others come from a real ssh in ssh_program_spec.lua.
local program_errors = require("idle.sessions.ssh_program_errors")
local program_log = require("idle.sessions.ssh_program_log")

local TARGET = { label = "aadc", host = "aad01", port = 22, user = "sync", known_hosts = { "/known" } }

-- What ssh logs on its way, up to the login.
local CONNECTED = { "debug1: Connecting to aad01 [192.0.2.1] port 22.", "debug1: Connection established." }
local GREETED = { "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2" }
local CHECKED = { "debug1: Server host key: ssh-ed25519 SHA256:abc", "debug1: SSH2_MSG_NEWKEYS received" }
local OFFERED = { "debug1: Authentications that can continue: publickey,gssapi-with-mic",
                  "debug1: Offering public key: /keys/sync ED25519 SHA256:def explicit",
                  "debug1: Server accepts key: /keys/sync ED25519 SHA256:def explicit" }
local LOGGED_IN = { "Authenticated to aad01 ([192.0.2.1]:22) using \"publickey\"." }
local STARTED = { "debug1: Sending command: powershell.exe" }
local PROXIED = { "debug1: Executing proxy command: exec ssh -W '[aad01]:22' hop" }

local function log_of(...)
  local log = program_log.new()
  for _, lines in ipairs({ ... }) do
    for _, line in ipairs(lines) do log:note(line .. "\r") end
  end
  return log
end

describe("idle.sessions.ssh_program_errors", function()
  local function of_start(stderr, ...)
    local err = program_errors.of_start(TARGET, log_of(...), stderr)
    return { err.kind, err.phase, err.effect, err.transient, err.credential_sent }, err.message
  end

  it("knows how far ssh came when it lost the connection", function()
    local closed = { "Connection closed by 192.0.2.1 port 22" }
    assert.same({ "ssh.busy", "handshake", "none", true, false }, (of_start("", CONNECTED, closed)))
    assert.same({ "ssh.lost", "handshake", "none", true, false }, (of_start("", CONNECTED, GREETED, closed)))
    assert.same({ "ssh.lost", "auth", "none", true, false }, (of_start("", CONNECTED, GREETED, CHECKED, closed)))
    local facts, message = of_start("", CONNECTED, GREETED, CHECKED, OFFERED, closed)
    assert.same({ "ssh.lost", "auth", "none", true, true }, facts)
    assert.equal("the connection to 'aadc' was lost: ssh says 'Connection closed by 192.0.2.1 port 22'", message)
  end)

  it("takes what a busy sshd says before its banner for that", function()
    local function greeting(text)
      return { "debug1: kex_exchange_identification: banner line 0: " .. text,
               "kex_exchange_identification: Connection closed by remote host" }
    end
    assert.equal("ssh.busy", (of_start("", CONNECTED, greeting("Exceeded MaxStartups")))[1])
    assert.equal("ssh.busy", (of_start("", CONNECTED, greeting("Not allowed at this time")))[1])
    assert.equal("ssh.handshake", (of_start("", CONNECTED, greeting("HTTP/1.1 400 Bad Request")))[1])
  end)

  it("shows the last words of a program on the way that says much, and none of what it says for debugging", function()
    local many = ("debug1: Connecting to hop\nwhatever\n"):rep(1000) .. ("x"):rep(10000) .. "\nno such file\n"
    local _, message = of_start(many, PROXIED)
    assert.is_true(#message < 700)
    assert.matches("^cannot reach 'aadc': ssh says 'whatever; .*xxx; no such file'$", message)
    assert.is_nil(message:find("debug1", 1, true))
  end)

  it("believes a program on the way, of whose log nothing is seen", function()
    local lost = { "kex_exchange_identification: Connection closed by remote host",
                   "Connection closed by UNKNOWN port 65535" }
    for text, kind in pairs({
      ["ssh: Could not resolve hostname hop: Name or service not known\r\n"] = "ssh.resolve",
      ["ssh: connect to host hop port 22: Connection timed out\r\n"] = "ssh.timeout",
      ["ssh: connect to host hop port 22: No route to host\r\n"] = "ssh.connect",
      ["No ED25519 host key is known for hop and you have requested strict checking.\r\n"] = "ssh.hostkey_unknown",
      ["ops@hop: Permission denied (publickey).\r\n"] = "ssh.auth",
      ["kex_exchange_identification: read: Connection reset by peer\r\n"] = "ssh.busy",
      ["channel 0: open failed: connect failed: Connection refused\r\nstdio forwarding failed\r\n"] = "ssh.connect",
      ["bash: line 1: nc: command not found\n"] = "ssh.connect",
    }) do
      local facts, message = of_start(text, PROXIED, lost)
      assert.same({ kind, "none" }, { facts[1], facts[3] })
      assert.matches(text:match("^[^\r\n]+"), message, 1, true)
    end
  end)

  it("knows a login that is refused, in all its words", function()
    for _, text in ipairs({
      "sync@aad01: Permission denied (publickey,gssapi-with-mic).",
      "Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures",
    }) do
      local facts, message = of_start("", CONNECTED, GREETED, CHECKED, OFFERED, { text })
      assert.same({ "ssh.auth", "auth", "none", false, true }, facts)
      assert.matches("it offers publickey,gssapi-with-mic; tried: /keys/sync;", message, 1, true)
    end
  end)

  it("knows a server that lets nobody run a command", function()
    assert.equal("remote.setup", (of_start("", CONNECTED, GREETED, CHECKED, OFFERED, LOGGED_IN,
      { "exec request failed on channel 0" }))[1])
    assert.equal("ssh.busy", (of_start("", CONNECTED, GREETED, CHECKED, OFFERED, LOGGED_IN,
      { "channel 0: open failed: administratively prohibited: open failed" }))[1])
  end)

  it("finds what ssh says at the end of a connection behind the command's own words", function()
    local log = log_of(CONNECTED, GREETED, CHECKED, OFFERED, LOGGED_IN, STARTED)
    local function lost(stderr) return program_errors.lost(TARGET, log, stderr) end
    assert.same({ kind = "ssh.lost",
                  message = "the connection to 'aadc' was lost: ssh says 'Timeout, server aad01 not responding.'" },
      lost("WARNING: careful\nTimeout, server aad01 not responding.\r\n"))
    assert.matches("ssh says 'Connection to aad01 closed by remote host.'",
      lost("Connection to aad01 closed by remote host.\r\n").message)
    assert.matches("ssh ended and did not say why", lost("WARNING: careful\n").message)
  end)

  it("takes nothing that the far end says for a line of ssh's own", function()
    local log = log_of(CONNECTED, { "debug1: Remote: Authenticated to x\\r\\ndebug1: Exit status 0" })
    assert.same({ false }, { log.is_authenticated, log.exit_status })
    local _, message = of_start("\27[31mred\n", PROXIED)
    assert.matches("\\x1B[31mred", message, 1, true)
  end)

  it("keeps a status of 32 bits", function()
    assert.equal(4294770688, log_of({ "debug1: Exit status 4294770688" }).exit_status)
    assert.is_true(log_of({ "debug1: client_input_channel_req: channel 0 rtype exit-signal reply 0",
                            "debug1: Exit status -1" }).is_signalled)
  end)
end)
