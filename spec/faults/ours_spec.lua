--- What happens to this program itself while a start is under way: signals, outputs, limits, the clock.
local child = require("spec.support.child")
local eventually = require("spec.support.eventually")
local faults = require("spec.support.faults")
local file = require("idle.file")
local json = require("idle.json")
local loop = require("idle.loop")
local specimen = require("spec.support.specimen")
local specimen_far = require("spec.support.specimen_far")
local ssh_far = require("spec.support.ssh_far")

-- Half of it is behind the start, and as much is in every look.
local SLOW = { latency_seconds = 0.3 }

-- Starts `idle-lua sync` under a shell that does something to it.
local function start_sync(server, shell_line, options)
  local command = {
    program = "bash", env = options and options.env,
    "-c", shell_line, "bash", child.PROGRAM, "sync", "--json", "--poll", "0.2", "--settle", "1", "--no-agent",
    "--host", server.host, "--port", tostring(server.port), "--user", server.user, "--identity", server.identity_file,
    "--known-hosts", server.known_hosts,
  }
  return child.start(table.move(options or {}, 1, #(options or {}), #command + 1, command))
end

local function sync(server, shell_line, options)
  local started <close> = start_sync(server, shell_line, options)
  local outcome = started:outcome()
  assert.is_nil(outcome.signal, outcome.stderr)
  outcome.document = outcome.stdout ~= "" and assert(json.decode(outcome.stdout)) or nil
  return outcome
end

local function wait_for_start(server) server:wait_for_starts(1) end

-- What a signal meets, how it gets there, and what is then said of the start. Whether the answer to one that is done
-- came first, nobody knows.
local MOMENTS = {
  { prepare = function(server) server:freeze_sshd() end,
    wait = function(_, run) run:wait_for_event("Triggered") end, says = "cancelled %(none%), 0 started" },
  { options = { faults = { { command = "Start-ADSyncSyncCycle", fault = "hang" } } },
    wait = function(server) server:wait_for_call("Start-ADSyncSyncCycle") end,
    says = "cancelled %(unknown%), 0 started" },
  { options = SLOW, wait = wait_for_start, says = "cancelled %(%a+%), 1 started" },
  { options = SLOW, wait = function(server)
      wait_for_start(server)
      server:freeze_connections()
    end, says = "cancelled %(%a+%), 1 started" },
}

local function end_by(signal, exit, moment)
  local server <close> = specimen_far.start(moment.options)
  if moment.prepare then moment.prepare(server) end
  local run <close> = specimen.sync(server)
  moment.wait(server, run)
  local began = loop.monotonic()
  run:signal(signal)
  local outcome = run:finish()
  assert.is_true(loop.monotonic() - began < faults.CLEANUP_SECONDS, "cleaning up took too long")
  assert.matches(("^exit %d, %s$"):format(exit, moment.says), outcome.verdict)
  assert.not_matches("(none), 1", outcome.verdict, 1, true)
  if moment.wait == wait_for_start then
    eventually(function() return #server:connections() == 0 end, "sshd noticed")
  end
end

local function ends_at_any_moment(signal, exit)
  local ends = {}
  for index, moment in ipairs(MOMENTS) do
    ends[index] = function() end_by(signal, exit, moment) end
  end
  faults.together(ends)
end

-- Many sessions are open at once in a program that may not open as many files. Each ends, and says how.
local CROWD = [[
local idle = require "idle"
local sessions, calls, seen = {}, {}, {}
local function try()
  local session = idle.ssh_session{ host = %q, port = %d, user = %q, identity_file = %q, known_hosts = %q,
    agent = false, ssh_config = false, transport = arg[1] }
  sessions[#sessions + 1] = session
  return session:run{ command = "echo fine" }.stdout
end
for number = 1, arg[2] do
  calls[number] = function()
    local ok, result = pcall(try)
    local word = ok and result:match("%%S+") or ("%%s %%s %%s"):format(result.kind, result.effect, result.transient)
    seen[word] = (seen[word] or 0) + 1
    assert(ok or tostring(result):find("too many open files; close some, or raise the limit %%(ulimit %%-n%%)"),
      tostring(result))
  end
end
idle.gather(calls)
for _, session in ipairs(sessions) do session:close() end
print(require("idle.json").encode(seen))
print(try())]]

-- Runs a program that is given three lines of input, the bootstrap, the token and one command. Behind them nobody holds
-- the other end of the pipe any more.
local DEAF = [[
exec 3<&0 </dev/null
sed -u 3q <&3 3<&- | "$0" "$@" 3<&- &
exec 3<&-
wait]]

describe("our own program:", function()
  faults.rows(function(row)
    row("SIGINT", function() ends_at_any_moment("INT", 130) end)

    row("SIGTERM", function() ends_at_any_moment("TERM", 143) end)

    row("SIGPIPE: a far end that reads no more is not our end", function()
      local ledger = os.tmpname()
      local _ <close> = setmetatable({}, { __close = function() os.remove(ledger) end })
      faults.fails({
        kind = "process_session",
        options = { command_timeout = 1.5, command = {
          "sh", "-c", DEAF, child.PROGRAM, "spec/support/fake_powershell.lua", "deaf:" .. ledger,
        } },
        first = { { "InvokeCommand", "Start-Sync", { Id = "heard" } } },
        call = { "InvokeCommand", "Start-Sync", { Id = ("x"):rep(1000) } },
      }, faults.in_doubt("timeout", 1.5))
      assert.equal("heard\n", file.read(ledger))
    end)

    row("SIGPIPE: nobody reads what we print any more", function()
      local server <close> = specimen_far.start()
      local outcome = sync(server, '{ "$@"; echo "status $?" >&2; } | true', { "--no-wait" })
      assert.matches("status 141\n$", outcome.stderr)
      assert.equal(1, #server:ledger())
    end)

    row("stdout closed", function()
      local server <close> = specimen_far.start()
      local outcome = sync(server, 'exec "$@" >&-', { "--no-wait" })
      assert.equal(74, outcome.exit_code)
      assert.matches("cannot write to stdout: .*; the command itself has run", outcome.stderr)
      assert.equal(1, #server:ledger())
    end)

    row("stdout full", function()
      local server <close> = specimen_far.start()
      local outcome = sync(server, 'exec "$@" >/dev/full', { "--no-wait" })
      assert.equal(74, outcome.exit_code)
      assert.matches("cannot write to stdout: .*; the command itself has run", outcome.stderr)
      assert.equal(1, #server:ledger())
    end)

    row("ulimit -n 32", function()
      local server <close> = specimen_far.start()
      local outcome = sync(server, 'ulimit -n 32; exec "$@"')
      assert.same({ 0, "Success" }, { outcome.exit_code, outcome.document.Data.Outcome })
      assert.equal(1, #server:ledger())
    end)

    -- So many sessions at once, with so few open files; they stay connected, or are told what they lack.
    local function crowd(transport, sessions, files)
      local server <close> = ssh_far.server({ config = { "MaxStartups 100" } })
      local script = CROWD:format(server.host, server.port, server.user, server.identity_file, server.known_hosts)
      local outcome = child.run({ program = "bash", "-c", ('ulimit -n %d; exec "$@"'):format(files), "bash",
                                  child.PROGRAM, "-", transport, tostring(sessions), stdin = script })
      assert.equal(0, outcome.exit_code, outcome.stderr)
      local seen, last = outcome.stdout:match("^(.-)\n(%w+)\n\n$")
      assert.equal("fine", last)
      local counts = json.decode(seen)
      assert.is_true(counts.fine >= 1 and counts.fine < sessions, seen)
      assert.equal(sessions, counts.fine + (counts["ssh.connect none true"] or 0), seen)
    end

    row("ulimit -n 32: what is too much is refused, and the rest goes on", function() crowd("libssh2", 40, 32) end)

    row("ulimit -n 32: so it is with the system's ssh", function() crowd("ssh", 40, 32) end)

    row("ulimit -n 256: for three hundred sessions", function() crowd("libssh2", 300, 256) end)

    row("ulimit -n so low that nothing can begin", function()
      -- What whoever runs the specs has open counts as well, and then the loader itself finds no room.
      local lowered = 'for fd in {3..63}; do eval "exec $fd>&-"; done; ulimit -n %d; exec "$@"'
      for limit = 4, 8 do
        local outcome = child.run({ program = "bash", "-c", lowered:format(limit), "bash", child.PROGRAM,
                                    "-e", "print(1)", env = { ASAN_OPTIONS = "detect_leaks=0" } })
        assert.equal(70, outcome.exit_code, outcome.stderr)
        assert.matches("cannot create state: too many open files; raise the limit (ulimit -n)", outcome.stderr, 1, true)
      end
    end)

    row("clock set back a year", function()
      local server <close> = specimen_far.start()
      local switch = server.dir .. "/clock_is_back"
      local started <close> = start_sync(server, 'exec "$@"', { env = {
        LD_PRELOAD = ssh_far.STAND_IN, IDLE_CLOCK_BACK = switch, ASAN_OPTIONS = "verify_asan_link_order=0",
      } })
      server:wait_for_starts(1)
      assert(file.write_private(switch, ""))
      local began = loop.monotonic()
      local outcome = started:outcome()
      assert.equal(0, outcome.exit_code, outcome.stderr)
      assert.equal("Success", json.decode(outcome.stdout).Data.Outcome)
      assert.equal(1, #server:ledger())
      assert.is_true(loop.monotonic() - began < 10)
    end)
  end)
end)
