--- A remote command behind an ssh(1) of its own: the same methods as a pipe of `idle.ssh`.
local file = require("idle.file")
local openssh = require("idle.sessions.openssh")
local process = require("idle.process")
local program_errors = require("idle.sessions.ssh_program_errors")
local program_log = require("idle.sessions.ssh_program_log")

local ssh_program_pipe = {}

-- How often its log is looked at until the command is sent: ssh has no other way to say how far it is.
local LOOK_MS = 20

-- How long ssh may take to end once the remote command's output has.
local END_MS = 1000

---@class idle.SshProgramPipe
---@field target    idle.SshTarget
---@field child     table   of idle.process
---@field log       idle.SshProgramLog
---@field folder?   string  of the log, as long as it has a name
---@field is_closed boolean by us
---@field on_close? fun(pipe: idle.SshProgramPipe)
local Pipe = {}
Pipe.__index = Pipe

-- Once ssh has the file open, nobody needs its name; so no crash leaves it behind.
local function remove_folder(pipe)
  if pipe.folder then file.remove_all(pipe.folder) end
  pipe.folder = nil
end

local function look(pipe)
  if not pipe.log:update() then return end
  remove_folder(pipe)
end

--- Starts ssh. What it logs goes to a file, so that its stderr is the remote command's alone.
---@param target    idle.SshTarget
---@param arguments fun(log_file: string): string[]  of ssh
---@return idle.SshProgramPipe
function ssh_program_pipe.start(target, arguments)
  local function need(...) return openssh.need(target.label, ...) end
  local folder = need(file.temp_dir("idle-ssh-log-"))
  local path = folder .. "/log"
  local pipe = setmetatable({ target = target, folder = folder, is_closed = false }, Pipe)
  local guard <close> = setmetatable({}, { __close = function() -- luacheck: ignore guard
    if pipe.child then return end
    remove_folder(pipe)
    if pipe.log then pipe.log:close() end
  end })
  need(file.write_private(path, ""))
  local handle, reason = io.open(path)
  need(handle, { message = ("can't read what it logs: %s"):format(reason) })
  pipe.log = program_log.new(handle)
  local command = table.move(arguments(path), 1, #arguments(path), 2, { "ssh" })
  pipe.child = need(process.spawn({
    command = command, env = openssh.ENVIRONMENT, leads_group = true, file_limit = program_log.MAX_BYTES,
  }))
  return pipe
end

--- Waits until ssh is as far as `field` of its log says, or has ended.
---@param field string
---@param limit idle.Deadline
---@return boolean? is_reached  nil: the time was over
---@return boolean? has_ended
function Pipe:wait_for(field, limit)
  while true do
    local exit, err = self.child:wait_exit(math.min(LOOK_MS, limit:remaining_ms()))
    look(self)
    if self.is_closed or (err and err.kind ~= "timeout") then return false, true end
    if self.log[field] then return true end
    if exit then return false, true end
    if limit:remaining_ms() == 0 then return nil end
  end
end

--- Why ssh ended before it sent the command.
---@return idle.Error
function Pipe:start_error()
  return program_errors.of_start(self.target, self.log, self.child:stderr())
end

-- The output ended: either the command's, and ssh tells its status, or the connection's.
local function explain(pipe, err)
  if err.kind ~= "pipe.eof" or pipe.is_closed then return err end
  pipe.child:wait_exit(END_MS)
  look(pipe)
  local has_status = pipe.log.exit_status or pipe.log.is_signalled
  return has_status and err or program_errors.lost(pipe.target, pipe.log, pipe.child:stderr())
end

local function pass(pipe, result, err)
  if result == nil then return nil, explain(pipe, err) end
  return result
end

local CLOSED = { kind = "pipe.eof", message = "it was closed" }

function Pipe:write(data, timeout_ms)
  if self.is_closed then return nil, CLOSED end
  return pass(self, self.child:write(data, timeout_ms))
end

function Pipe:finish()
  if not self.is_closed then self.child:finish() end
  return true
end

function Pipe:read_line(timeout_ms, limit_bytes)
  if self.is_closed then return nil, CLOSED end
  return pass(self, self.child:read_line(timeout_ms, limit_bytes))
end

function Pipe:read_all(timeout_ms, limit_bytes)
  if self.is_closed then return nil, CLOSED end
  return pass(self, self.child:read_all(timeout_ms, limit_bytes))
end

function Pipe:stderr(all) return self.is_closed and "" or self.child:stderr(all) end

--- Waits until the command ends. ssh does not say which signal ended it.
---@param timeout_ms number
---@return { exit_code: integer?, signal: string? }?
---@return table? err
function Pipe:wait_exit(timeout_ms)
  if self.is_closed then return nil, CLOSED end
  local exit, err = self.child:wait_exit(timeout_ms)
  look(self)
  if not exit then return nil, err end
  if self.log.is_signalled then return { signal = "unknown" } end
  if self.log.exit_status then return { exit_code = self.log.exit_status } end
  return nil, program_errors.lost(self.target, self.log, self.child:stderr())
end

function Pipe:close()
  self.is_closed = true
  self.child:close()
  self.log:close()
  remove_folder(self)
  if self.on_close then self.on_close(self) end
end

Pipe.__close = Pipe.close

return ssh_program_pipe
