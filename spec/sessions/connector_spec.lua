local configured = require("spec.support.ssh_configured")
local connector = require("idle.sessions.connector")
local errors = require("idle.engine.errors")
local eventually = require("spec.support.eventually")
local far = require("spec.support.far")
local idle = require("idle")
local loop = require("idle.loop")
local processes = require("spec.support.processes")
local secret = require("idle.secret")
local ssh_far = require("spec.support.ssh_far")
local ssh_session = require("idle.sessions.ssh")
local sshd = require("idle.sim.sshd")

local TARGET = { host = "aad01", port = 22, connect_timeout = 15 }

describe("idle.sessions.connector", function()
  local virtual_time = idle.test.virtual_time

  -- A connector, and a server that answers as it is told, one word for each attempt; then it lets everybody in.
  local function world(options, ...)
    local answers, attempts = { ... }, 0
    local made = connector.new({ reconnect_timeout = options.reconnect_timeout or 30, start_timeout = 90,
                                 password = options.password })
    local function try()
      return made:pass(TARGET, function()
        attempts = attempts + 1
        local answer = answers[attempts]
        if not answer then return { close = function() end } end
        local kind, phase, sent = table.unpack(answer)
        errors.raise(kind, "no", { effect = "none", phase = phase, credential_sent = sent })
      end)
    end
    local function connect() return pcall(made.connect, made, TARGET, try) end
    return { connect = connect, connector = made, attempts = function() return attempts end,
             answer = function(...) answers, attempts = { ... }, 0 end }
  end

  local BUSY = { "ssh.busy", "handshake" }
  local REFUSED, UNRESOLVED = { "ssh.connect", "dial" }, { "ssh.resolve", "resolve" }
  local LOST, SLOW = { "ssh.lost", "handshake" }, { "ssh.timeout", "dial" }
  local NOT_SSH = { "ssh.handshake", "handshake" }
  local LOST_LOGIN, LOST_BEFORE_LOGIN = { "ssh.lost", "auth", true }, { "ssh.lost", "auth", false }
  local DENIED, STRANGER = { "ssh.auth", "auth", true }, { "ssh.hostkey_changed", "handshake" }

  local function times(answer, count)
    local answers = {}
    for index = 1, count do answers[index] = answer end
    return table.unpack(answers)
  end

  it("asks a busy server again, also the first time", function()
    virtual_time(function()
      local it_is = world({}, times(BUSY, 5))
      assert.is_true(it_is.connect())
      assert.equal(6, it_is.attempts())
    end)
  end)

  it("waits longer from one attempt to the next, by chance, up to eight seconds", function()
    for number, limit in ipairs({ 0.5, 1, 2, 4, 8, 8, 8 }) do
      local longest, sum = 0, 0
      for _ = 1, 200 do
        local seconds = connector.pause(number)
        longest, sum = math.max(longest, seconds), sum + seconds
      end
      assert.is_true(longest <= limit and longest > limit * 0.8)
      assert.is_true(math.abs(sum / 200 - limit / 2) < limit * 0.15)
    end
  end)

  it("gives a busy server up when the time for it is over", function()
    virtual_time(function()
      local it_is = world({ reconnect_timeout = 5 }, times(BUSY, 1000))
      local ok, err = it_is.connect()
      assert.same({ false, "ssh.busy" }, { ok, err.kind })
      assert.is_true(loop.monotonic() <= 15 and it_is.attempts() > 2)
    end)
  end)

  it("fails at once where nothing was ever reached", function()
    for _, answer in ipairs({ REFUSED, UNRESOLVED, SLOW, LOST, NOT_SSH }) do
      local it_is = world({}, times(answer, 3))
      local ok, err = it_is.connect()
      assert.same({ false, answer[1], 1 }, { ok, err.kind, it_is.attempts() })
    end
  end)

  it("tries again where it was connected before, as long as reconnect_timeout says", function()
    virtual_time(function()
      local it_is = world({ reconnect_timeout = 60 })
      assert.is_true(it_is.connect())
      it_is.answer(REFUSED, UNRESOLVED, SLOW, LOST, NOT_SSH, LOST_BEFORE_LOGIN)
      assert.is_true(it_is.connect())
      assert.equal(7, it_is.attempts())
      local began = loop.monotonic()
      it_is.answer(times(REFUSED, 1000))
      assert.is_false(it_is.connect())
      assert.is_true(loop.monotonic() - began <= 60 and loop.monotonic() - began > 45)
    end)
  end)

  it("does not try again where that was switched off", function()
    local it_is = world({ reconnect_timeout = 0 })
    assert.is_true(it_is.connect())
    it_is.answer(REFUSED)
    assert.is_false(it_is.connect())
    assert.equal(1, it_is.attempts())
  end)

  it("does not repeat a login that may have been seen, but a later command may", function()
    local it_is = world({})
    assert.is_true(it_is.connect())
    it_is.answer(LOST_LOGIN)
    local ok, err = it_is.connect()
    assert.same({ false, "ssh.lost", 1 }, { ok, err.kind, it_is.attempts() })
    assert.is_true(it_is.connect())
  end)

  it("shows a refused credential only once", function()
    local it_is = world({}, DENIED)
    local _, first = it_is.connect()
    local _, second = it_is.connect()
    assert.same({ "ssh.auth", "ssh.auth", 1 }, { first.kind, second.kind, it_is.attempts() })
    assert.equal("no; not tried again by this session, so that no account is locked", second.message)
  end)

  it("does not send a password again whose answer was lost", function()
    local it_is = world({ password = "x" }, LOST_LOGIN)
    it_is.connect()
    local _, err = it_is.connect()
    assert.same({ "ssh.lost", false, 1 }, { err.kind, err.transient, it_is.attempts() })
  end)

  it("leaves a refused host key alone, but looks again when the next command asks", function()
    local it_is = world({}, STRANGER)
    local _, err = it_is.connect()
    assert.same({ "ssh.hostkey_changed", 1 }, { err.kind, it_is.attempts() })
    assert.is_true(it_is.connect())
  end)

  it("stops at once when the session is closed, and says why when it is cancelled", function()
    virtual_time(function()
      local it_is = world({}, times(BUSY, 1000))
      local ok, err
      local task = loop.spawn(function() ok, err = it_is.connect() end)
      idle.sleep(6)
      it_is.connector:interrupt()
      task:join()
      assert.same({ false, "ssh.lost", "none", false }, { ok, err.kind, err.effect, err.transient })
      assert.equal(6, loop.monotonic() // 1)
      task = loop.spawn(function() err = select(2, it_is.connect()) end)
      idle.sleep(6)
      task:cancel()
      pcall(task.join, task)
      assert.same({ "cancelled", "no; it was still trying to connect again" }, { err.kind, err.message })
    end)
  end)

  it("keeps the place of a login until a command has begun, the next login is due, or it failed", function()
    virtual_time(function()
      local function connect_all(count, ...)
        local places = {}
        for index = 1, count do
          local one = world({}, ...)
          places[index] = one.connector:keep_place()
          one.connect()
        end
        return places
      end
      connect_all(9, DENIED)
      local kept = connect_all(7)
      local eighth = world({})
      kept[8] = eighth.connector:keep_place()
      for _ = 1, 2 do eighth.connect() end
      local late = world({})
      local task = loop.spawn(late.connect)
      idle.sleep(1)
      assert.equal(0, late.attempts())
      getmetatable(kept[3]).__close()
      task:join()
      assert.equal(1, late.attempts())
      kept[9] = late.connector:keep_place()
      for _, one in ipairs(kept) do getmetatable(one).__close() end
    end)
  end)

  describe("with a real sshd", function()
    it("waits for one that is restarted between two commands, by either transport", function()
      local function outlive_restart(transport)
        local server <close> = ssh_far.server()
        local session <close> = ssh_session(ssh_far.session_options(server, { transport = transport }))
        assert.equal("x\n", session:run({ command = "echo x" }).stdout)
        server:signal_sessions("KILL")
        server.child:close()
        eventually(function() return not processes.is_running(server.pid) end, "sshd is gone")
        local task = loop.spawn(function() return session:run({ command = "echo y" }).stdout end)
        loop.sleep(200)
        assert.is_false(task:is_done())
        local again <close> = sshd.start({ dir = server.dir, port = server.port }) -- luacheck: ignore again
        assert.equal("y\n", task:join())
      end
      local other = loop.spawn(outlive_restart, "ssh")
      outlive_restart("libssh2")
      other:join()
    end)

    it("contacts the server once for five thousand commands with a wrong password", function()
      local world_of <close> = configured.start(nil, { config = { "PasswordAuthentication yes", "UsePAM no" } })
      local session <close> = world_of:session("Host aadc\nHostName $host\nPort $port\nUserKnownHostsFile $known\n"
        .. "IdentityAgent none\nIdentityFile none\nUser nobody\n",
        { password = assert(secret.from_file(world_of:write("password", "wrong"))) })
      for _ = 1, 5000 do
        local err = far.raised(session.run, session, { command = "true" })
        assert.equal("ssh.auth", err.kind)
      end
      local _, count = world_of:log():gsub("Connection from ", "")
      assert.equal(1, count)
    end)

    local function log_in_at_once(server, count)
      local tasks = {}
      for index = 1, count do
        tasks[index] = loop.spawn(function()
          local session <close> = ssh_session(ssh_far.session_options(server))
          return session:run({ command = "echo " .. index }).stdout
        end)
      end
      for index, task in ipairs(tasks) do assert.equal(index .. "\n", task:join()) end
    end

    -- More of them with IDLE_SESSIONS=500.
    it("lets many sessions in at once, of whom none is refused with the default MaxStartups", function()
      local server <close> = ssh_far.server({ config = { "MaxStartups 10:30:100" } })
      log_in_at_once(server, math.tointeger(tonumber(os.getenv("IDLE_SESSIONS"))) or 100)
      assert.is_nil(server:log():find("MaxStartups", 1, true))
    end)

    it("lets them in as well where some are refused at first", function()
      local server <close> = ssh_far.server({ config = { "MaxStartups 2:100:2" } })
      log_in_at_once(server, 8)
      assert.matches("MaxStartups", server:log(), 1, true)
    end)
  end)
end)
