--- One remote PowerShell: a process behind a pipe that was given the bootstrap and said hello.
local base64 = require("idle.base64")
local clixml = require("idle.clixml")
local deadline = require("idle.sessions.deadline")
local endings = require("idle.sessions.endings")
local frames = require("idle.sessions.frames")
local launch = require("idle.sessions.launch")
local loop = require("idle.loop")
local noise = require("idle.sessions.noise")
local trace = require("idle.sessions.trace")

local remote_shell = {}

---@class idle.ShellSettings
---@field label            string  what messages call it
---@field start_timeout    number  seconds
---@field command_timeout  number  seconds
---@field max_output_bytes integer before base64

---@class idle.RemoteShell
---@field label     string
---@field pipe      table           of idle.process or idle.ssh
---@field hello     table           facts about the far end
---@field deadline  idle.Deadline   of what it is doing now
---@field is_closed boolean         by us
local RemoteShell = {}
RemoteShell.__index = RemoteShell

local function new_token()
  return (loop.random_bytes(16):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function broken(message) return { kind = "remote.protocol", message = message } end

-- A line that must be a frame, or noise. Where there always is a next line, no read ever runs out of time.
function RemoteShell:read_frame()
  while true do
    local line, err = self.pipe:read_line(self.deadline:remaining_ms(), self.max_line)
    if not line then return nil, err end
    local frame, problem = frames.parse(line, self.token)
    if frame then
      trace.line("frame %d %s, %d characters", frame.seq, frame.kind, #frame.body)
      self.noise:answered()
      return frame
    end
    if problem then return nil, broken(problem) end
    if not self.noise:add(line) then return nil, broken("much output, but no frame") end
    if self.deadline:remaining_ms() == 0 then return nil, { kind = "timeout", message = "no frame" } end
  end
end

function RemoteShell:read_hello()
  local frame, err = self:read_frame()
  if not frame then return nil, err end
  if frame.kind ~= "hello" then return nil, broken(("a frame '%s' before hello"):format(frame.kind)) end
  local xml, problem = base64.decode(frame.body)
  local hello
  if xml then hello, problem = clixml.decode(xml) end
  if type(hello) == "table" then return hello end
  return nil, broken("a hello that can't be read: " .. (problem and problem.message or "it is no table"))
end

function RemoteShell:begin()
  local lines = ("%s\n%s %d\n"):format(launch.bootstrap_line(), self.token, self.max_body)
  -- A process that is gone already says why on its output, so that comes before the failed write.
  self.pipe:write(lines, self.deadline:remaining_ms())
  local hello, err = self:read_hello()
  if not hello then error(endings.of_start(self, err), 0) end
  self.hello = hello
end

--- Gives the bootstrap to a process and waits for its hello.
---@param pipe     table               closed if that fails
---@param settings idle.ShellSettings
---@return idle.RemoteShell
function remote_shell.start(pipe, settings)
  local max_body = (settings.max_output_bytes + 2) // 3 * 4
  local shell = setmetatable({
    label = settings.label, settings = settings, pipe = pipe, token = new_token(), noise = noise.new(),
    max_body = max_body, max_line = max_body + frames.MAX_OVERHEAD, is_closed = false,
    deadline = deadline.after(settings.start_timeout),
  }, RemoteShell)
  local guard <close> = setmetatable({}, { __close = function() -- luacheck: ignore guard
    if not shell.hello then shell:close() end
  end })
  shell:begin()
  trace.line("%s answers: PowerShell %s, process %s", shell.label, shell.hello.version, shell.hello.pid)
  return shell
end

--- Whether the process still waits for a command, as far as one can tell without asking it.
---@return boolean
function RemoteShell:is_alive()
  while true do
    local line, err = self.pipe:read_line(0, self.max_line)
    if not line then return err.kind == "timeout" end
    -- Nobody asked for a frame: whatever comes next could be the answer to something else.
    local frame, problem = frames.parse(line, self.token)
    if frame or problem or not self.noise:add(line) then return false end
  end
end

--- Sends a request and waits for its answer. Any error leaves the shell unusable.
---@param seq     integer
---@param line    string  the request, without a line feed
---@param command string  for messages
---@return idle.Frame
function RemoteShell:exchange(seq, line, command)
  self.deadline = deadline.after(self.settings.command_timeout)
  trace.line("request %d %s, %d characters", seq, command, #line)
  local written, err = self.pipe:write(line .. "\n", self.deadline:remaining_ms())
  local frame
  if written or err.kind == "pipe.eof" then frame, err = self:read_frame() end
  if not frame then error(endings.of_command(self, command, err), 0) end
  if frame.seq ~= seq and not (frame.kind == "error" and frame.seq == -1) then
    error(endings.of_command(self, command, broken(("the answer to request %d"):format(frame.seq))), 0)
  end
  return frame
end

--- Ends the process or leaves it alone with the end of its input; never waits.
function RemoteShell:close()
  self.is_closed = true
  self.pipe:close()
end

return remote_shell
