local child = require("spec.support.child")
local eventually = require("spec.support.eventually")
local file = require("idle.file")
local far = require("spec.support.far")
local processes = require("spec.support.processes")

-- One on a line: its id and its name.
local function children_of(running)
  local listing <close> = io.popen(("ps -o pid=,comm= --ppid %d"):format(running.pipe:pid()))
  return listing:read("a")
end

describe("idle-lua sim", function()
  it("refuses what it does not know, with the nearest word", function()
    local cases = {
      [{ "sim", "powershel" }] = "unknown simulator 'powershel'; did you mean 'powershell'%?",
      [{ "sim" }] = "sim needs the word sshd or powershell",
      [{ "sim", "powershell", "--sate", "x" }] = "unknown argument '%-%-sate'; did you mean '%-%-state'%?",
      [{ "sim", "powershell" }] = "%-%-state is missing",
      [{ "sim", "powershell", "--state" }] = "%-%-state needs a value",
      [{ "sim", "sshd" }] = "%-%-dir is missing",
      [{ "sim", "sshd", "--dir", "/tmp", "--port", "ssh" }] = "%-%-port must be a number",
      [{ "sim", "sshd", "--dir", "/tmp", "--", "x" }] = "unexpected argument 'x'",
    }
    for arguments, message in pairs(cases) do
      local outcome = child.run(arguments)
      assert.equal(64, outcome.exit_code)
      assert.matches(message, outcome.stderr)
    end
  end)

  it("names the file of bad options, and a file that is missing", function()
    local server <close> = far.server()
    assert(file.write_private(server.path, '{ "busy_start": 1 }'))
    assert.matches("unknown simulator option 'busy_start'; did you mean 'busy_starts'",
      child.run({ "sim", "powershell", "--state", server.path, "--" }).stderr)
    assert(file.write_private(server.path, "{"))
    assert.matches("server.json", child.run({ "sim", "powershell", "--state", server.path, "--" }).stderr)
    local missing = child.run({ "sim", "powershell", "--state", server.path .. ".missing", "--" })
    assert.not_equal(0, missing.exit_code)
    assert.matches("server.json.missing", missing.stderr)
  end)

  it("refuses a folder that cannot be made, and leaves nothing in doubt", function()
    local outcome = child.run({ "sim", "sshd", "--dir", "/proc/self/nowhere/far" })
    assert.equal(66, outcome.exit_code)
    assert.equal("idle-lua: --dir: cannot write '/proc/self/nowhere/far': No such file or directory\n", outcome.stderr)
    assert.equal(64, child.run({ "sim", "sshd", "--dir", "" }).exit_code)
    assert.equal(66, child.run({ "sim", "powershell", "--state", "/tmp" }).exit_code)
  end)

  it("runs an sshd until the pipe on its input is closed, and prints the session that reaches it", function()
    local dir = assert(file.temp_dir("idle sim-"))
    local running <close> = child.start({ "sim", "sshd", "--dir", dir, "--set", "busy_starts=1" })
    local lines = {}
    repeat
      lines[#lines + 1] = running:read_line()
    until lines[#lines] == "}"
    assert.equal("idle.ssh_session{", lines[1])
    local script = ([[
      local idle = require "idle"
      local session <close> = %s
      print((select(2, pcall(session.InvokeCommand, session, "Start-ADSyncSyncCycle"))))
      print(session:InvokeCommand("Start-ADSyncSyncCycle").Result)]]):format(table.concat(lines, "\n"))
    local outcome = child.run({ "-e", script })
    assert.equal(0, outcome.exit_code)
    assert.matches("AAD is busy.*\nSuccess\n$", outcome.stdout)
    local log = dir .. "/sshd.log"
    assert.matches("Accepted publickey", (file.read(log)))
    local ended = running:outcome()
    assert.equal(0, ended.exit_code)
    assert.matches(("\n}\n%%-%%- or: idle%%-lua sync %%-%%-no%%-ssh%%-config %%-%%-no%%-agent "
      .. "%%-%%-host 127%%.0%%.0%%.1 %%-%%-port %s "):format(lines[6]:match("port = (%d+)")), ended.stdout)
    assert.equal("", ended.stderr)
    file.remove_all(dir)
  end)

  it("refuses a folder that is in use, and leaves it as it is", function()
    local dir = assert(file.temp_dir("idle-sim-"))
    local running <close> = child.start({ "sim", "sshd", "--dir", dir, "--set", "busy_starts=1" })
    running:read_up_to("}")
    local before = assert(file.read(dir .. "/known_hosts")) .. assert(file.read(dir .. "/server.json"))
    local second = child.run({ "sim", "sshd", "--dir", dir, "--set", "busy_starts=2" })
    assert.equal(65, second.exit_code)
    assert.matches(("idle-lua: folder '%s' is in use by another simulated server that still runs"):format(dir),
      second.stderr, 1, true)
    assert.equal(before, assert(file.read(dir .. "/known_hosts")) .. assert(file.read(dir .. "/server.json")))
    assert.equal(0, running:outcome().exit_code)
    local third <close> = child.start({ "sim", "sshd", "--dir", dir })
    third:read_up_to("}")
    assert.equal(0, third:outcome().exit_code)
    file.remove_all(dir)
  end)

  it("runs an sshd without an input, as a job in the background, until a signal", function()
    local dir = assert(file.temp_dir("idle-sim-"))
    local running <close> = child.start({ program = "/bin/sh", "-c", 'exec "$0" sim sshd --dir "$1" </dev/null',
      child.PROGRAM, dir })
    running:read_up_to("}")
    -- What looks for the input has ended by then.
    eventually(function() return children_of(running):match("^ *%d+ sshd\n$") end, "sshd is the only child")
    running:signal("TERM")
    assert.equal(143, running:outcome().exit_code)
    file.remove_all(dir)
  end)

  for _, signal in ipairs({ "TERM", "KILL" }) do
    it("ends its sshd when it is ended by SIG" .. signal, function()
      local dir = assert(file.temp_dir("idle-sim-"))
      local running <close> = child.start({ "sim", "sshd", "--dir", dir })
      running:read_up_to("}")
      local sshd_pid = tonumber(children_of(running):match("(%d+) sshd"))
      assert.is_number(sshd_pid)
      running:signal(signal)
      local outcome = running:outcome()
      assert.is_true(outcome.exit_code == 143 or outcome.signal == "KILL")
      eventually(function() return not processes.is_running(sshd_pid) end, "sshd is gone")
      file.remove_all(dir)
    end)
  end
end)
