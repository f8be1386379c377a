--- Host keys that are not believed and logins that are refused, as a script meets them: nothing was started, and the
--- server's log tells what was sent. Those that `idle-lua sync` meets are in spec/specimen/reaching.lua.
local eventually = require("spec.support.eventually")
local faults = require("spec.support.faults")
local specimen_far = require("spec.support.specimen_far")
local ssh_far = require("spec.support.ssh_far")

-- Seconds; each of these ends long before them.
local PATIENCE = 5

-- A program meets a server whose key it knows by a file that is written for it.
local function does_not_believe(kind, write_known_hosts, pattern)
  local server <close> = specimen_far.start(nil, { log_level = "DEBUG3" })
  local options = ssh_far.session_options(server,
    { known_hosts = write_known_hosts(server), reconnect_timeout = PATIENCE })
  assert.matches(pattern, faults.fails({ options = options }, faults.refused(kind, PATIENCE)).message)
  eventually(function() return #server:connections() == 0 end, "the connection is over")
  local log = server:log()
  assert.equal(1, server:count_in_log("Connection from"))
  assert.truthy(log:find("SSH2_MSG_NEWKEYS", 1, true))
  -- Not even the account's name was told; this is how a log shows it.
  assert.is_nil(log:find("userauth-request", 1, true))
  assert.same({}, server:ledger())
end

-- A program tries to log in to a server of these words, which takes the account's password for what the stand-in says.
local function is_refused(config, account, password, pattern, attempts)
  local server <close> = specimen_far.start(nil, {
    config = { "PubkeyAuthentication no", table.unpack(config) },
    env = { LD_PRELOAD = ssh_far.STAND_IN, IDLE_ACCOUNT = account },
  })
  local options = ssh_far.session_options(server, { password = password, reconnect_timeout = PATIENCE })
  options.identity_file = nil
  local report = faults.fails({ options = options }, faults.refused("ssh.auth", PATIENCE))
  assert.matches(pattern, report.message, 1, true)
  assert.is_nil(report.message:find(password, 1, true))
  eventually(function() return #server:connections() == 0 end, "the connection is over")
  for text, count in pairs(attempts) do assert.equal(count, server:count_in_log(text), text) end
  assert.equal(1, server:count_in_log("Connection from"))
  assert.same({}, server:ledger())
end

describe("logging in:", function()
  faults.rows(function(row)
    row("unknown host key", function()
      does_not_believe("ssh.hostkey_unknown", function(server) return server:write("empty", "") end,
        "compare it with the server's own")
    end)

    row("changed host key", function()
      does_not_believe("ssh.hostkey_changed", function(server) return server:write_changed_host() end,
        "/changed:1 has SHA256:")
    end)

    row("revoked host key", function()
      does_not_believe("ssh.hostkey_revoked", function(server) return server:write_revoked_host() end,
        "is revoked by .*/revoked:2")
    end)

    row("login refused: a key is tried once", function()
      local server <close> = specimen_far.start()
      local options = ssh_far.session_options(server, { identity_file = server:new_key("strange", "ed25519") })
      faults.fails({ options = options }, faults.refused("ssh.auth", PATIENCE))
      eventually(function() return #server:connections() == 0 end, "the connection is over")
      assert.same({ 1, 1 }, { server:count_in_log("Connection from"), server:count_in_log("Failed publickey") })
      assert.same({}, server:ledger())
    end)

    row("login refused: a password is tried once, whatever else is offered", function()
      local config = { "UsePAM yes", "PasswordAuthentication yes", "KbdInteractiveAuthentication yes" }
      is_refused(config, nil, "not this one", "tried: password (refused)",
        { ["Failed password"] = 1, ["keyboard-interactive"] = 0 })
    end)

    row("expired password: the server asks for another one by a prompt", function()
      is_refused({ "UsePAM yes", "KbdInteractiveAuthentication yes" }, "expired", ssh_far.PASSWORD,
        "has expired; change it there", { ["Accepted"] = 0, ["Failed"] = 0 })
    end)

    row("expired password: the server lets in, and runs nothing but the change", function()
      is_refused({ "PasswordAuthentication yes" }, "expired", ssh_far.PASSWORD, "the password has expired",
        { ["Accepted password"] = 1 })
    end)

    row("expired password: the server asks for another one in its answer", function()
      local server <close> = ssh_far.expired_sshd()
      faults.fails({ options = {
        host = "127.0.0.1", port = server.port, user = "somebody", agent = false, ssh_config = false,
        host_key = server.fingerprint, password = ssh_far.PASSWORD,
      } }, faults.refused("ssh.auth", PATIENCE))
      assert.matches("^20 30 21 5 50 50 1? ?end$", server:next_report())
    end)

    row("a prompt that can't be answered", function()
      is_refused({ "UsePAM yes", "KbdInteractiveAuthentication yes" }, "otp", ssh_far.PASSWORD,
        "the server asked 'Verification code: '", { ["Failed keyboard-interactive"] = 1 })
    end)
  end)
end)
