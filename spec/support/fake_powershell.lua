--- A far end that misbehaves on request: `idle-lua spec/support/fake_powershell.lua MODE[:DETAIL] …bootstrap`.
--- Every mode is one way in which a PowerShell, or what stands between, can go wrong.
local base64 = require("idle.base64")
local clixml = require("idle.clixml")
local file = require("idle.file")
local loop = require("idle.loop")
local writer = require("idle.sim.clixml_writer")

local mode, detail = arg[1]:match("^([^:]*):?(.*)$")

local function put(text)
  io.stdout:write(text)
  io.stdout:flush()
end

local starts = {}

function starts.exit_at_once() os.exit(9) end
function starts.not_found()
  io.stderr:write("'powershell.exe' is not recognized as an internal or external command\n")
  os.exit(127)
end
function starts.bad_clixml_error()
  io.stderr:write('#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">',
    '<S S="Error">the term is unknown_x000D__x000A_</S></Objs>')
  os.exit(1)
end
function starts.silent() io.read("a") end
function starts.echo_of_a_shell()
  put("This account is currently not available.\r\n")
  os.exit(1)
end

if starts[mode] then starts[mode]() end

io.read("l")
local token = io.read("l"):match("^%x+")

local function frame(seq, kind, body, fields)
  local text = type(body) == "string" and body or base64.encode(writer.write(body, 6))
  fields = fields or {}
  return ("\nIDLE %s %d %s %d %s %s\n"):format(fields.token or token, seq, kind, fields.length or #text, text,
    fields.tail or fields.token or token)
end

local OUTPUT = { output = { "yes" }, warnings = {} }

local function good_hello()
  return frame(0, "hello", { version = "5.1", pid = require("idle.process").pid() })
end

-- What banners, profiles, transcripts and other code pages leave on an output, some of it without an end.
local NOISE = table.concat({
  "Microsoft Windows [Version 10.0.20348]\r\n(c) Microsoft Corporation.\r\n\r\n", "\u{FEFF}", "#< CLIXML\r\n",
  '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><S S="Error">no</S></Objs>\r\n',
  "Laden des Profils: 2,1 s\r\n", "Gr\x81\xE1e aus M\x81nchen\r\n", "\xED\xA0\x80 half a pair\n", "\27[31mred\27[0m\n",
  "\xFF\xFEI\0D\0L\0E\0 \0a\0b\0\r\0\n\0", "IDLE and nothing else\n", "IDLE abcdef ok\n", "PS C:\\> ",
})

local hellos = {
  wrong_hello = function() return frame(0, "ok", OUTPUT) end,
  broken_hello = function() return frame(0, "hello", "AAAA") end,
  cut_hello = function() return frame(0, "hello", { version = "5.1" }):sub(1, -10) end,
  noise = function() return NOISE .. good_hello() .. NOISE end,
  utf16_hello = function() return (good_hello():gsub(".", "%0\0")) end,
  foreign_hello = function() return frame(0, "hello", { version = "5.1" }, { token = "abcdef" }) end,
}

put((hellos[mode] or good_hello)())
if mode == "cut_hello" then os.exit(0) end

local answers = {}

function answers.cut(seq) put(frame(seq, "ok", OUTPUT):sub(1, -10)); os.exit(0) end
function answers.wrong_token(seq) put(frame(seq, "ok", OUTPUT, { token = "abcdef" })) end
function answers.wrong_tail(seq) put(frame(seq, "ok", OUTPUT, { tail = "abcdef" })) end
function answers.wrong_length(seq) put(frame(seq, "ok", OUTPUT, { length = 7 })) end
function answers.wrong_seq(seq) put(frame(seq + 1, "ok", OUTPUT)) end
function answers.unknown_kind(seq) put(frame(seq, "maybe", OUTPUT)) end
function answers.second_hello(seq) put(frame(seq, "hello", { version = "5.1" })) end
function answers.not_base64(seq) put(frame(seq, "ok", "!!!!")) end
function answers.not_clixml(seq) put(frame(seq, "ok", base64.encode("<Objs><S>"))) end
function answers.no_output(seq) put(frame(seq, "ok", { warnings = {} })) end
function answers.unread(_) put(frame(-1, "error", { id = "XmlException", exceptions = {} })) end
function answers.exit_without_frame() os.exit(9) end
function answers.two_answers(seq) put(frame(seq, "ok", OUTPUT) .. frame(seq, "ok", OUTPUT)) end
function answers.long_line() put(("x"):rep(300000) .. "\n") end
function answers.silence() end

local function parent() return assert(file.read("/proc/self/status")):match("PPid:%s*(%d+)") end

-- Answers once, and stays as long as whoever started it.
function answers.deaf(seq)
  local starter = parent()
  put(frame(seq, "ok", OUTPUT))
  repeat loop.sleep(50) until parent() ~= starter
  os.exit(1)
end

-- More than anybody wants to hear, and never an answer.
function answers.babble()
  local line = ("x"):rep(4000) .. "\n"
  while io.stdout:write(line) do end -- luacheck: ignore
  os.exit(1)
end

-- There always is a next line.
function answers.empty_lines()
  local lines = ("\n"):rep(4000)
  while io.stdout:write(lines) do end -- luacheck: ignore
  os.exit(1)
end

-- One byte at a time, in CR LF, with noise that has no end before it.
function answers.trickle(seq)
  local text = "profile loaded" .. frame(seq, "ok", OUTPUT):gsub("\n", "\r\n")
  for index = 1, #text do
    put(text:sub(index, index))
    if index % 40 == 0 then loop.sleep(1) end
  end
end

function answers.noise(seq)
  put(NOISE)
  put(frame(seq, "ok", OUTPUT) .. NOISE)
end

function answers.utf16(seq) put((frame(seq, "ok", OUTPUT):gsub(".", "%0\0"))) end
function answers.trailing(seq) put(frame(seq, "ok", OUTPUT):sub(1, -2) .. " and more\n") end

function answers.byte_a_second(seq)
  for byte in frame(seq, "ok", OUTPUT):gmatch(".") do
    put(byte)
    loop.sleep(1000)
  end
end

-- 100 MB, and an answer behind them that nobody waits for.
function answers.flood(seq)
  local lines = ("x"):rep(9999) .. "\n"
  for _ = 1, 10000 do
    if not io.stdout:write(lines) then os.exit(1) end
  end
  put(frame(seq, "ok", OUTPUT))
end

-- The same in one line.
function answers.endless_line()
  local part = ("x"):rep(10000)
  for _ = 1, 10000 do
    if not io.stdout:write(part) then os.exit(1) end
  end
  put("\n")
end

function answers.noise_after(seq) put(frame(seq, "ok", OUTPUT) .. "done\nWARNING: something\n") end

-- It takes a moment before its effect and after it.
function answers.ledger(seq, request, take_effect)
  local pause_ms = request.params.PauseMilliseconds or 0
  loop.sleep(pause_ms)
  take_effect()
  loop.sleep(pause_ms)
  put(frame(seq, "ok", OUTPUT))
end

-- Keeps a ledger of the commands in the file that the detail names, as the simulator does of starts.
local function take_effect(request)
  if detail == "" then return end
  assert(file.append_synced(detail, (request.params.Id or request.command) .. "\n"))
end

for line in io.lines() do
  local request = clixml.decode((assert(base64.decode(line))))
  if mode ~= "ledger" then take_effect(request) end
  answers[mode](request.seq, request, function() take_effect(request) end)
end
