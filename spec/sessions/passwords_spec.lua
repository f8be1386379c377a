local connector = require("idle.sessions.connector")
local errors = require("idle.engine.errors")
local far = require("spec.support.far")
local idle = require("idle")
local loop = require("idle.loop")
local secret = require("idle.secret")

describe("idle.sessions.passwords", function()
  local virtual_time = idle.test.virtual_time
  local names = 0

  -- A server of a new name that takes a second for a login, and says of the password what `answer` says then; and
  -- sessions with it. What it was given is counted.
  local function world(answer)
    names = names + 1
    local seen = { given = 0, begun = 0, inside = 0, most = 0 }
    local target = { host = ("aad%d.corp"):format(names), port = 22, user = "sync", password = "wrong",
                     connect_timeout = 15 }

    local function log_in(on_password)
      seen.begun, seen.inside = seen.begun + 1, seen.inside + 1
      seen.most = math.max(seen.most, seen.inside)
      local number = seen.begun
      local leave <close> = setmetatable({}, { __close = function() -- luacheck: ignore leave
        seen.inside = seen.inside - 1
      end })
      local kind, is_given, seconds = answer(number)
      if is_given ~= false then
        seen.given = seen.given + 1
        if on_password then on_password() end
      end
      idle.sleep(seconds or 1)
      local facts = { effect = "none", phase = "auth", credential_sent = is_given ~= false }
      if kind then errors.raise(kind, "no", facts) end
      return { close = function() end }
    end

    -- As a script in a hurry does it: a session for each joiner.
    function seen.log_in(changes, start_timeout)
      local here = {}
      for name, v in pairs(target) do here[name] = v end
      for name, v in pairs(changes or {}) do here[name] = v end
      local one = connector.new({ reconnect_timeout = 0, start_timeout = start_timeout or 90,
                                  password = here.password })
      seen.last = one
      local place <close> = one:keep_place() -- luacheck: ignore place
      return one:connect(here, function() return one:pass(here, log_in) end)
    end

    function seen.fails(changes, start_timeout) return far.raised(seen.log_in, changes, start_timeout) end

    -- What becomes of so many at once: the kinds of their errors, counted; "" stands for success.
    function seen.at_once(count, changes)
      local kinds = {}
      for _, task in ipairs(seen.start(count, changes)) do
        local _, err = pcall(task.join, task)
        local kind = errors.is(err) and err.kind or ""
        kinds[kind] = (kinds[kind] or 0) + 1
      end
      return kinds
    end

    function seen.start(count, changes)
      local tasks = {}
      for index = 1, count do
        tasks[index] = loop.spawn(function() return seen.log_in(changes) end)
      end
      return tasks
    end

    seen.target = target
    return seen
  end

  local function refused() return "ssh.auth" end
  local function taken() return nil end

  it("gives a refused password once, however many sessions are made for it", function()
    virtual_time(function()
      local server = world(refused)
      assert.equal("no", server.fails().message)
      for _ = 1, 5000 do
        local err = server.fails()
        assert.same({ "ssh.auth", "none", false }, { err.kind, err.effect, err.transient })
      end
      assert.equal(1, server.given)
      assert.equal(1, loop.monotonic() // 1)
    end)
  end)

  it("says since when, why, and what to do", function()
    virtual_time(function()
      local server = world(refused)
      server.fails()
      local at = os.date("!%Y-%m-%dT%H:%M", loop.now_ms() // 1000)
      local err = server.fails()
      local message = err.message
      assert.equal("no", err.cause.message)
      assert.matches(("^this password of 'sync' at '%s:22' was refused already at %s"):format(
        server.target.host:gsub("%.", "%%."), at:gsub("%-", "%%-")), message)
      assert.matches("in this process; it is not given again, so that the account is not locked: give the right "
        .. "one, or", message, 1, true)
      assert.is_nil(message:find("wrong", 1, true))
    end)
  end)

  it("knows it by what it is, be it a secret of its own or a string", function()
    virtual_time(function()
      local server = world(refused)
      server.fails({ password = secret.new("hunter2") })
      server.fails({ password = secret.new("hunter2") })
      server.fails({ password = "hunter2" })
      assert.equal(1, server.given)
    end)
  end)

  it("takes another password, account or server for what it is", function()
    virtual_time(function()
      local server = world(refused)
      server.fails()
      for _, changes in ipairs({
        { password = "other" }, { user = "admin" }, { port = 2222 }, { host = "bbd01" }, { way = "jump@gate:22" },
        { host_key_alias = "aad02" }, { host_key = "SHA256:x" },
      }) do
        local before = server.given
        server.fails(changes)
        assert.equal(before + 1, server.given)
      end
      local before = server.given
      server.fails({ host = server.target.host:upper() })
      assert.equal(before, server.given)
    end)
  end)

  it("lets one of many sessions try a password that is not known", function()
    virtual_time(function()
      local server = world(refused)
      assert.same({ ["ssh.auth"] = 1000 }, server.at_once(1000))
      assert.same({ 1, 1 }, { server.given, loop.monotonic() // 1 })
    end)
  end)

  it("lets all the others follow at once if it is right", function()
    virtual_time(function()
      local server = world(taken)
      assert.same({ [""] = 81 }, server.at_once(81))
      assert.same({ 8, 11 }, { server.most, loop.monotonic() // 1 })
      assert.same({ [""] = 8 }, server.at_once(8))
      assert.equal(12, loop.monotonic() // 1)
      idle.sleep(9)
      server.at_once(8)
      assert.equal(22, loop.monotonic() // 1)
    end)
  end)

  it("has the next one try if the first one failed before it gave it, and keeps nothing of that", function()
    for _, kind in ipairs({ "ssh.timeout", "ssh.lost", "ssh.connect", "ssh.hostkey_changed" }) do
      virtual_time(function()
        local server = world(function(number)
          if number <= 5 then return kind, false end
        end)
        assert.same({ [kind] = 5, [""] = 9 }, server.at_once(14))
        assert.same({ 8, 7 }, { server.most, loop.monotonic() // 1 })
      end)
    end
  end)

  it("has the next one try if no answer came, but not for ever", function()
    for _, kind in ipairs({ "ssh.timeout", "ssh.lost" }) do
      virtual_time(function()
        local server = world(function(number)
          if number ~= 3 then return kind end
        end)
        assert.same({ [kind] = 2, [""] = 1 }, server.at_once(3))
      end)
      virtual_time(function()
        local server = world(function() return kind end)
        assert.same({ [kind] = 3, ["ssh.auth"] = 97 }, server.at_once(100))
        assert.equal(3, server.given)
        local message = server.fails().message
        assert.matches("was given 3 times already in this process, and no answer ever came; it is not given again",
          message, 1, true)
      end)
    end
  end)

  it("bears a server that is slow for a while with a password that was right before", function()
    virtual_time(function()
      local server = world(function(number)
        if number > 1 and number < 12 then return "ssh.timeout" end
      end)
      server.log_in()
      for _ = 1, 10 do assert.equal("ssh.timeout", server.fails().kind) end
      server.log_in()
    end)
  end)

  it("counts it as given if the one who tried it is cancelled, and has the next one try", function()
    virtual_time(function()
      local server = world(function(number) return nil, number ~= 1, number <= 4 and 1000 or 1 end)
      local tasks = server.start(10)
      for index = 1, 4 do
        idle.sleep(1)
        tasks[index]:cancel()
      end
      for index, task in ipairs(tasks) do
        local _, err = pcall(task.join, task)
        assert.equal(index <= 4 and "cancelled" or "ssh.auth", err.kind)
      end
      assert.same({ 3, 4 }, { server.given, server.begun })
    end)
  end)

  it("lets those go who do not want to wait any longer", function()
    virtual_time(function()
      local server = world(function() return nil, true, 50 end)
      local tasks = server.start(3)
      idle.sleep(1)
      tasks[2]:cancel()
      assert.equal("cancelled", far.raised(tasks[2].join, tasks[2]).kind)
      local err = far.raised(idle.with_timeout, 5, server.log_in)
      assert.equal("timeout", err.kind)
      err = server.fails(nil, 10)
      assert.same({ "ssh.timeout", "none", true }, { err.kind, err.effect, err.transient })
      assert.equal(("other sessions tried this password of 'sync' at '%s:22' first, and for 10 s it did not become "
        .. "known whether it is right, so this login did not begin"):format(server.target.host), err.message)
      assert.equal(16, loop.monotonic() // 1)
      for _, index in ipairs({ 1, 3 }) do tasks[index]:join() end
      assert.equal(2, server.begun)
    end)
  end)

  it("does not begin a login for a session that was closed while it waited", function()
    virtual_time(function()
      local server = world(taken)
      local tasks = server.start(1)
      local late = loop.spawn(server.log_in)
      idle.sleep(0.5)
      server.last:interrupt()
      assert.equal("ssh.lost", far.raised(late.join, late).kind)
      tasks[1]:join()
      assert.equal(1, server.begun)
    end)
  end)

  it("gives a password that was changed meanwhile once", function()
    virtual_time(function()
      local is_changed = false
      local server = world(function() return is_changed and "ssh.auth" or nil end)
      server.log_in()
      is_changed = true
      idle.sleep(11)
      assert.same({ ["ssh.auth"] = 100 }, server.at_once(100))
      assert.equal(2, server.given)
      assert.same({ [""] = 1 }, (function()
        is_changed = false
        return server.at_once(1, { password = "the new one" })
      end)())
    end)
  end)

  it("stops those who wait at the gate when it is refused all the same", function()
    virtual_time(function()
      local server = world(function(number) return number > 1 and "ssh.auth" or nil end)
      server.log_in()
      assert.same({ ["ssh.auth"] = 100 }, server.at_once(100))
      assert.equal(1 + 8, server.given)
    end)
  end)

  it("keeps nothing of keys that are refused, and nobody waiting behind one that is not", function()
    virtual_time(function()
      local server = world(function(number) return number <= 2 and "ssh.auth" or nil, false end)
      assert.equal("ssh.auth", server.fails().kind)
      assert.equal("ssh.auth", server.fails().kind)
      server.log_in()
      assert.same({ [""] = 8 }, server.at_once(8))
      assert.equal(4, loop.monotonic() // 1)
    end)
  end)

  it("takes a login by a key for no proof of the password, but forgets none because of it", function()
    virtual_time(function()
      local server = world(function(number)
        if number ~= 3 then return "ssh.lost" end
        return nil, false
      end)
      for _ = 1, 2 do server.fails() end
      server.log_in()
      server.fails()
      assert.matches("given 3 times already", server.fails().message)
      assert.equal(3, server.given)
    end)
    virtual_time(function()
      local server = world(function(number)
        if number > 2 then return "ssh.lost" end
        return nil, number == 1
      end)
      for _ = 1, 2 do server.log_in() end
      for _ = 1, 4 do assert.equal("ssh.lost", server.fails().kind) end
    end)
  end)

  it("does not concern sessions without a password", function()
    virtual_time(function()
      local server = world(refused)
      assert.same({ ["ssh.auth"] = 8 }, server.at_once(8, { password = false }))
      assert.same({ 8, 1 }, { server.begun, loop.monotonic() // 1 })
    end)
  end)

  it("forgets refusals when it is told to", function()
    virtual_time(function()
      local is_repaired = false
      local server = world(function() return not is_repaired and "ssh.auth" or nil end)
      server.fails()
      is_repaired = true
      server.fails()
      idle.forget_refused_passwords()
      assert.same({ [""] = 9 }, server.at_once(9))
      assert.same({ 10, 3 }, { server.given, loop.monotonic() // 1 })
    end)
  end)

  it("forgets, too, that no answer came", function()
    virtual_time(function()
      local server = world(function() return "ssh.lost" end)
      for _ = 1, 3 do server.fails() end
      assert.equal("ssh.auth", server.fails().kind)
      idle.forget_refused_passwords()
      for _ = 1, 3 do assert.equal("ssh.lost", server.fails().kind) end
      assert.equal("ssh.auth", server.fails().kind)
    end)
  end)
end)
