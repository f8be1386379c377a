local eventually = require("spec.support.eventually")
local far = require("spec.support.ssh_far")
local file = require("idle.file")
local loop = require("idle.loop")

local SOON = far.SOON
local MEBIBYTE = 1024 * 1024

-- Row "rekey every 64 KiB with 20 MB both ways" of the fault matrix; traps 1 and 11 in src/ssh/client.c.
describe("idle.ssh, with a server that wants new keys every 64 KiB", function()
  local server

  setup(function()
    server = far.server({ config = { "RekeyLimit 64K", "MaxSessions 30" }, log_level = "DEBUG1" })
  end)
  teardown(function() server:stop() end)

  local function exchanges(of)
    return select(2, of:log():gsub("SSH2_MSG_KEXINIT sent", ""))
  end

  -- No two are the same, so that a hole or a swap shows.
  local function block(number) return ("%015d\n"):format(number):rep(MEBIBYTE / 16) end

  it("carries 20 MiB both ways at once", function()
    local client <close> = server:connect()
    local pipe <close> = assert(client:exec("cat", SOON))
    local before = exchanges(server)
    local writer = loop.spawn(function()
      for number = 1, 20 do assert(pipe:write(block(number), SOON)) end
      pipe:finish()
    end)
    local text = assert(pipe:read_all(SOON))
    writer:join()
    assert.equal(20 * MEBIBYTE, #text)
    for number = 1, 20 do
      assert.is_true(block(number) == text:sub((number - 1) * MEBIBYTE + 1, number * MEBIBYTE))
    end
    assert.same({ exit_code = 0 }, pipe:wait_exit(SOON))
    assert.is_true(exchanges(server) - before > 200)
  end)

  it("carries 20 MiB up, and 2 MiB down", function()
    local client <close> = server:connect()
    local path = server.dir .. "/stored"
    local up <close> = assert(client:exec("cat >" .. path, SOON))
    for number = 1, 20 do assert(up:write(block(number), SOON)) end
    up:finish()
    assert.same({ exit_code = 0 }, up:wait_exit(SOON))
    local stored = assert(file.read(path))
    for number = 1, 20 do
      assert.is_true(block(number) == stored:sub((number - 1) * MEBIBYTE + 1, number * MEBIBYTE))
    end
    local down <close> = assert(client:exec(("tail -c %d %s"):format(2 * MEBIBYTE, path), SOON))
    assert.is_true(stored:sub(-2 * MEBIBYTE) == down:read_all(SOON))
  end)

  -- The server sleeps until the kernel takes no more, so that the first of its requests finds us with half a packet.
  it("goes on with many commands whose packets the system takes only in part", function()
    local client <close> = server:connect()
    local text = block(7):rep(2)
    local pipes, writers = {}, {}
    for number = 1, 10 do pipes[number] = assert(client:exec("wc -c", SOON)) end
    server:signal_sessions("STOP")
    for number, pipe in ipairs(pipes) do
      writers[number] = loop.spawn(function()
        assert(pipe:write(text, SOON))
        pipe:finish()
      end)
    end
    loop.sleep(0)
    server:signal_sessions("CONT")
    for number, pipe in ipairs(pipes) do
      assert.equal(#text .. "\n", pipe:read_all(SOON))
      writers[number]:join()
    end
  end)

  it("opens and ends commands while keys are exchanged", function()
    local impatient <close> = far.server({ config = { "RekeyLimit 1K", "MaxSessions 30" }, log_level = "DEBUG1" })
    local client <close> = impatient:connect()
    local tasks = {}
    for number = 1, 10 do
      tasks[number] = loop.spawn(function()
        for _ = 1, 10 do
          local pipe <close> = assert(client:exec(("echo %d; echo oops >&2; exit %d"):format(number, number), SOON))
          assert.equal(number .. "\n", pipe:read_all(SOON))
          assert.same({ exit_code = number }, pipe:wait_exit(SOON))
          assert.equal("oops\n", pipe:stderr())
        end
      end)
    end
    for _, task in ipairs(tasks) do task:join() end
    assert.is_true(exchanges(impatient) > 20)
  end)

  it("finds that keys are wanted when it wakes from idleness", function()
    local hasty <close> = far.server({ config = { "RekeyLimit 1G 1" }, log_level = "DEBUG1" })
    local client <close> = hasty:connect()
    eventually(function() return exchanges(hasty) == 2 end)
    local pipe <close> = assert(client:exec("echo here", SOON))
    assert.equal("here\n", pipe:read_all(SOON))
  end)
end)
