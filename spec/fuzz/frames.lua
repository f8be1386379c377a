-- Fuzz target: what a remote PowerShell prints, from its hello to the answer of a second command.
--
-- The input is its output, line by line; what follows a first zero byte is its stderr. `@T` stands for the
-- session's token. A line `=SEQ KIND XML` stands for the whole frame around that XML, so that mutations go deeper than
-- to the base64.
local base64 = require("idle.base64")
local errors = require("idle.engine.errors")
local powershell = require("idle.sessions.powershell")

local SETTINGS = {
  label = "'fuzz'", start_timeout = 1000, command_timeout = 1000, max_output_bytes = 8 * 1024 * 1024,
}

local Pipe = {}
Pipe.__index = Pipe

local function new_pipe(bytes)
  local output, stderr = bytes:match("^(%Z*)%z(.*)$")
  return setmetatable({ output = output or bytes, text = stderr or "", at = 1 }, Pipe)
end

local function frame_of(line, token)
  local seq, kind, xml = line:match("^=(%-?%d+) (%a+) (.*)$")
  if not seq then return (line:gsub("@T", token)) end
  local body = base64.encode(xml)
  return ("IDLE %s %s %s %d %s %s"):format(token, seq, kind, #body, body, token)
end

function Pipe:write(text)
  self.token = self.token or text:match("\n(%x+) %d+\n$")
  return true
end

function Pipe:read_line(_, max_bytes)
  local from, feed = self.at, self.output:find("\n", self.at, true)
  if not feed then return nil, { kind = "pipe.eof", message = "the end" } end
  self.at = feed + 1
  local line = frame_of(self.output:sub(from, feed - 1), self.token)
  if #line > max_bytes then return nil, { kind = "pipe.too_large", message = "a line that is too long" } end
  return line
end

function Pipe:stderr() return self.text end
function Pipe.wait_exit() return nil end
function Pipe:close() self.is_closed = true end

local function is_printable(text) return text == errors.escape(text) end

-- What a script meets when the command did not succeed.
local function check_error(err)
  assert(errors.is(err), tostring(err))
  assert(errors.kinds[err.kind], err.kind)
  assert(is_printable(tostring(err)), "an error that can't be printed")
  assert(#err.message < 16 * 1024, "an endless message")
end

-- An answer is believed only if it is the one to this request.
local function check_command(session, pipe, seq)
  local is_ok, result, facts = pcall(session.InvokeCommand, session, "Get-Date", { Name = "x" })
  if is_ok then
    assert(type(facts) == "table" and not pipe.is_closed)
    assert(session.last_seq == seq)
    return true
  end
  check_error(result)
  if result.kind ~= "remote.error" and result.kind ~= "remote.setup" then
    assert(result.effect ~= "none" or not session.shell or result.message:find("could not read the request"),
      "an effect that nobody can know")
  end
  return session.shell ~= nil
end

return function(bytes)
  local pipe = new_pipe(bytes)
  local transport = { open = function() return pipe end, is_open = function() return false end, reset = function() end }
  local session <close> = powershell.new(SETTINGS, 4, transport)
  local goes_on = check_command(session, pipe, 1)
  if goes_on then check_command(session, pipe, 2) end
end
