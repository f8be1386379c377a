local file = require("idle.file")
local live = require("idle.live")
local loop = require("idle.loop")
local process = require("idle.process")

-- Long enough for any machine; nothing below waits for it.
local SOON = 20000

local function start(...)
  return assert(process.spawn({ command = { ... } }))
end

local function is_running(pid)
  local stat = file.read("/proc/" .. pid .. "/stat")
  return stat ~= nil and not stat:find("%) Z ")
end

-- Waits until a condition holds; a spec must not guess how long a thing takes.
local function eventually(check)
  local deadline = loop.monotonic() + SOON / 1000
  while not check() do
    if loop.monotonic() > deadline then error("never happened", 2) end
    loop.sleep(2)
  end
end

describe("idle.process", function()
  describe("spawn", function()
    it("hands arguments over as they are", function()
      local p <close> = start("printf", "%s|", "", "a b", "$HOME", "`x`", "'", '"', "-n", "\n")
      assert.equal("|a b|$HOME|`x`|'|\"|-n|\n|", p:read_all(SOON))
    end)

    it("names a program that can't be found", function()
      local p, err = process.spawn({ command = { "idle-no-such-program" } })
      assert.is_nil(p)
      assert.equal("process.spawn", err.kind)
      assert.equal("cannot start 'idle-no-such-program': no such program; check its name and PATH", err.message)
    end)

    it("names a file that can't be executed", function()
      local _, err = process.spawn({ command = { "/etc/passwd" } })
      assert.equal("cannot start '/etc/passwd': it may not be executed; check its mode", err.message)
    end)

    it("names a folder that is not there", function()
      local _, err = process.spawn({ command = { "true" }, cwd = "/nowhere" })
      assert.equal("cannot start 'true' in '/nowhere': no such folder", err.message)
    end)

    it("starts in the folder that it is told", function()
      local p <close> = assert(process.spawn({ command = { "pwd" }, cwd = "/usr" }))
      assert.equal("/usr", p:read_line(SOON))
    end)

    it("adds to the inherited environment, replaces and removes", function()
      local p <close> = assert(process.spawn({
        command = { "sh", "-c", "echo \"$NEW|${HOME-unset}|$PATH\"" },
        env = { NEW = "a = b", HOME = false },
      }))
      assert.equal("a = b|unset|" .. os.getenv("PATH"), p:read_line(SOON))
    end)

    it("inherits the environment if nothing is said", function()
      local p <close> = start("sh", "-c", "echo $PATH")
      assert.equal(os.getenv("PATH"), p:read_line(SOON))
    end)

    it("gives the program real pipes, which it may open again", function()
      local p <close> = start("cat", "/dev/stdin")
      assert(p:write("text", SOON))
      p:finish()
      assert.equal("text", p:read_all(SOON))
    end)

    it("hands the pipes of one program to no other", function()
      local first <close> = start("cat")
      local second <close> = start("cat")
      first:finish()
      assert.equal(0, first:wait_exit(SOON).exit_code)
      assert.equal("timeout", select(2, second:wait_exit(0)).kind)
    end)

    it("refuses what it does not understand", function()
      assert.error_matches(function() process.spawn({ comand = {} }) end, "no option 'comand'")
      assert.error_matches(function() process.spawn({ command = {} }) end, "'command' must be a list")
      assert.error_matches(function() process.spawn({ command = { 1 } }) end, "'command' needs strings")
      assert.error_matches(function() process.spawn({ command = { "a\0b" } }) end, "without zero bytes")
      assert.error_matches(function() process.spawn({ command = { "true" }, stderr = "no" }) end, "'stderr' must be")
      assert.error_matches(function() process.spawn({ command = { "true" }, env = { ["A=B"] = "x" } }) end,
        "no valid name 'A=B'")
    end)
  end)

  describe("reading", function()
    it("hands out lines, and the last one without a line feed, too", function()
      local p <close> = start("printf", "one\\r\\n\\ntwo")
      assert.equal("one\r", p:read_line(SOON))
      assert.equal("", p:read_line(SOON))
      assert.equal("two", p:read_line(SOON))
      local line, err = p:read_line(SOON)
      assert.is_nil(line)
      assert.equal("pipe.eof", err.kind)
      assert.equal("'printf' has ended its output", err.message)
    end)

    it("gives up at the deadline, and can be asked again", function()
      local p <close> = start("cat")
      local line, err = p:read_line(20)
      assert.is_nil(line)
      assert.equal("timeout", err.kind)
      assert.equal("'cat': no line within 0.02 s", err.message)
      assert(p:write("late\n", SOON))
      assert.equal("late", p:read_line(SOON))
    end)

    it("drops a line that is too long, and reads the next", function()
      local p <close> = start("sh", "-c", "head -c 300000 /dev/zero; echo; echo next")
      local line, err = p:read_line(SOON, 1000)
      assert.is_nil(line)
      assert.equal("pipe.too_large", err.kind)
      assert.equal("'sh' wrote a line of more than 1000 bytes", err.message)
      assert.equal("next", p:read_line(SOON, 1000))
    end)

    it("accepts a line of exactly the limit", function()
      local p <close> = start("printf", "12345\\n123456\\n")
      assert.equal("12345", p:read_line(SOON, 5))
      assert.equal("pipe.too_large", select(2, p:read_line(SOON, 5)).kind)
    end)

    it("reads a line that is longer than what may wait unread", function()
      local p <close> = start("sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x; echo")
      assert.equal(5000000, #p:read_line(SOON, 5000000))
    end)

    it("reads all output, but no more than the limit", function()
      local p <close> = start("head", "-c", "3000000", "/dev/zero")
      assert.equal(("\0"):rep(3000000), p:read_all(SOON))
      local q <close> = start("head", "-c", "3000000", "/dev/zero")
      assert.equal("pipe.too_large", select(2, q:read_all(SOON, 2999999)).kind)
    end)

    it("stops a program whose output nobody reads, and lets it go on", function()
      local dir = assert(file.temp_dir("idle-process-spec-"))
      local p <close> = assert(process.spawn({
        command = { "sh", "-c", "head -c 4000000 /dev/zero; touch done" }, cwd = dir }))
      assert.equal("timeout", select(2, p:wait_exit(100)).kind)
      assert.is_false(file.exists(dir .. "/done"))
      assert.equal(4000000, #p:read_all(SOON))
      assert.equal(0, p:wait_exit(SOON).exit_code)
      assert(file.remove_all(dir))
    end)

    it("needs no more memory for 100 MB than for a line", function()
      local p <close> = start("sh", "-c", "yes 0123456789012345678901234567890123456789 | tr -d '\\n' | fold -w 65535 "
        .. "| head -n 1526")
      local function resident_kib()
        return tonumber(file.read("/proc/self/status"):match("VmRSS:%s*(%d+)"))
      end
      local total, first_kib = 0, nil
      for line in function() return p:read_line(SOON) end do
        total = total + #line
        if total > 10000000 and not first_kib then first_kib = resident_kib() end
      end
      assert.is_true(total > 100000000)
      -- Memory that is poisoned instead of freed is not growth.
      if not file.read("/proc/self/maps"):find("libasan", 1, true) then
        assert.is_true(resident_kib() - first_kib < 16384)
      end
    end)
  end)

  describe("writing", function()
    it("never blocks a program that answers while we write", function()
      local p <close> = start("cat")
      local text = ("0123456789"):rep(400000)
      assert.is_true(p:write(text, SOON))
      assert.is_true(p:finish())
      assert.equal(text, p:read_all(SOON))
    end)

    it("says so when the program does not read any more", function()
      local p <close> = start("true")
      assert(p:wait_exit(SOON))
      local done, err = p:write("text", SOON)
      assert.is_nil(done)
      assert.equal("pipe.eof", err.kind)
      assert.equal("'true' does not read its input any more", err.message)
    end)

    it("gives up at the deadline when the program does not read", function()
      local p <close> = start("sleep", "1000")
      local done, err = p:write(("x"):rep(1000000), 20)
      assert.is_nil(done)
      assert.equal("timeout", err.kind)
    end)

    it("refuses to write behind the end", function()
      local p <close> = start("cat")
      p:finish()
      assert.error_matches(function() p:write("x", SOON) end, "finish%(%) was called before")
    end)
  end)

  describe("stderr", function()
    it("is complete when the program has ended", function()
      local p <close> = start("sh", "-c", "head -c 60000 /dev/zero | tr '\\0' x >&2; exit 3")
      assert.equal(3, p:wait_exit(SOON).exit_code)
      assert.equal(("x"):rep(60000), p:stderr())
    end)

    it("never stops the program, and keeps the end of it", function()
      local p <close> = assert(process.spawn({
        command = { "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x >&2; echo end >&2" }, stderr_limit = 100000 }))
      assert(p:wait_exit(SOON))
      assert.equal(65536, #p:stderr())
      assert.equal(100000, #p:stderr(true))
      assert.equal("xend\n", p:stderr():sub(-5))
    end)
  end)

  it("ends a program that makes a file longer than it may, without a core file", function()
    local path = os.tmpname()
    local _ <close> = setmetatable({}, { __close = function() os.remove(path) end })
    local script = 'read go; ulimit -c; cat /dev/zero >"$0"'
    local p <close> = assert(process.spawn({ command = { "sh", "-c", script, path }, file_limit = 100000 }))
    assert(p:write("go\n", SOON))
    assert.equal("0", p:read_line(SOON))
    assert(p:wait_exit(SOON))
    local output <close> = assert(io.open(path))
    assert.equal(100000, output:seek("end"))
    assert.error_matches(function() process.spawn({ command = { "true" }, file_limit = -1 }) end, "number of bytes")
  end)

  describe("the end of a program", function()
    it("is its exit code or the signal's name", function()
      local p <close> = start("sh", "-c", "exit 7")
      assert.same({ exit_code = 7 }, p:wait_exit(SOON))
      local q <close> = start("sh", "-c", "kill -9 $$")
      assert.same({ signal = "KILL" }, q:wait_exit(SOON))
    end)

    it("can be caused by a signal, once", function()
      local p <close> = start("sleep", "1000")
      assert.is_true(p:signal("TERM"))
      assert.same({ signal = "TERM" }, p:wait_exit(SOON))
      assert.is_false(p:signal("TERM"))
      assert.error_matches(function() p:signal("SIGTERM") end, "no such signal")
    end)

    it("is not waited for longer than allowed", function()
      local p <close> = start("sleep", "1000")
      local ending, err = p:wait_exit(20)
      assert.is_nil(ending)
      assert.equal("'sleep': did not exit within 0.02 s", err.message)
    end)
  end)

  describe("close", function()
    it("kills the program and leaves no zombie", function()
      local p = start("sleep", "1000")
      local pid = p:pid()
      assert.is_true(is_running(pid))
      p:close()
      p:close()
      eventually(function() return not file.exists("/proc/" .. pid) end)
    end)

    it("is done by the garbage collector, too", function()
      local births = live.births()
      local pid = start("sleep", "1000"):pid()
      live.forget(births) -- the harness would keep it
      collectgarbage()
      collectgarbage()
      eventually(function() return not file.exists("/proc/" .. pid) end)
    end)

    it("wakes whoever waits", function()
      local p = start("sleep", "1000")
      local waiting = loop.spawn(function() return p:read_line(SOON) end)
      loop.spawn(p.close, p):join() -- begins after the other task waits
      local line, err = waiting:join()
      assert.is_nil(line)
      assert.equal("pipe.eof", err.kind)
      assert.equal("'sleep' was closed by another task", err.message)
    end)

    it("makes every other method an error", function()
      local p = start("true")
      p:close()
      assert.error_matches(function() p:read_line(SOON) end, "the program is closed")
    end)
  end)

  it("lets several tasks wait for one program", function()
    local p <close> = start("cat")
    local reader = loop.spawn(function() return p:read_line(SOON) end)
    local ending = loop.spawn(function() return p:wait_exit(SOON) end)
    assert(p:write("line\n", SOON))
    assert.equal("line", reader:join())
    p:finish()
    assert.same({ exit_code = 0 }, ending:join())
  end)

  it("lets go of a task that is cancelled", function()
    local p <close> = start("cat")
    local reader = loop.spawn(function() return p:read_line(SOON) end)
    loop.spawn(reader.cancel, reader):join() -- begins after the reader waits
    local is_done, err = pcall(reader.join, reader)
    assert.is_false(is_done)
    assert.equal("cancelled", err.kind)
    assert(p:write("still there\n", SOON))
    assert.equal("still there", p:read_line(SOON))
  end)

  it("can't wait inside a coroutine of the script", function()
    local p <close> = start("cat")
    local co = coroutine.create(function() p:read_line(SOON) end)
    local is_done, err = coroutine.resume(co)
    assert.is_false(is_done)
    assert.matches("read_line", tostring(err.message or err))
  end)

  it("knows its own id and path", function()
    assert.equal(process.executable(), file.real_path("/proc/" .. process.pid() .. "/exe"))
  end)
end)
