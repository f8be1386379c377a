--- `idle.process_session{…}`: an AuthSession for a local program that behaves as PowerShell does.
local errors = require("idle.engine.errors")
local launch = require("idle.sessions.launch")
local powershell = require("idle.sessions.powershell")
local process = require("idle.process")
local settings = require("idle.sessions.settings")

---@class idle.ProcessSessionOptions
---@field command           string[]  the program and its leading arguments; the bootstrap's are appended
---@field start_timeout?    number    seconds until it answers; default 90
---@field command_timeout?  number    seconds for one command; default 300
---@field depth?            integer   levels of objects that an answer keeps; default 4
---@field max_output_bytes? integer   before base64; default 8 MiB

---@class idle.ProcessTransport: idle.Transport
---@field command string[]
---@field pipe?   table     of the newest process
local Transport = {}
Transport.__index = Transport

function Transport:open()
  local command = table.move(self.command, 1, #self.command, 1, {})
  table.move(launch.arguments(), 1, #launch.arguments(), #command + 1, command)
  local pipe, err = process.spawn({ command = command, stderr = "pipe" })
  if not pipe then errors.raise("remote.setup", err.message) end
  self.pipe = pipe
  return pipe
end

-- Every PowerShell is a process of its own.
function Transport.is_open() return false end

-- Ends also a process that has not answered yet.
function Transport:reset()
  if self.pipe then self.pipe:close() end
end

--- Makes a session; its program is started by the first command.
---@param options idle.ProcessSessionOptions
---@return idle.PowerShellSession
return function(options)
  local complete = settings.complete(options, { command = { "command", is_required = true } }, "process_session")
  complete.label = ("'%s'"):format(errors.escape(complete.command[1]))
  local transport = setmetatable({ command = complete.command }, Transport)
  return powershell.new(complete, complete.depth, transport)
end
