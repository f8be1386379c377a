local eventually = require("spec.support.eventually")
local far = require("spec.support.ssh_far")
local loop = require("idle.loop")

local SOON = far.SOON
local MEBIBYTE = 1024 * 1024

describe("idle.ssh", function()
  describe("running a command", function()
    local server, client

    setup(function()
      server = far.server({ config = { "MaxSessions 30" } })
      client = server:connect()
    end)
    teardown(function()
      client:close()
      server:stop()
    end)

    local function exec(command) return assert(client:exec(command, SOON)) end

    it("hands out its lines, stderr and exit code", function()
      local pipe <close> = exec("printf 'one\\n\\ntwo\\r\\nrest'; echo oops >&2; exit 7")
      assert.equal("one", pipe:read_line(SOON))
      assert.equal("", pipe:read_line(SOON))
      assert.equal("two\r", pipe:read_line(SOON))
      assert.equal("rest", pipe:read_line(SOON))
      local line, err = pipe:read_line(SOON)
      assert.is_nil(line)
      assert.equal("pipe.eof", err.kind)
      assert.same({ exit_code = 7 }, pipe:wait_exit(SOON))
      assert.equal("oops\n", pipe:stderr())
    end)

    it("tells exit codes apart from signals", function()
      for command, ending in pairs({
        ["exit 0"] = { exit_code = 0 }, ["exit 255"] = { exit_code = 255 },
        ["kill -TERM $$"] = { signal = "TERM" }, ["kill -KILL $$"] = { signal = "KILL" },
      }) do
        local pipe <close> = exec(command)
        assert.same(ending, pipe:wait_exit(SOON))
      end
    end)

    it("hands the command line over as it is, and gives no terminal", function()
      local pipe <close> = exec([[printf '%s|' "$0 $PATH" 'a  b' '$HOME' "\`"; tty]])
      assert.matches("|a  b|$HOME|`|not a tty\n", pipe:read_all(SOON), 1, true)
    end)

    it("ends its input after everything that was written", function()
      local pipe <close> = exec("cat; echo done")
      assert.is_true(pipe:write("one\n"))
      assert.is_true(pipe:write("two\n", SOON))
      assert.is_true(pipe:finish())
      assert.equal("one\ntwo\ndone\n", pipe:read_all(SOON))
    end)

    it("carries every byte", function()
      local bytes = {}
      for i = 0, 255 do bytes[i + 1] = string.char(i) end
      local text = table.concat(bytes):rep(3)
      local pipe <close> = exec("cat")
      pipe:write(text, SOON)
      pipe:finish()
      assert.equal(text, pipe:read_all(SOON))
    end)

    it("carries 20 MiB both ways at once", function()
      local pipe <close> = exec("cat")
      local block = ("0123456789abcdef"):rep(MEBIBYTE / 16 - 1) .. ("x"):rep(15) .. "\n"
      local writer = loop.spawn(function()
        for _ = 1, 20 do assert(pipe:write(block, SOON)) end
        pipe:finish()
      end)
      for _ = 1, 20 do assert.equal(block, pipe:read_line(SOON, 2 * MEBIBYTE) .. "\n") end
      assert.is_nil(pipe:read_line(SOON))
      writer:join()
      assert.same({ exit_code = 0 }, pipe:wait_exit(SOON))
    end)

    it("takes 20 MiB of input before anything is read", function()
      local pipe <close> = exec("cat")
      local text = ("x"):rep(20 * MEBIBYTE)
      assert.is_true(pipe:write(text, SOON))
      pipe:finish()
      assert.equal(#text, #pipe:read_all(SOON))
    end)

    it("is not stopped by a flood on stderr while stdout is idle", function()
      local pipe <close> = exec("head -c 5000000 /dev/zero | tr '\\0' e >&2; echo end")
      assert.equal("end", pipe:read_line(SOON))
      assert.same({ exit_code = 0 }, pipe:wait_exit(SOON))
      assert.equal(64 * 1024, #pipe:stderr())
      assert.equal(MEBIBYTE, #pipe:stderr(true))
    end)

    it("holds a command up that writes more than is read", function()
      local pipe <close> = exec("yes 0123456789 | head -c 50000000")
      assert.equal("0123456789", pipe:read_line(SOON))
      local before = collectgarbage("count")
      loop.sleep(200)
      assert.is_true(collectgarbage("count") - before < 1024)
      local size, limit = 11, 100 * MEBIBYTE
      size = size + #assert(pipe:read_all(SOON, limit))
      assert.equal(50000000, size)
    end)

    it("drops a line that is too long, and reads on", function()
      local pipe <close> = exec("head -c 100000 /dev/zero | tr '\\0' x; echo; echo next")
      local line, err = pipe:read_line(SOON, 1000)
      assert.is_nil(line)
      assert.equal("pipe.too_large", err.kind)
      assert.equal("next", pipe:read_line(SOON, 1000))
    end)

    it("limits what is read as a whole", function()
      local pipe <close> = exec("head -c 100000 /dev/zero; sleep 100")
      local text, err = pipe:read_all(SOON, 1000)
      assert.is_nil(text)
      assert.equal("pipe.too_large", err.kind)
    end)

    it("says when the command does not read its input any more", function()
      local pipe <close> = exec("exec <&-; echo closed")
      assert(pipe:wait_exit(SOON))
      local ok, err
      eventually(function()
        ok, err = pipe:write("x\n", SOON)
        return not ok
      end)
      assert.equal("pipe.eof", err.kind)
    end)

    it("ends each wait at its deadline, and goes on afterwards", function()
      local pipe <close> = exec("cat")
      local function is_late(result, err)
        assert.is_nil(result)
        assert.equal("timeout", err.kind)
      end
      is_late(pipe:read_line(20))
      is_late(pipe:read_all(20))
      is_late(pipe:wait_exit(20))
      is_late(pipe:read_line(0))
      pipe:write("still here\n", SOON)
      assert.equal("still here", pipe:read_line(SOON))
      local _, err = pipe:read_line(100)
      assert.equal(("'ssh://127.0.0.1:%d': no line within 0.1 s"):format(server.port), err.message)
    end)

    it("ends a write at its deadline", function()
      local pipe <close> = exec("sleep 100")
      local ok, err = pipe:write(("x"):rep(30 * MEBIBYTE), 300)
      assert.is_nil(ok)
      assert.equal("timeout", err.kind)
      assert.matches("input was not read within 0.3 s", err.message)
    end)

    it("keeps several commands apart", function()
      local tasks = {}
      for i = 1, 8 do
        tasks[i] = loop.spawn(function()
          local pipe <close> = exec("cat")
          for k = 1, 50 do
            local text = ("%d-%d-"):format(i, k) .. ("z"):rep(i * 1000)
            assert(pipe:write(text .. "\n", SOON))
            assert.equal(text, pipe:read_line(SOON))
          end
          pipe:finish()
          assert.same({ exit_code = 0 }, pipe:wait_exit(SOON))
        end)
      end
      for _, task in ipairs(tasks) do task:join() end
    end)

    it("lets one task read while another writes to the same command", function()
      local pipe <close> = exec("cat")
      local reader = loop.spawn(function()
        for i = 1, 200 do assert.equal(tostring(i), pipe:read_line(SOON)) end
      end)
      for i = 1, 200 do assert(pipe:write(i .. "\n", SOON)) end
      reader:join()
    end)

    it("drops a command whose task is cancelled", function()
      local task = loop.spawn(function()
        local pipe <close> = exec("cat")
        pipe:read_line(SOON)
      end)
      loop.sleep(50)
      task:cancel()
      local ok, err = pcall(task.join, task)
      assert.is_false(ok)
      assert.equal("cancelled", err.kind)
      local pipe <close> = exec("echo fine")
      assert.equal("fine", pipe:read_line(SOON))
    end)

    it("tells the task that waits when another one closes the command", function()
      local pipe <close> = exec("cat")
      local err
      local task = loop.spawn(function() err = select(2, pipe:read_line(SOON)) end)
      loop.sleep(20)
      pipe:close()
      task:join()
      assert.equal("pipe.eof", err.kind)
      assert.has_error(function() pipe:read_line(SOON) end, "the command is closed; run it again")
    end)

    it("needs no more memory for many commands than for a few", function()
      local fresh <close> = server:connect()
      local before = fresh:info().memory_bytes
      for _ = 1, 4 do
        local tasks = {}
        for i = 1, 10 do
          tasks[i] = loop.spawn(function()
            local pipe <close> = assert(fresh:exec("echo x; echo y >&2", SOON))
            assert.equal("x", pipe:read_line(SOON))
            assert(pipe:wait_exit(SOON))
          end)
        end
        for _, task in ipairs(tasks) do task:join() end
        eventually(function() return fresh:info().memory_bytes == before end)
      end
    end)
  end)

  describe("a connection that was collected", function()
    -- Finalizers run in the reverse order of their marking, so the connection is gone before its holder.
    it("is a closed one for the finalizer of its holder", function()
      local server <close> = far.server()
      local seen = {}
      do
        local holder = setmetatable({}, { __gc = function(self)
          self.client:close()
          seen.is_open = self.client:is_open()
          seen.exec = select(2, pcall(self.client.exec, self.client, "true", SOON))
          seen.info = select(2, pcall(self.client.info, self.client))
        end })
        holder.client = server:connect()
      end
      eventually(function()
        collectgarbage()
        return seen.info
      end)
      assert.is_false(seen.is_open)
      assert.matches("the connection is closed; connect again", seen.exec)
      assert.matches("the connection is closed; connect again", seen.info)
    end)
  end)

  describe("running more commands than the server allows", function()
    it("takes it for busy", function()
      local server <close> = far.server({ config = { "MaxSessions 2" } })
      local client <close> = server:connect()
      local first <close> = assert(client:exec("cat", SOON))
      local second <close> = assert(client:exec("cat", SOON))
      local third, err = client:exec("cat", SOON)
      assert.is_nil(third)
      assert.equal("ssh.busy", err.kind)
      assert.matches("opened no further channel .*: all that its MaxSessions allows are in use; try again later",
        err.message)
      assert.truthy(first and second)
      first:finish()
      assert(first:wait_exit(SOON))
      first:close()
      eventually(function()
        local again <close> = client:exec("true", SOON)
        return again
      end)
    end)
  end)

  describe("running a command that is not allowed", function()
    it("says so", function()
      local server <close> = far.server({ config = { "ForceCommand /nowhere/program" } })
      local client <close> = server:connect()
      local pipe <close> = assert(client:exec("true", SOON))
      assert.equal(127, pipe:wait_exit(SOON).exit_code)
    end)
  end)
end)
