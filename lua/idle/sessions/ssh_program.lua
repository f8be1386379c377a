--- The transport "ssh": an ssh(1) of the system for each remote process. It can log in where libssh2 can't: Kerberos,
--- certificates, RSA and FIDO keys, a ProxyCommand.
---
--- Nobody is ever asked anything (BatchMode), no shell of this machine is involved but the configuration's own, and
--- nothing is forwarded or shared with another ssh. Explicit fields win, but for two things that are ssh's own way: an
--- identity file is tried before those of the configuration, not in place of them; and jump hosts go by the
--- configuration alone.
local deadline = require("idle.sessions.deadline")
local errors = require("idle.engine.errors")
local launch = require("idle.sessions.launch")
local openssh = require("idle.sessions.openssh")
local program_pipe = require("idle.sessions.ssh_program_pipe")
local trace = require("idle.sessions.trace")

local ssh_program = {}

local ALIVE_SECONDS = 15
local ALIVE_COUNT_MAX = 2

-- What must hold whatever the configuration says.
local FIXED = {
  "BatchMode=yes", "ClearAllForwardings=yes", "ControlMaster=no", "ControlPath=none", "EscapeChar=none",
  "ForkAfterAuthentication=no", "ForwardAgent=no", "ForwardX11=no", "LogLevel=DEBUG1",
  "NoHostAuthenticationForLocalhost=no", "PermitLocalCommand=no", "RemoteCommand=none", "SessionType=default",
  "StdinNull=no", "Tunnel=no", "UpdateHostKeys=no",
}

---@class idle.SshProgramTransport: idle.Transport
---@field options   idle.SshSessionOptions
---@field target    idle.SshTarget
---@field connector idle.Connector
---@field pipes     table<idle.SshProgramPipe, boolean>
local Transport = {}
Transport.__index = Transport

local function add_known_hosts(add, files)
  if not files then return end
  local quoted = {}
  for index, path in ipairs(type(files) == "table" and files or { files }) do quoted[index] = openssh.quote(path) end
  add("-o", "UserKnownHostsFile=" .. table.concat(quoted, " "), "-o", "GlobalKnownHostsFile=none")
end

local function add_login(add, given)
  if given.user then add("-l", given.user) end
  if given.port then add("-p", tostring(given.port)) end
  local files = given.identity_file
  for _, path in ipairs(type(files) == "table" and files or { files }) do
    add("-o", "IdentityFile=" .. openssh.quote(path))
  end
  if given.agent == false then
    add("-o", "IdentityAgent=none")
  elseif given.agent_socket then
    add("-o", "IdentityAgent=" .. openssh.quote(given.agent_socket))
  end
end

local function add_way(add, given)
  if given.ssh_config ~= nil then add("-F", given.ssh_config or "none") end
  if given.proxy_jump ~= nil then add("-J", given.proxy_jump or "none") end
  if given.host_key_alias then add("-o", "HostKeyAlias=" .. given.host_key_alias) end
  add_known_hosts(add, given.known_hosts)
end

--- The arguments of ssh. It reads the configuration itself, so only what was given is passed on.
---@param given    idle.SshSessionOptions
---@param target   idle.SshTarget
---@param log_file string
---@param command_line string  for the shell at the far end
---@return string[]
function ssh_program.arguments(given, target, log_file, command_line)
  local arguments = { "-T", "-E", log_file }
  local function add(...) table.move({ ... }, 1, select("#", ...), #arguments + 1, arguments) end
  for _, option in ipairs(FIXED) do add("-o", option) end
  add("-o", "StrictHostKeyChecking=" .. (target.accept_new and "accept-new" or "yes"))
  add("-o", ("ConnectTimeout=%d"):format(math.ceil(target.connect_timeout)))
  add("-o", ("ServerAliveInterval=%d"):format(math.ceil(target.alive_interval or ALIVE_SECONDS)))
  add("-o", ("ServerAliveCountMax=%d"):format(target.alive_count_max or ALIVE_COUNT_MAX))
  add_way(add, given)
  add_login(add, given)
  add("--", given.host, command_line)
  return arguments
end

local STEPS = {
  dial = "'%s' did not accept the connection within %g s; check the name, and firewalls on the way",
  handshake = "'%s' did not finish the handshake within %g s",
  auth = "the login at '%s' did not end within %g s: the server did not answer, or wants what BatchMode can't give",
  command = "'%s' did not start a command within %g s",
}

local function timeout_error(pipe, limit)
  local log = pipe.log
  local phase = not log.is_connected and "dial" or not log.is_key_accepted and "handshake"
    or not log.is_authenticated and "auth" or "command"
  return errors.new("ssh.timeout", STEPS[phase]:format(errors.escape(pipe.target.label), limit.seconds),
    { effect = "none", transient = true, phase = phase, credential_sent = log.credential_sent })
end

local function closed_error(pipe)
  return errors.new("ssh.lost", ("the session with '%s' was closed"):format(errors.escape(pipe.target.label)),
    { effect = "none" })
end

-- Closes the pipe of a step that failed, or that nobody waits for any more.
local function closing_on_failure(pipe)
  local guard = { is_done = false }
  return setmetatable(guard, { __close = function() if not guard.is_done then pipe:close() end end })
end

-- Waits for a step of ssh.
local function reach(pipe, field, limit)
  local guard <close> = closing_on_failure(pipe)
  local is_reached, has_ended = pipe:wait_for(field, limit)
  guard.is_done = is_reached
  if is_reached then return pipe end
  if pipe.is_closed then error(closed_error(pipe), 0) end
  error(has_ended and pipe:start_error() or timeout_error(pipe, limit), 0)
end

local function log_in(transport, command_line)
  local pipe = program_pipe.start(transport.target, function(log_file)
    return ssh_program.arguments(transport.options, transport.target, log_file, command_line)
  end)
  transport.pipes[pipe] = true
  function pipe.on_close() transport.pipes[pipe] = nil end
  reach(pipe, "is_authenticated", deadline.after(transport.target.connect_timeout))
  trace.line("ssh logged in at '%s'", transport.target.label)
  return pipe
end

--- Logs in and starts a command. Waits until it was sent.
---@param command_line string
---@param timeout_ms   number  from the login on
---@return idle.SshProgramPipe
function Transport:exec(command_line, timeout_ms)
  local place <close> = self.connector:keep_place() -- luacheck: ignore place
  local pipe = self.connector:connect(self.target, function()
    return self.connector:pass(self.target, function() return log_in(self, command_line) end)
  end)
  return reach(pipe, "command_sent", deadline.after(timeout_ms / 1000))
end

function Transport:open()
  return self:exec(launch.command_line(self.options.shell), self.options.start_timeout * 1000)
end

-- Every remote process has a connection of its own.
function Transport.is_open() return false end

-- Ends also an ssh that has not logged in yet.
function Transport:reset()
  self.connector:interrupt()
  for pipe in pairs(self.pipes) do pipe:close() end
end

local REFUSED = {
  password = "ssh takes no password (password, or --password-file) from a program; use a key, an agent or Kerberos",
  passphrase = "ssh takes no passphrase (passphrase, or --passphrase-file) from a program; load the key into an agent",
  host_key = "ssh can't be told a fingerprint (host_key, or --host-key); put the key itself into a known_hosts file",
}

--- What the fields hold that this transport can't do.
---@param given idle.SshSessionOptions
---@return string? reason
function ssh_program.refusal(given)
  for _, name in ipairs({ "password", "passphrase", "host_key" }) do
    if given[name] then return REFUSED[name] end
  end
  if not openssh.is_installed() then return "ssh is not installed; install openssh-client" end
end

--- Makes the transport.
---@param options   idle.SshSessionOptions
---@param target    idle.SshTarget
---@param connector idle.Connector
---@return idle.SshProgramTransport
function ssh_program.new(options, target, connector)
  return setmetatable({ options = options, target = target, connector = connector, pipes = {} }, Transport)
end

return ssh_program
