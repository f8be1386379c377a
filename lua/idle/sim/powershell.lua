--- Plays powershell.exe: accepts the command line of our sessions, reads their bootstrap and speaks
--- their protocol, with a simulated sync server behind it.
local base64 = require("idle.base64")
local clixml = require("idle.clixml")
local clr = require("idle.sim.clr")
local launch = require("idle.sessions.launch")
local moment = require("idle.sim.moment")
local records = require("idle.sim.records")
local texts = require("idle.sim.texts")
local writer = require("idle.sim.clixml_writer")

local powershell = {}

local EXIT_USAGE, EXIT_ERROR, EXIT_REFUSED, EXIT_KILLED = 64, 1, 41, 255

---@class idle.SimPowerShell
---@field server idle.SimServer
---@field token  string
---@field limit  integer  longest body in characters
local PowerShell = {}
PowerShell.__index = PowerShell

local function print_raw(text)
  io.stdout:write(text)
  io.stdout:flush()
end

-- Errors of PowerShell itself, as they come on stderr with -EncodedCommand.
local function fail(message)
  io.stderr:write("#< CLIXML\r\n", '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">',
    '<S S="Error">', (message:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })),
    "_x000D__x000A_</S></Objs>")
  return EXIT_ERROR
end

local function is_our_command_line(argv)
  local expected = launch.arguments()
  for index = 1, math.max(#expected, #argv) do
    if argv[index] ~= expected[index] then return false end
  end
  return true
end

-- A script of somebody else's can't be run here; what is no script at all, PowerShell refuses too.
local function refuse_command_line(argv)
  if argv[#argv - 1] == "-EncodedCommand" and base64.decode(argv[#argv]) then
    return fail("this simulated PowerShell runs the bootstrap of idle-lua only")
  end
  print_raw("Usage: powershell.exe [-NoLogo] [-NoProfile] [-NonInteractive] [-ExecutionPolicy <policy>]\r\n"
    .. "    [-EncodedCommand <Base64EncodedCommand>]\r\n")
  return EXIT_USAGE
end

-- What a machine prints that nobody asked for.
function PowerShell:make_noise(is_start)
  if not self.server.options.noise then return end
  if not is_start then return print_raw("WARNING: IDLE is not what this line is about, and it has no end") end
  print_raw("Windows PowerShell\r\nCopyright (C) Microsoft Corporation. All rights reserved.\r\n\r\n")
  io.stderr:write("#< CLIXML\r\n", '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">',
    '<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T></TN><MS>',
    '<I64 N="SourceId">1</I64><PR N="Record"><AV>Preparing modules for first use.</AV><AI>0</AI></PR></MS></Obj>',
    '<S S="warning">profile.ps1 was skipped_x000D__x000A_</S></Objs>')
end

function PowerShell:send(seq, kind, body, depth)
  local text = base64.encode(writer.write(body, depth))
  if #text > self.limit then kind, text = "large", tostring(#text) end
  print_raw(("\nIDLE %s %d %s %d %s %s\n"):format(self.token, seq, kind, #text, text, self.token))
end

function PowerShell:say_hello()
  local facts, now_ms = texts.server, self.server.world.clock.now_ms()
  local skew_ms = math.floor(self.server.options.clock_skew_seconds * 1000)
  self:send(0, "hello", {
    version = facts.powershell_version, edition = "Desktop", now = clr.date(moment.date(now_ms + skew_ms)),
    pid = self.server.world.process.id, machine = facts.machine, user = facts.user, elevated = false,
  }, 2)
end

local function read_request(line)
  local xml = base64.decode(line)
  local request = xml and clixml.decode(xml)
  return type(request) == "table" and request or nil
end

local function unreadable()
  local type_name = "System.Management.Automation.MethodInvocationException"
  return records.new({ id = "XmlException", category = "NotSpecified" },
    { { type = type_name, message = 'Exception calling "Deserialize": the request is unreadable', hresult = 0 } })
end

---@return idle.SimRecord? record  why it could not be sent
function PowerShell:send_output(request, answer)
  local body = { output = answer.output, warnings = answer.warnings }
  local _, record = records.catch(self.send, self, request.seq, "ok", body, request.depth + 2)
  return record
end

---@return boolean goes_on
function PowerShell:answer(line)
  local request = read_request(line)
  if not request then
    self:send(-1, "error", unreadable(), 4)
    return true
  end
  local answer = self.server:run(request.command, request.params)
  if answer.kind == "exit" then return false end
  self:make_noise()
  local record = answer.record
  if not record then record = self:send_output(request, answer) end
  if record then self:send(request.seq, "error", record, 4) end
  return true
end

-- Stage 1 has run: the rest of the bootstrap comes as the first line.
function PowerShell:serve()
  local bootstrap = io.read("l")
  if bootstrap ~= launch.bootstrap_line() then
    return fail('Exception calling "Create" with "1" argument(s): the bootstrap is not the one of idle-lua')
  end
  self.token, self.limit = (io.read("l") or ""):match("^(%x+) (%d+)$")
  if not self.token then return fail("the second line of input must be a token and a limit") end
  self.limit = math.tointeger(tonumber(self.limit))
  self:make_noise(true)
  self:say_hello()
  for line in io.lines() do
    if line == "" then break end
    if not self:answer(line) then return EXIT_KILLED end
  end
  return 0
end

-- Where stage 1 doesn't even parse, nothing is printed at all.
local function refuse_language(mode)
  if mode ~= "ConstrainedLanguage" then return EXIT_ERROR end
  print_raw("IDLE-REFUSED language-mode " .. mode .. "\r\n")
  return EXIT_REFUSED
end

--- Plays the process until its input ends.
---@param server idle.SimServer
---@param argv   string[]  arguments of powershell.exe
---@return integer exit_status
function powershell.run(server, argv)
  if not is_our_command_line(argv) then return refuse_command_line(argv) end
  local mode = server.options.language_mode
  if mode ~= "FullLanguage" then return refuse_language(mode) end
  return setmetatable({ server = server }, PowerShell):serve()
end

--- What the simulated server sees of this process.
---@return table process  of an idle.SimWorld
function powershell.process()
  return {
    id = require("idle.process").pid(),
    print = print_raw,
    -- Like a command that never returns: only the end of the input ends it.
    hang = function() repeat until not io.read("l") end,
  }
end

return powershell
