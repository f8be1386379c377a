local endings = require("idle.sessions.endings")
local noise = require("idle.sessions.noise")

-- What is left of a process that has ended.
local function shell(exit, stderr, printed)
  local heard = noise.new()
  for _, line in ipairs(printed or {}) do heard:add(line) end
  return {
    label = "powershell.exe on 'aad01'", noise = heard, is_closed = false, deadline = { seconds = 90 },
    pipe = {
      wait_exit = function() return exit end,
      stderr = function() return stderr or "" end,
    },
  }
end

local ENDED = { kind = "pipe.eof", message = "the output ended" }

local function start_message(exit, stderr, printed)
  return endings.of_start(shell(exit, stderr, printed), ENDED).message
end

describe("idle.sessions.endings", function()
  it("explains Windows' exit statuses, however they are signed", function()
    assert.equal("powershell.exe on 'aad01' did not start (exit status 0xFFFD0000: it refused its command line)",
      start_message({ exit_code = 4294770688 }))
    assert.matches("0xFFFF0000: it could not initialise itself", start_message({ exit_code = -65536 }))
    assert.matches("0xFFFE0000: it was interrupted", start_message({ exit_code = 0xFFFE0000 }))
    assert.matches("exit status 9009: there is no such program", start_message({ exit_code = 9009 }))
  end)

  it("shows statuses that mean nothing to us, and the lack of one", function()
    assert.matches("did not start %(exit status 1%) and did not say why; start it there by hand to see$",
      start_message({ exit_code = 1 }))
    assert.matches("%(exit status 0xC0000005%)", start_message({ exit_code = 0xC0000005 }))
    assert.matches("%(ended by signal KILL%)", start_message({ signal = "KILL" }))
    assert.matches("%(no exit status%)", start_message({}))
    assert.matches("^powershell.exe on 'aad01' did not start and did not say why", start_message(nil))
  end)

  it("adds what was printed and stderr, on one line and bounded", function()
    local stderr = "Das System kann\r\n  die Datei nicht finden.\r\n" .. ("x"):rep(5000)
    local message = start_message({ exit_code = 1 }, stderr, { "AutoRun says hello" })
    assert.matches("; it printed 'AutoRun says hello'; on stderr: 'Das System kann die Datei nicht finden. x+'$",
      message)
    assert.is_true(#message < 800)
  end)

  it("finds the refusal of a language mode among the noise", function()
    local err = endings.of_start(shell({ exit_code = 41 }, "", { "IDLE-REFUSED language-mode ConstrainedLanguage\r" }),
      ENDED)
    assert.equal("remote.setup", err.kind)
    assert.equal("ConstrainedLanguage", err.data.language_mode)
  end)

  it("says whether anything may have happened when the connection is lost", function()
    local lost = { kind = "ssh.lost", message = "connection to 'ssh://aad01:22' lost" }
    local before, during = endings.of_start(shell(), lost), endings.of_command(shell(), "Get-Date", lost)
    assert.same({ "ssh.lost", "none", true }, { before.kind, before.effect, before.transient })
    assert.same({ "ssh.lost", "unknown", false }, { during.kind, during.effect, during.transient })
    assert.equal("connection to 'ssh://aad01:22' lost, while 'Get-Date' ran there", during.message)
  end)
end)
