local eventually = require("spec.support.eventually")
local far = require("spec.support.ssh_far")
local live = require("idle.live")
local loop = require("idle.loop")

local SOON = far.SOON

-- What must not wait must not wait, not even for a peer that is dead.
local function at_once(f)
  local begun = loop.monotonic()
  f()
  assert.is_true(loop.monotonic() - begun < 0.5)
end

describe("idle.ssh", function()
  local server

  before_each(function() server = far.server() end)
  after_each(function()
    server:signal_sessions("CONT")
    server:stop()
  end)

  local function lost(result, err)
    assert.is_nil(result)
    assert.equal("ssh.lost", err.kind)
    return err
  end

  describe("when the connection is lost", function()
    it("says so before a command, and knows that nothing was done", function()
      local client <close> = server:connect()
      assert.is_true(client:is_open())
      server:signal_sessions("KILL")
      eventually(function() return not client:is_open() end)
      local err = lost(client:exec("true", SOON))
      assert.same({ "none", true }, { err.effect, err.transient })
      assert.matches("was lost while a command was being started, after %d+%.%d s: ", err.message)
    end)

    it("says so during a command, in every wait", function()
      local client <close> = server:connect()
      local pipe <close> = assert(client:exec("sleep 100", SOON))
      local errs = {}
      local tasks = {
        loop.spawn(function() errs[1] = lost(pipe:read_line(SOON)) end),
        loop.spawn(function() errs[2] = lost(pipe:wait_exit(SOON)) end),
        loop.spawn(function() errs[3] = lost(pipe:write(("x"):rep(100 * 1024 * 1024), SOON)) end),
      }
      loop.sleep(50)
      server:signal_sessions("KILL")
      for _, task in ipairs(tasks) do task:join() end
      for i = 1, 3 do
        assert.same({ "unknown", false }, { errs[i].effect, errs[i].transient })
        assert.matches("^the connection to 'ssh://127.0.0.1:%d+' was lost while a command ran, after %d+.%d s: ",
          errs[i].message)
      end
    end)

    it("still hands out what came before", function()
      local client <close> = server:connect()
      local pipe <close> = assert(client:exec("echo one; echo two; sleep 100", SOON))
      assert.equal("one", pipe:read_line(SOON))
      server:signal_sessions("KILL")
      eventually(function() return not client:is_open() end)
      assert.equal("two", pipe:read_line(SOON))
      lost(pipe:read_line(SOON))
    end)

    it("still knows how a command ended before", function()
      local client <close> = server:connect()
      local pipe <close> = assert(client:exec("echo out; exit 4", SOON))
      assert.same({ exit_code = 4 }, pipe:wait_exit(SOON))
      server:signal_sessions("KILL")
      eventually(function() return not client:is_open() end)
      assert.equal("out\n", pipe:read_all(SOON))
      assert.same({ exit_code = 4 }, pipe:wait_exit(SOON))
    end)

    it("tells every command that runs on it", function()
      local client <close> = server:connect()
      local tasks = {}
      for i = 1, 4 do
        tasks[i] = loop.spawn(function()
          local pipe <close> = assert(client:exec("cat", SOON))
          lost(pipe:read_line(SOON))
        end)
      end
      eventually(function() return select(2, server:log():gsub("Starting session", "")) == 4 end)
      server:signal_sessions("KILL")
      for _, task in ipairs(tasks) do task:join() end
    end)

    it("says when a packet was changed on the way", function()
      local peer <close> = far.peer("damage", tostring(server.port))
      local client <close> = server:connect({ port = peer.port, host_key = server:fingerprint() })
      -- Not before it is asked: what comes with the answer to the start would be met by the start.
      local pipe <close> = assert(client:exec("read line; head -c 20000 /dev/zero", SOON))
      assert(pipe:write("\n", SOON))
      local err = lost(pipe:read_all(SOON))
      assert.matches(": a packet was changed on the way$", err.message)
    end)

    it("says so to those who wait when this program closes it", function()
      local client <close> = server:connect()
      local pipe <close> = assert(client:exec("cat", SOON))
      client:close()
      local err = lost(pipe:read_line(SOON))
      assert.equal("the connection was closed by this program", err.message)
    end)
  end)

  describe("while nothing is asked of it", function()
    it("answers the server, which would hang up otherwise", function()
      server:stop()
      server = far.server({ config = { "ClientAliveInterval 1", "ClientAliveCountMax 1" } })
      local client <close> = server:connect()
      local pipe <close> = assert(client:exec("cat", SOON))
      loop.sleep(3500) -- so long it takes until the server has lost its patience
      assert.is_true(client:is_open())
      assert(pipe:write("still here\n", SOON))
      assert.equal("still here", pipe:read_line(SOON))
    end)
  end)

  describe("when the server falls silent", function()
    it("ends a login at its deadline", function()
      server:stop()
      server = far.server({ config = { "UseDNS no" } })
      local pid = tostring(server.pid)
      far.run({ "kill", "-STOP", pid }) -- connections are accepted by the kernel, and that is all
      local client, err = server:try({ timeout_ms = 300 })
      far.run({ "kill", "-CONT", pid })
      assert.is_nil(client)
      assert.equal("ssh.timeout", err.kind)
      assert.same({ "none", true }, { err.effect, err.transient })
    end)

    it("ends the start of a command at its deadline", function()
      local client <close> = server:connect()
      server:signal_sessions("STOP")
      local pipe, err = client:exec("true", 300)
      assert.is_nil(pipe)
      assert.equal("ssh.timeout", err.kind)
      assert.equal("none", err.effect)
      assert.matches("did not open a channel within 0%.%d s", err.message)
    end)

    it("ends a wait for output at its deadline", function()
      local client <close> = server:connect()
      local pipe <close> = assert(client:exec("cat", SOON))
      server:signal_sessions("STOP")
      assert(pipe:write("hello?\n", SOON))
      assert.equal("timeout", select(2, pipe:read_line(300)).kind)
    end)

    it("closes at once all the same", function()
      local client = server:connect()
      local pipe = assert(client:exec("cat", SOON))
      server:signal_sessions("STOP")
      pipe:write(("x"):rep(10 * 1024 * 1024), 200)
      at_once(function() pipe:close() end)
      at_once(function() client:close() end)
      at_once(function() client:close() end)
      assert.is_false(client:is_open())
    end)

    it("lets a cancelled task go at once", function()
      local client <close> = server:connect()
      server:signal_sessions("STOP")
      local task = loop.spawn(function() return client:exec("cat", SOON) end)
      loop.sleep(20)
      at_once(function()
        task:cancel()
        pcall(task.join, task)
      end)
    end)
  end)

  describe("closing", function()
    it("wakes whoever waits, and refuses what comes after", function()
      local client = server:connect()
      local pipe = assert(client:exec("cat", SOON))
      local err
      local task = loop.spawn(function() err = select(2, pipe:read_line(SOON)) end)
      loop.sleep(20)
      at_once(function() client:close() end)
      task:join()
      assert.equal("ssh.lost", err.kind)
      assert.has_error(function() client:exec("true", SOON) end, "the connection is closed; connect again")
      pipe:close()
    end)

    it("ends a connection that is being made, with its task", function()
      local peer <close> = far.peer("silent")
      local task = loop.spawn(function() return peer:try(SOON) end)
      loop.sleep(50)
      at_once(function()
        task:cancel()
        assert.is_false((pcall(task.join, task)))
      end)
    end)

    it("is done by the garbage collector, in any order", function()
      local births = live.births()
      for _ = 1, 3 do
        local client = server:connect()
        local pipes = { client:exec("cat", SOON), client:exec("cat", SOON) }
        assert.equal(2, #pipes)
      end
      live.forget(births) -- the harness would keep them
      collectgarbage()
      collectgarbage()
      eventually(function() return #server:sessions() == 0 end)
    end)

    it("is not waited for at the end of the program", function()
      local script = ([[
        local client = assert(require("idle.ssh").connect({ host = %q, port = %d, user = %q, known_hosts = %q,
          identity_file = %q, agent = false, timeout_ms = 20000 }))
        local pipe = assert(client:exec("cat", 20000))
        print("done")]]):format(server.host, server.port, server.user, server.known_hosts, server.identity_file)
      local program = assert(require("idle.process").executable())
      assert.equal("done\n", far.run({ program, "-e", script }))
      eventually(function() return #server:sessions() == 0 end)
    end)
  end)
end)
