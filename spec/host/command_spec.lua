--- The commands as people call them: real programs, and the embedded simulator.
local child = require("spec.support.child")
local file = require("idle.file")
local json = require("idle.json")

-- A cycle that is over as soon as the looks allow.
local QUICK = { "sync", "--sim", "--set", "cycle_seconds=0.2", "--set", "gap_seconds=0", "--set",
  "start_delay_seconds=0", "--poll", "0.2", "--settle", "1" }

describe("the command", function()
  local function run(...) return child.run({ ... }) end

  local function quick(...)
    local arguments = { table.unpack(QUICK) }
    for _, argument in ipairs({ ... }) do arguments[#arguments + 1] = argument end
    return child.run(arguments)
  end

  local function document(outcome)
    local read, err = json.decode(outcome.stdout)
    assert(read, err and err.message)
    return read
  end

  it("says that its answer could not be written", function()
    for _, target in ipairs({ "> /dev/full", ">&-" }) do
      local outcome = child.run({ program = "/bin/sh", "-c", '"$0" sync --sim --check --json ' .. target,
        child.PROGRAM })
      assert.equal(74, outcome.exit_code)
      assert.matches("^idle%-lua: cannot write to stdout: .*; the command itself has run\n$", outcome.stderr)
    end
  end)

  describe("help", function()
    it("is the same for every way to ask", function()
      local outcome = run("help")
      assert.equal(0, outcome.exit_code)
      assert.matches("^usage: idle%-lua", outcome.stdout)
      assert.equal(outcome.stdout, run("--help").stdout)
      assert.equal(outcome.stdout, run("help", "help").stdout)
    end)

    it("shows a command's own options", function()
      local outcome = run("help", "sync")
      assert.matches("%-%-host HOST", outcome.stdout)
      assert.equal(outcome.stdout, run("sync", "--help").stdout)
      assert.equal(outcome.stdout, run("--help", "sync").stdout)
      assert.matches("sim sshd", run("help", "sim").stdout)
    end)

    it("does not know commands that are not there", function()
      local outcome = run("help", "snyc")
      assert.equal(64, outcome.exit_code)
      assert.matches("unknown command 'snyc'; did you mean 'sync'", outcome.stderr)
    end)
  end)

  it("is refused if this version does not have it", function()
    for _, word in ipairs({ "resume", "runs", "show", "report", "doctor" }) do
      local outcome = run(word, "x")
      assert.equal(64, outcome.exit_code)
      assert.equal("", outcome.stdout)
      assert.matches("'" .. word .. "' is not in this version", outcome.stderr)
    end
  end)

  describe("sync", function()
    it("waits for the cycle and says what it exported", function()
      local outcome = quick()
      assert.equal("", outcome.stderr)
      assert.equal(0, outcome.exit_code)
      assert.matches("^Success: the cycle has exported\n", outcome.stdout)
      assert.matches("started by us", outcome.stdout)
    end)

    it("prints one document for --json, wherever that stands", function()
      local outcome = quick("--no-wait", "--json")
      assert.equal("NotWaited", document(outcome).Data.Outcome)
      assert.equal("Completed", document(outcome).Status)
      assert.equal(0, outcome.exit_code)
      assert.equal("NotWaited", document(run("--json", "sync", "--sim", "--no-wait")).Data.Outcome)
    end)

    it("prints a document for failures, too", function()
      local outcome = quick("--json", "--set", "staging=true")
      assert.equal(2, outcome.exit_code)
      local read = document(outcome)
      assert.equal("Failed", read.Status)
      assert.equal("sync.staging", read.ErrorKind)
      assert.equal("none", read.Effect)
      assert.matches("staging mode", outcome.stderr)
      assert.equal("input.option", document(quick("--json", "--hots", "x")).ErrorKind)
    end)

    it("counts warnings as failures for --strict", function()
      local errors = { "--set", 'result={"Entra Export":"completed-export-errors"}' }
      assert.equal(0, quick(table.unpack(errors)).exit_code)
      errors[3] = "--strict"
      local outcome = quick(table.unpack(errors))
      assert.equal(2, outcome.exit_code)
      assert.matches("^CompletedWithErrors", outcome.stdout)
      assert.matches("1 object failed", outcome.stdout)
    end)

    it("ends with 2 for a cycle that failed, and shows what is known", function()
      local outcome = quick("--set", 'result={"Entra Export":"stopped-deletion-threshold-exceeded"}')
      assert.equal(2, outcome.exit_code)
      assert.matches("^Failed: ", outcome.stdout)
      assert.matches("Disable%-ADSyncExportDeletionThreshold", outcome.stderr)
    end)

    it("ends with 75 if somebody else was first and it was told not to wait", function()
      local outcome = quick("--set", "foreign_starts=[-1]", "--set", "cycle_seconds=30", "--on-busy", "fail")
      assert.equal(75, outcome.exit_code)
      assert.matches("busy", outcome.stderr)
    end)

    it("looks and starts nothing for --check", function()
      local outcome = quick("--check")
      assert.equal(0, outcome.exit_code)
      assert.matches("^State: Idle\n", outcome.stdout)
      assert.matches("a start   would be sent", outcome.stdout)
      outcome = quick("--check", "--json", "--set", "suspended=true")
      assert.equal(2, outcome.exit_code)
      assert.equal("sync.suspended", document(outcome).Refusal.Kind)
    end)

    it("writes events, each at once, and no secret with them", function()
      local folder = child.folder({})
      quick("--no-wait", "--events", folder .. "/events.jsonl")
      local types = {}
      for line in io.lines(folder .. "/events.jsonl") do types[#types + 1] = json.decode(line).Type end
      file.remove_all(folder)
      assert.same({ "DirectorySyncTriggered", "DirectorySyncAccepted", "DirectorySyncCompleted" }, types)
    end)

    it("is ended by --timeout", function()
      local outcome = quick("--set", "cycle_seconds=60", "--timeout", "1")
      assert.equal(124, outcome.exit_code)
      assert.matches("timeout of 1 s", outcome.stderr)
    end)

    it("ends with 130 at Ctrl-C, and 143 at SIGTERM, without a traceback", function()
      for signal, status in pairs({ INT = 130, TERM = 143 }) do
        local started <close> = child.start({ "sync", "--sim", "--set", "cycle_seconds=60", "--events", "-" })
        repeat until started:read_line():find("DirectorySyncWaiting")
        started:signal(signal)
        local outcome = started:outcome()
        assert.equal(status, outcome.exit_code)
        local words = {
          INT = "^idle%-lua: interrupted; a cycle was started at [^\n]*\n$",
          TERM = "cancelled by SIGTERM[^\n]*\n$",
        }
        assert.matches(words[signal], outcome.stderr)
      end
    end)

    describe("with --baseline", function()
      local folder, path

      before_each(function()
        folder = child.folder({})
        path = folder .. "/sync.json"
      end)
      after_each(function() file.remove_all(folder) end)

      it("keeps the file after a timeout, and says so", function()
        local outcome = quick("--set", "cycle_seconds=60", "--wait-timeout", "1", "--baseline", path)
        assert.equal(124, outcome.exit_code)
        assert.matches("^Timeout: ", outcome.stdout)
        assert.matches("kept in '[^'\n]*': the same call waits on\n", outcome.stdout)
        assert.equal("yes", json.decode(file.read(path)).Accepted)
      end)

      it("starts nothing while the file is there", function()
        local first = quick("--no-wait", "--baseline", path)
        assert.matches("': the same call without %-%-no%-wait waits on\n", first.stdout)
        local outcome = quick("--no-wait", "--json", "--baseline", path)
        assert.equal(0, document(outcome).Data.Starts)
        local second = quick("--no-wait", "--baseline", path)
        assert.matches("': nothing was started now; the same call without %-%-no%-wait waits on\n", second.stdout)
      end)

      it("removes the file when all is over", function()
        assert.equal(0, quick("--baseline", path).exit_code)
        assert.is_false(file.exists(path))
      end)

      it("starts nothing if the file can't be written", function()
        local outcome = quick("--baseline", folder .. "/no/such/sync.json", "--events", "-")
        assert.equal(66, outcome.exit_code)
        assert.equal("", outcome.stdout)
      end)
    end)

    it("refuses wrong usage before anything is done, and says where to read on", function()
      for _, case in ipairs({
        { "--hots", "x", "unknown option '%-%-hots'; did you mean '%-%-host'" },
        { "x", "unexpected argument 'x'" },
        { "--policy", "Full", "must be one of Delta, Initial, not 'Full'" },
        { "--wait-timeout", "ten", "needs a number above 0, not 'ten'" },
        { "--host", "aad01", "%-%-sim and %-%-host exclude each other" },
        { "--json", "--events", "-", "both write to stdout" },
        { "--no-wait", "--wait-timeout", "5", "exclude each other" },
        { "--set", "busy_strats=1", "did you mean 'busy_starts'" },
      }) do
        local message = table.remove(case)
        local outcome = quick(table.unpack(case))
        assert.equal(64, outcome.exit_code)
        assert.matches(message, outcome.stderr)
        assert.matches("see 'idle%-lua help sync'", outcome.stderr)
      end
      assert.matches("sync needs %-%-host HOST", run("sync").stderr)
      assert.matches("%-%-ssh%-config and %-%-no%-ssh%-config exclude each other",
        run("sync", "--host", "h", "--ssh-config", "f", "--no-ssh-config").stderr)
      assert.matches("must be one of auto, libssh2, ssh, not 'telnet'",
        run("sync", "--host", "h", "--transport", "telnet").stderr)
      assert.matches("add %-%-sim", run("sync", "--host", "h", "--set", "a=1").stderr)
      assert.matches("exclude each other",
        run("sync", "--host", "h", "--password-env", "A", "--password-file", "B").stderr)
    end)

    it("takes secrets from files and variables, never from arguments", function()
      local folder = child.folder({ password = "hunter2\n" })
      os.execute("chmod 644 " .. folder .. "/password")
      local outcome = run("sync", "--host", "127.0.0.1", "--password-file", folder .. "/password")
      file.remove_all(folder)
      assert.equal(65, outcome.exit_code)
      assert.matches("%-%-password%-file: secret file '.*' is not used: others can read it", outcome.stderr)
      assert.not_matches("hunter2", outcome.stderr .. outcome.stdout)
      assert.equal(64, run("sync", "--host", "h", "--password", "hunter2").exit_code)
    end)

    it("ends with 75 if the server can't be reached: nothing was changed", function()
      local outcome = run("sync", "--host", "127.0.0.1", "--port", "1", "--no-agent")
      assert.equal(75, outcome.exit_code)
      assert.matches("connection refused", outcome.stderr)
    end)
  end)

  describe("sim", function()
    it("names both far ends, the sshd first", function()
      local outcome = run("sim")
      assert.equal(64, outcome.exit_code)
      assert.matches("^idle%-lua: sim needs the word sshd or powershell; usage: idle%-lua sim sshd .*sim powershell",
        outcome.stderr)
      assert.matches("did you mean 'sshd'", run("sim", "shsd").stderr)
    end)

    it("ends at Ctrl-C without a word", function()
      local folder = child.folder({})
      local started <close> = child.start({ "sim", "sshd", "--dir", folder })
      started:read_up_to("}")
      started:signal("INT")
      local outcome = started:outcome()
      file.remove_all(folder)
      assert.equal("", outcome.stderr)
      assert.equal(130, outcome.exit_code)
    end)

    it("is handed its own arguments, without those that all commands have", function()
      local outcome = run("--trace", "sim", "sshd", "--json")
      assert.equal(64, outcome.exit_code)
      assert.matches("%-%-dir is missing", outcome.stderr)
    end)
  end)
end)
