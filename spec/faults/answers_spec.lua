--- Answers that are damaged, drowned in noise, or too large.
local base64 = require("idle.base64")
local child = require("spec.support.child")
local clixml = require("idle.clixml")
local far = require("spec.support.far")
local faults = require("spec.support.faults")
local process_session = require("idle.sessions.process")

local HELLO = base64.encode(clixml.encode({ version = "5.1" }))

-- As short as it can be, for each of its bytes takes a process.
local ANSWER = base64.encode('<Objs><Obj><DCT><En><S N="Key">output</S><Obj N="Value"><LST><S>yes</S></LST></Obj></En>'
  .. '</DCT></Obj></Objs>')
local FRAME_BYTES = #("\nIDLE  1 ok   \n") + 2 * 32 + #tostring(#ANSWER) + #ANSWER

-- A session whose answer has only so many bytes.
local function cut_session(bytes)
  return process_session({ command = { "lua5.4", "spec/support/cut_powershell.lua", HELLO, ANSWER, tostring(bytes) } })
end

local function is_cut(bytes)
  local session <close> = cut_session(bytes)
  local err = faults.raises(session, faults.in_doubt("remote.protocol", 10), "Get-Date")
  -- With too little of it, it is no frame at all.
  local what = err.message:match("ended without an answer to 'Get%-Date'") or err.message:match("cut or merged")
  assert.is_string(what, err.message)
end

local function in_doubt(mode, kind, pattern, options)
  local session <close> = far.scripted(mode, options)
  local err = faults.raises(session, faults.in_doubt(kind, options and options.command_timeout or 10), "Get-Date")
  assert.matches(pattern, err.message)
end

-- Runs a command in a program of its own. Returns the most memory that it ever had, in KiB.
local function peak_of(mode, message)
  local outcome = child.run({ "-e", ([[
    local idle = require "idle"
    local session <close> = idle.process_session{ command = { %q, "spec/support/fake_powershell.lua", %q } }
    local ok, err = pcall(session.InvokeCommand, session, "Get-Date", {})
    print(err.kind, err.effect, err.message:sub(1, 100))
    for line in io.lines("/proc/self/status") do
      if line:find("VmHWM") then print(line:match("%%d+")) end
    end]]):format(child.PROGRAM, mode), env = { ASAN_OPTIONS = "quarantine_size_mb=0" } })
  assert.matches(message, outcome.stdout, 1, true)
  return tonumber(outcome.stdout:match("(%d+)\n$"))
end

describe("an answer:", function()
  faults.rows(function(row)
    row("cut at every byte", function()
      local cuts = {}
      for bytes = 0, FRAME_BYTES - 2 do cuts[#cuts + 1] = function() is_cut(bytes) end end
      require("idle").gather(cuts, { jobs = 6 })
      -- The line feed at its end is missed by nobody.
      for bytes = FRAME_BYTES - 1, FRAME_BYTES do
        local session <close> = cut_session(bytes)
        assert.equal("yes", (session:InvokeCommand("Get-Date", {})))
      end
    end)

    row("wrong token, wrong length, trailing data", function()
      in_doubt("wrong_token", "remote.protocol", "token of somebody else")
      in_doubt("wrong_length", "remote.protocol", "announces 7 characters")
      in_doubt("trailing", "remote.protocol", "cut or merged")
    end)

    row("two answers: the second one is not taken for the next command's", function()
      local session <close> = far.scripted("two_answers")
      for _ = 1, 3 do assert.equal("yes", (session:InvokeCommand("Get-Date", {}))) end
    end)

    row("banner, CLIXML and profile noise before, between and after frames", function()
      local session <close> = far.scripted("noise")
      for _ = 1, 5 do assert.equal("yes", (session:InvokeCommand("Get-Date", {}))) end
    end)

    row("banner and profile noise of a real sshd and its shell", function()
      local far_end <close> = faults.far({ noise = true }, { config = { "Banner /etc/passwd", "PrintMotd yes" } })
      local session <close> = far_end.session()
      for _ = 1, 2 do assert.matches("T", (session:InvokeCommand("Get-Date", {}))) end
    end)

    row("UTF-16 in place of ASCII ends at the deadline, and is shown", function()
      in_doubt("utf16", "timeout", "it printed '\\x00I\\x00D\\x00L\\x00E\\x00 ", { command_timeout = 1 })
      local session <close> = far.scripted("utf16_hello", { start_timeout = 2.5 })
      local err = faults.raises(session, { kind = "timeout", effect = "none", transient = false, exit = 124,
                                           within = 2.5 }, "Get-Date")
      assert.matches("it printed '\\x00I\\x00D\\x00L\\x00E\\x00 ", err.message, 1, true)
    end)

    row("lone surrogates come back in their three-byte form, CP850 is no text to send", function()
      local server <close> = far.server()
      local session <close> = server.session()
      for _, text in ipairs({ "a\xED\xA0\x80b", "\xED\xBF\xBF", "\xED\xB0\x80\xED\xA0\x80" }) do
        assert.equal(text, (session:InvokeCommand("Write-Output", { InputObject = text })))
      end
      faults.raises(session, { kind = "input.parameter", effect = "none", transient = false, exit = 65, within = 0 },
        "Write-Output", { InputObject = "Gr\x81\xE1e" })
    end)

    row("one byte a second", function()
      in_doubt("byte_a_second", "timeout", "did not answer within 0.4 s", { command_timeout = 0.4 })
    end)

    row("100 MB of output: it is given up early, and needs no memory", function()
      local quiet = peak_of("exit_without_frame", "remote.protocol\tunknown")
      assert.is_true(peak_of("flood", "remote.protocol\tunknown") < quiet + 32 * 1024)
      assert.is_true(peak_of("endless_line", "remote.protocol\tunknown") < quiet + 64 * 1024)
    end)

    row("100 MB of output of a plain command are too large", function()
      local far_end <close> = faults.far()
      local session <close> = far_end.session()
      local is_ok, err = pcall(session.run, session, { command = "head -c 100000000 /dev/zero" })
      assert.is_false(is_ok)
      faults.is_error(err, faults.in_doubt("remote.too_large"))
      assert.equal("x\n", session:run({ command = "echo x" }).stdout)
    end)
  end)
end)
