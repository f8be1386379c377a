--- A server on the way that goes at any moment, or lets nobody in: what is said of the far end's work stays true, and
--- no login is repeated.
local far = require("spec.support.far")
local faults = require("spec.support.faults")
local file = require("idle.file")
local secret = require("idle.secret")
local ssh_far = require("spec.support.ssh_far")

-- All that the hop sends until a first command is done has some 6,000 bytes.
local MOMENTS = 14
local BYTES_A_MOMENT = 500

-- Seconds for each hop, for PowerShell, and for the command: a busy machine gets that far in them, too.
local TIMEOUT = 3

describe("a hop:", function()
  local goal, hop, known

  setup(function()
    goal = far.scripted_sshd("ledger", { config = { "MaxStartups 100" }, log_level = "DEBUG3" })
    hop = ssh_far.server({ config = { "MaxStartups 100" }, log_level = "DEBUG3" })
    assert(file.append_synced(hop.dir .. "/authorized_keys", assert(file.read(goal.identity_file .. ".pub"))))
    known = hop:write_known_hosts(("[127.0.0.1]:* %s\n"):format(hop:host_key()))
  end)
  teardown(function()
    getmetatable(goal).__close(goal)
    hop:stop()
  end)

  local function session_over(port, more)
    local options = {
      proxy_jump = ("%s@127.0.0.1:%d"):format(hop.user, port), known_hosts = { goal.known_hosts, known },
      connect_timeout = TIMEOUT, start_timeout = TIMEOUT, command_timeout = TIMEOUT, reconnect_timeout = 0,
    }
    for name, v in pairs(more or {}) do options[name] = v end
    return goal.session(options)
  end

  local KINDS = { ["ssh.lost"] = true, ["ssh.timeout"] = true, ["ssh.handshake"] = true, ["timeout"] = true }

  local function goes(harm, moment)
    local proxy <close> = ssh_far.proxy(hop.port)
    proxy:tell(("%s %d"):format(harm, 1 + moment * BYTES_A_MOMENT))
    local id = harm .. moment
    local session = session_over(proxy.port)
    local is_ok, err, seconds = faults.timed(session.InvokeCommand, session, "Start-Sync", { Id = id })
    local _, _, cleanup = faults.timed(session.close, session)
    local what = ("%s: %s"):format(id, is_ok and "done" or tostring(err))
    assert.is_true(seconds <= 4 * TIMEOUT + faults.LATE_SECONDS, what)
    assert.is_true(cleanup < faults.CLEANUP_SECONDS, what)
    local starts = goal.ledger()[id] or 0
    if is_ok then return assert.equal(1, starts, what) end
    assert.is_true(KINDS[err.kind] and starts <= (err.effect == "unknown" and 1 or 0), what)
    assert.equal(err.effect == "none" and err.kind ~= "timeout", err.transient, what)
    return err.phase or err.effect
  end

  faults.rows(function(row)
    for _, harm in ipairs({ "close", "reset", "freeze" }) do
      row(("a connection to it that ends at any moment: by %s"):format(harm), function()
        local calls, seen = {}, {}
        for moment = 0, MOMENTS - 1 do
          calls[#calls + 1] = function() seen[goes(harm, moment) or "done"] = true end
        end
        faults.together(calls)
        for _, phase in ipairs({ "handshake", "dial", "auth" }) do assert.is_true(seen[phase], phase) end
      end)
    end

    row("a login that the server behind it refuses: it is left at once", function()
      local between <close> = ssh_far.server()
      local keys = between:write_known_hosts(("[127.0.0.1]:* %s\n"):format(between:host_key()))
      assert(file.append_synced(between.dir .. "/authorized_keys", assert(file.read(goal.identity_file .. ".pub"))))
      local session <close> = session_over(between.port, { known_hosts = { goal.known_hosts, keys }, user = "nobody" })
      assert.equal("ssh.auth", far.raised(session.InvokeCommand, session, "Start-Sync", { Id = "refused" }).kind)
      local log = between:settled_log() -- which waits until nobody is connected
      assert.equal(1, select(2, log:gsub("Accepted publickey", "")))
    end)

    row("a login that it refuses", function()
      local strict <close> = ssh_far.server({ log_level = "DEBUG3" })
      local keys = strict:write_known_hosts(("[127.0.0.1]:* %s\n"):format(strict:host_key()))
      assert(file.write_private(strict.dir .. "/password", "secret"))
      local password <close> = assert(secret.from_file(strict.dir .. "/password"))
      local more = { known_hosts = { goal.known_hosts, keys }, password = password }
      local session <close> = session_over(strict.port, more)
      local who = ("jump host '127.0.0.1': 'ssh://127.0.0.1:%d' refused the login"):format(strict.port)
      for _ = 1, 3 do
        local err = far.raised(session.InvokeCommand, session, "Start-Sync", { Id = "refused" })
        assert.same({ "ssh.auth", "none", false }, { err.kind, err.effect, err.transient })
        assert.matches(who, err.message, 1, true)
      end
      local log = strict:settled_log()
      assert.equal(1, select(2, log:gsub("Connection from ", "")))
      -- The password is the far end's.
      assert.is_nil(log:find("method password", 1, true))
      assert.is_nil(goal.ledger().refused)
    end)
  end)
end)
