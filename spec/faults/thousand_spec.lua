--- Many commands, one after the other, and a connection that is cut again and again between them.
--- IDLE_FAULT_COMMANDS=1000 runs so many.
local child = require("spec.support.child")
local far = require("spec.support.far")
local json = require("idle.json")

local COMMANDS = tonumber(os.getenv("IDLE_FAULT_COMMANDS") or 250)

-- In a program of its own, whose memory and files are nobody else's.
local SCRIPT = [[
local idle, lfs, file = require("idle"), require("lfs"), require("idle.file")
local SSHD, COMMANDS, EVERY = %d, %d, 50
local session <close> = idle.ssh_session{ host = %q, port = %d, user = %q, identity_file = %q, known_hosts = %q,
  agent = false, ssh_config = false }

local function connections() return file.read(("/proc/%%d/task/%%d/children"):format(SSHD, SSHD)) end

local function cut()
  for pid in connections():gmatch("%%d+") do idle.exec{ command = { "kill", "-KILL", pid } } end
  idle.wait_until{ check = function() return connections() == "" end, timeout = 20, interval = 0.01 }
end

local function measure()
  collectgarbage()
  collectgarbage()
  local files = 0
  for _ in lfs.dir("/proc/self/fd") do files = files + 1 end
  for line in io.lines("/proc/self/status") do
    local kib = line:match("^VmRSS:%%s*(%%d+)")
    if kib then return { lua = collectgarbage("count"), resident = tonumber(kib), files = files } end
  end
end

local before
for number = 1, COMMANDS do
  if number %% EVERY == 0 then cut() end
  session:InvokeCommand("Start-Sync", { Id = tostring(number) })
  if number == 2 * EVERY then before = measure() end
end
print(require("idle.json").encode({ before = before, after = measure() }))]]

describe("1,000 sequential commands with reconnects forced every 50:", function()
  it("each is in the ledger once, and neither memory nor files grow", function()
    local server <close> = far.scripted_sshd("ledger")
    local outcome = child.run({ "-e", SCRIPT:format(server.pid, COMMANDS, server.host, server.port, server.user,
      server.identity_file, server.known_hosts), env = { ASAN_OPTIONS = "quarantine_size_mb=0" } })
    assert.equal(0, outcome.exit_code, outcome.stderr)
    local expected = {}
    for number = 1, COMMANDS do expected[tostring(number)] = 1 end
    assert.same(expected, server.ledger())
    assert.equal(1 + COMMANDS // 50, select(2, server:log():gsub("Accepted publickey", "")))
    local seen = json.decode(outcome.stdout)
    assert.equal(seen.before.files, seen.after.files)
    assert.is_true(seen.after.lua - seen.before.lua < 64, outcome.stdout)
    assert.is_true(seen.after.resident - seen.before.resident < 1024, outcome.stdout)
    if COMMANDS >= 1000 then print(outcome.stdout) end
  end)
end)
