local eventually = require("spec.support.eventually")
local far = require("spec.support.ssh_far")
local lfs = require("lfs")
local live = require("idle.live")
local loop = require("idle.loop")
local socket = require("socket")

local SOON = far.SOON
local MEBIBYTE = 1024 * 1024

describe("idle.ssh, through other servers", function()
  local gate, middle, goal -- one behind the other
  local to_gate, to_middle

  setup(function()
    gate = far.server({ config = { "MaxSessions 50" }, log_level = "DEBUG1" })
    middle = far.server({ log_level = "DEBUG1" })
    goal = far.server({ config = { "MaxStartups 100" }, host_keys = { "ed25519", "ecdsa" }, log_level = "DEBUG1" })
  end)
  teardown(function()
    for _, server in ipairs({ gate, middle, goal }) do server:stop() end
  end)
  before_each(function()
    to_gate = gate:connect()
    to_middle = middle:connect({ via = to_gate })
  end)
  after_each(function()
    to_middle:close()
    to_gate:close()
  end)

  local function quoted(...)
    local urls = {}
    for number, server in ipairs({ ... }) do urls[number] = ("'ssh://127.0.0.1:%d'"):format(server.port) end
    return table.concat(urls, " through ")
  end

  local function run(client, command)
    local pipe <close> = assert(client:exec(command, SOON))
    return assert(pipe:read_all(SOON))
  end

  -- A port from which nothing comes back: its queue is full, so the kernel drops whatever knocks.
  local function with_black_hole(f)
    local listener = assert(socket.bind("127.0.0.1", 0, 0))
    local _, port = listener:getsockname()
    local guests = {}
    for number = 1, 3 do
      guests[number] = socket.tcp()
      guests[number]:settimeout(0)
      guests[number]:connect("127.0.0.1", port)
    end
    f(math.tointeger(tonumber(port)))
    for _, guest in ipairs(guests) do guest:close() end
    listener:close()
  end

  it("runs commands behind one of them, and behind two", function()
    assert.equal("one\n", run(to_middle, "echo one"))
    local client <close> = goal:connect({ via = to_middle })
    assert.equal("two\n", run(client, "echo two"))
    assert.equal("", client:info().address)
    assert.equal("three\n", run(to_gate, "echo three"))
  end)

  it("carries 5 MiB both ways through two of them", function()
    local client <close> = goal:connect({ via = to_middle })
    local lines = {}
    for number = 1, 5 * MEBIBYTE / 8 do lines[number] = ("%07d\n"):format(number) end
    local text = table.concat(lines)
    local pipe <close> = assert(client:exec("cat", SOON))
    local writer = loop.spawn(function()
      assert(pipe:write(text, SOON))
      pipe:finish()
    end)
    assert.is_true(text == pipe:read_all(SOON))
    writer:join()
    assert.same({ exit_code = 0 }, pipe:wait_exit(SOON))
  end)

  it("holds a command up whose output nobody reads", function()
    local pipe <close> = assert(to_middle:exec("yes 0123456789 | head -c 30000000", SOON))
    assert.equal("0123456789", pipe:read_line(SOON))
    loop.sleep(100)
    assert.is_true(to_gate:info().memory_bytes < 4 * MEBIBYTE)
    assert.equal(30000000 - 11, #assert(pipe:read_all(SOON)))
  end)

  it("checks the key of each, and sends nothing of a credential before", function()
    local before = #goal:log()
    local client, err = goal:try({ via = to_middle, known_hosts = middle.known_hosts })
    assert.is_nil(client)
    assert.equal("ssh.hostkey_unknown", err.kind)
    assert.matches("the host key of " .. quoted(goal, middle, gate), err.message, 1, true)
    assert.matches(("ssh -J ssh://%s@127.0.0.1:%d ssh://%s@127.0.0.1:%d ssh-keyscan -p %d 127.0.0.1 >> '%s'"):format(
      gate.user, gate.port, middle.user, middle.port, goal.port, middle.known_hosts), err.message, 1, true)
    assert.is_nil(goal:log():sub(before):find("userauth-request", 1, true))
  end)

  it("asks once more for a host key of the type that is wanted", function()
    local client <close> = goal:connect({ via = to_middle, host_key = goal:fingerprint("ecdsa") })
    assert.equal("ecdsa-sha2-nistp256", client:info().host_key_type)
    assert.equal("here\n", run(client, "echo here"))
  end)

  it("is lost with a server on the way that is killed, and says so", function()
    local client <close> = goal:connect({ via = to_middle })
    local pipe <close> = assert(client:exec("sleep 60", SOON))
    middle:signal_sessions("KILL")
    local exit, err = pipe:wait_exit(SOON)
    assert.is_nil(exit)
    assert.equal("ssh.lost", err.kind)
    assert.equal("unknown", err.effect)
    assert.matches(quoted(goal, middle, gate) .. " was lost while a command ran", err.message, 1, true)
    assert.matches("the one to " .. quoted(middle, gate) .. " was lost first: the server closed it", err.message, 1,
      true)
    assert.is_false(client:is_open())
    assert.equal("alive\n", run(to_gate, "echo alive"))
  end)

  it("is closed with a connection on the way", function()
    local client <close> = goal:connect({ via = to_middle })
    local pipe <close> = assert(client:exec("sleep 60", SOON))
    to_gate:close()
    assert.is_false(client:is_open())
    local _, err = pipe:wait_exit(SOON)
    assert.equal("ssh.lost", err.kind)
    assert.matches("this program closed the connection to the hop", err.message, 1, true)
    assert.error_matches(function() goal:try({ via = to_gate }) end, "connection of option 'via' is closed", 1, true)
  end)

  it("keeps the connections on the way as long as it needs them", function()
    local births = live.births()
    local client <close> = goal:connect({ via = middle:connect({ via = gate:connect() }) })
    live.forget(births) -- the harness would keep them
    for _ = 1, 2 do collectgarbage() end
    assert.equal("here\n", run(client, "echo here"))
  end)

  it("says what to change where connections are not let through", function()
    local strict <close> = far.server({ config = { "AllowTcpForwarding no" } })
    local to_strict <close> = strict:connect({ via = to_gate })
    local client, err = goal:try({ via = to_strict })
    assert.is_nil(client)
    assert.equal("ssh.connect", err.kind)
    assert.matches("cannot reach " .. quoted(goal, strict, gate) .. ": the hop lets no connection through", err.message,
      1, true)
    assert.matches("set AllowTcpForwarding yes", err.message, 1, true)
    assert.equal("alive\n", run(to_strict, "echo alive"))
  end)

  it("tells what the last server on the way says of the next", function()
    local _, err = goal:try({ via = to_gate, port = 1 })
    assert.equal("ssh.connect", err.kind)
    assert.matches("the hop says 'Connection refused'", err.message, 1, true)
    _, err = goal:try({ via = to_gate, host = "nowhere.invalid" })
    assert.equal("ssh.connect", err.kind)
    assert.matches("cannot reach 'ssh://nowhere.invalid:%d+' through 'ssh://.-': the hop says '.-known", err.message)
  end)

  it("ends at the deadline before a host that does not answer, and lets others through after it", function()
    with_black_hole(function(port)
      local begun = loop.monotonic()
      local _, err = goal:try({ via = to_gate, port = port, timeout_ms = 200 })
      assert.equal("ssh.timeout", err.kind)
      assert.matches("the hop did not open the way within %d%.%d s", err.message)
      assert.is_true(loop.monotonic() - begun < 2)
      local client <close> = goal:connect({ via = to_gate })
      assert.equal("alive\n", run(client, "echo alive"))
      assert.equal("alive\n", run(to_gate, "echo alive"))
    end)
  end)

  it("lets those through that wait behind a way that is given up", function()
    with_black_hole(function(port)
      local stuck = loop.spawn(function() return goal:try({ via = to_gate, port = port }) end)
      loop.sleep(100) -- until nothing else comes in
      stuck:cancel() -- which it is told after we have asked for the next way
      local client <close> = goal:connect({ via = to_gate, timeout_ms = 10000 })
      assert.equal("alive\n", run(client, "echo alive"))
    end)
  end)

  it("ends at the deadline where a server on the way has stopped", function()
    gate:signal_sessions("STOP")
    local _, err = goal:try({ via = to_gate, timeout_ms = 200 })
    gate:signal_sessions("CONT")
    assert.equal("ssh.timeout", err.kind)
    assert.equal("alive\n", run(to_gate, "echo alive"))
  end)

  it("leaves nothing behind, however many have gone through, and at once", function()
    local function files()
      local count = 0
      for _ in lfs.dir("/proc/self/fd") do count = count + 1 end
      return count
    end
    local function go_through()
      local tasks = {}
      for number = 1, 10 do
        tasks[number] = loop.spawn(function()
          local client <close> = goal:connect({ via = to_gate })
          assert.equal(number .. "\n", run(client, "echo " .. number))
        end)
      end
      for _, task in ipairs(tasks) do task:join() end
    end
    local open, memory = files(), to_gate:info().memory_bytes
    for _ = 1, 2 do go_through() end
    -- What the server has to say about the ends comes in a little later.
    eventually(function() return to_gate:info().memory_bytes <= memory + 1024 end)
    assert.equal(open, files())
  end)

  it("takes only a connection to go through", function()
    assert.error_matches(function() goal:try({ via = "gate" }) end, "option 'via' of ssh.connect must be a connection",
      1, true)
  end)
end)
