--- Answers that are damaged, drowned in noise, or too large.
local base64 = require("idle.base64")
local child = require("spec.support.child")
local clixml = require("idle.clixml")
local far = require("spec.support.far")
local faults = require("spec.support.faults")
local file = require("idle.file")
local process_session = require("idle.sessions.process")

local HELLO = base64.encode(clixml.encode({ version = "5.1" }))

-- As short as it can be, for each of its bytes takes a process.
local ANSWER = base64.encode('<Objs><Obj><DCT><En><S N="Key">output</S><Obj N="Value"><LST><S>yes</S></LST></Obj></En>'
  .. '</DCT></Obj></Objs>')
local FRAME_BYTES = #("\nIDLE  1 ok   \n") + 2 * 32 + #tostring(#ANSWER) + #ANSWER

local DEADLINE = 10

-- Of a session that is not told another one. What is too much is given up long before, but how long it takes to come is
-- the machine's affair.
local COMMAND_TIMEOUT = 300

-- A far end whose answer has only so many bytes, and the ledger of what came to it.
local function cut_far_end(bytes)
  local ledger = os.tmpname()
  local far_end = { options = {
    command = { "lua5.4", "spec/support/cut_powershell.lua", HELLO, ANSWER, tostring(bytes), ledger },
    command_timeout = DEADLINE,
  } }
  function far_end.session() return process_session(far_end.options) end
  function far_end.starts() return select(2, assert(file.read(ledger)):gsub("\n", "")) end
  return setmetatable(far_end, { __close = function() os.remove(ledger) end })
end

-- With too little of it, it is no frame at all.
local function says_that_it_is_cut(message)
  local what = message:match("ended without an answer to 'Get%-Date'") or message:match("cut or merged")
  assert.is_string(what, message)
end

local function is_cut(bytes)
  local far_end <close> = cut_far_end(bytes)
  local session <close> = far_end.session()
  says_that_it_is_cut(faults.raises(session, faults.in_doubt("remote.protocol", DEADLINE), "Get-Date").message)
  assert.equal(1, far_end.starts())
end

local function is_cut_for_a_program(bytes)
  local far_end <close> = cut_far_end(bytes)
  local program = { kind = "process_session", options = far_end.options, call = { "InvokeCommand", "Get-Date", {} } }
  says_that_it_is_cut(faults.fails(program, faults.in_doubt("remote.protocol", DEADLINE)).message)
  assert.equal(1, far_end.starts())
end

-- A program gives a command to a far end behind a real sshd, which does it and answers wrongly.
local function in_doubt(mode, kind, pattern, timeout)
  local server <close> = far.scripted_sshd(mode)
  local report = faults.fails({
    options = server.options({ command_timeout = timeout or DEADLINE }), first = { { "info" } },
    call = { "InvokeCommand", "Start-Sync", { Id = mode } },
  }, faults.in_doubt(kind, timeout or DEADLINE))
  assert.matches(pattern, report.message)
  assert.same({ [mode] = 1 }, server.ledger())
end

-- A program gives commands that are done, each once.
local function is_done(mode, count)
  local server <close> = far.scripted_sshd(mode)
  local calls, ledger = {}, {}
  for number = 1, count do
    calls[number] = { "InvokeCommand", "Start-Sync", { Id = tostring(number) } }
    ledger[tostring(number)] = 1
  end
  local last = table.remove(calls)
  local program <close> = faults.program({ options = server.options(), first = calls, call = last })
  program:go()
  program:succeeds()
  assert.same(ledger, server.ledger())
end

-- Runs a command in a program of its own, which ends with the error. Returns the most memory that it ever had, in KiB.
local function peak_of(mode)
  local ledger = os.tmpname()
  local _ <close> = setmetatable({}, { __close = function() os.remove(ledger) end })
  local outcome = child.run({ "-e", ([[
    local idle = require "idle"
    local session <close> = idle.process_session{ command = { %q, "spec/support/fake_powershell.lua", %q } }
    local ok, err = pcall(session.InvokeCommand, session, "Start-Sync", { Id = "once" })
    for line in io.lines("/proc/self/status") do
      if line:find("VmHWM") then print(line:match("%%d+"), err.kind, err.effect, err.transient) end
    end
    error(err, 0)]]):format(child.PROGRAM, mode .. ":" .. ledger), env = { ASAN_OPTIONS = "quarantine_size_mb=0" } })
  assert.equal(3, outcome.exit_code, outcome.stderr)
  assert.equal("once\n", file.read(ledger))
  local kib, rest = outcome.stdout:match("^(%d+)\t(.*)\n$")
  assert.equal("remote.protocol\tunknown\tfalse", rest)
  return tonumber(kib)
end

describe("an answer:", function()
  faults.rows(function(row)
    row("cut at every byte", function()
      local cuts = {}
      for bytes = 0, FRAME_BYTES - 2 do cuts[#cuts + 1] = function() is_cut(bytes) end end
      require("idle").gather(cuts, { jobs = 6 })
      -- The line feed at its end is missed by nobody.
      for bytes = FRAME_BYTES - 1, FRAME_BYTES do
        local far_end <close> = cut_far_end(bytes)
        local session <close> = far_end.session()
        assert.equal("yes", (session:InvokeCommand("Get-Date", {})))
        assert.equal(1, far_end.starts())
      end
    end)

    row("cut: a program ends in doubt", function()
      for _, bytes in ipairs({ 0, 1, FRAME_BYTES // 2, FRAME_BYTES - 2 }) do is_cut_for_a_program(bytes) end
    end)

    row("wrong token, wrong length, trailing data", function()
      in_doubt("wrong_token", "remote.protocol", "token of somebody else")
      in_doubt("wrong_length", "remote.protocol", "announces 7 characters")
      in_doubt("trailing", "remote.protocol", "cut or merged")
    end)

    row("two answers: the second one is not taken for the next command's", function() is_done("two_answers", 3) end)

    row("banner, CLIXML and profile noise before, between and after frames", function() is_done("noise", 5) end)

    row("banner and profile noise of a real sshd and its shell", function()
      local server <close> = faults.far({ noise = true }, { config = { "Banner /etc/passwd", "PrintMotd yes" } })
      local first = { { "InvokeCommand", "Get-Date", {} } }
      local program <close> = faults.program({ options = server.options(), first = first })
      program:go()
      program:succeeds()
      assert.equal(1, #server:ledger())
    end)

    row("UTF-16 in place of ASCII ends at the deadline, and is shown", function()
      in_doubt("utf16", "timeout", "it printed '\\x00I\\x00D\\x00L\\x00E\\x00 ", 1)
    end)

    row("UTF-16 in place of the hello: nothing was sent", function()
      local server <close> = far.scripted_sshd("utf16_hello")
      local command = { options = server.options({ start_timeout = 1 }), first = { { "run", { command = "true" } } } }
      local report = faults.fails(command, faults.refused("timeout", 1, 124))
      assert.matches("it printed '\\x00I\\x00D\\x00L\\x00E\\x00 ", report.message, 1, true)
      assert.same({}, server.ledger())
    end)

    row("lone surrogates come back in their three-byte form", function()
      local server <close> = far.server()
      local session <close> = server.session()
      for _, text in ipairs({ "a\xED\xA0\x80b", "\xED\xBF\xBF", "\xED\xB0\x80\xED\xA0\x80" }) do
        assert.equal(text, (session:InvokeCommand("Write-Output", { InputObject = text })))
      end
    end)

    row("CP850 is no text to send", function()
      local server <close> = far.server()
      local outcome = child.run({ "-", child.PROGRAM, server.path, stdin = [[
        local session <close> = require("idle").process_session{
          command = { arg[1], "sim", "powershell", "--state", arg[2], "--" } }
        local text = { Name = "Gr\x81\xE1e" }
        local ok, err = pcall(session.InvokeCommand, session, "Start-ADSyncSyncCycle", text)
        print(ok, err.kind, err.effect, err.transient)
        error(err, 0)]] })
      assert.equal("false\tinput.parameter\tnone\tfalse\n", outcome.stdout)
      assert.equal(65, outcome.exit_code, outcome.stderr)
      assert.same({}, server.ledger())
    end)

    row("one byte a second", function()
      in_doubt("byte_a_second", "timeout", "did not answer within 0.4 s", 0.4)
    end)

    row("100 MB of output: it is given up early, and needs no memory", function()
      local quiet = peak_of("exit_without_frame")
      assert.is_true(peak_of("flood") < quiet + 32 * 1024)
      assert.is_true(peak_of("endless_line") < quiet + 64 * 1024)
    end)

    row("100 MB of output of a plain command are too large", function()
      local server <close> = faults.far()
      local command = { "run", { command = "head -c 100000000 /dev/zero" } }
      faults.fails({ options = server.options(), first = { { "info" } }, call = command },
        faults.in_doubt("remote.too_large", COMMAND_TIMEOUT))
      local session <close> = server.session()
      assert.is_false((pcall(session.run, session, command[2])))
      assert.equal("x\n", session:run({ command = "echo x" }).stdout)
      assert.same({}, server:ledger())
    end)
  end)
end)
