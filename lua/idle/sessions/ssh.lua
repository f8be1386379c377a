--- `idle.ssh_session{…}`: an AuthSession for PowerShell behind SSH. One connection and one remote
--- process serve all commands; both are opened by the first one.
local deadline = require("idle.sessions.deadline")
local errors = require("idle.engine.errors")
local launch = require("idle.sessions.launch")
local powershell = require("idle.sessions.powershell")
local remote_command = require("idle.sessions.remote_command")
local settings = require("idle.sessions.settings")
local trace = require("idle.sessions.trace")

---@class idle.SshSessionOptions
---@field host              string
---@field port?             integer  default 22
---@field user?             string   default: $USER
---@field identity_file?    string   private key, ed25519 or ECDSA, of mode 600
---@field passphrase?       idle.Secret|string  of the key
---@field password?         idle.Secret|string
---@field agent?            boolean  ask the SSH agent; default true
---@field known_hosts?      string   default ~/.ssh/known_hosts
---@field host_key?         string   "SHA256:…": the only key that is accepted
---@field connect_timeout?  number   seconds from TCP to logged in; default 15
---@field start_timeout?    number   seconds until PowerShell answers; default 90
---@field command_timeout?  number   seconds for one command; default 300
---@field shell?            "powershell.exe"|"pwsh"  default powershell.exe
---@field depth?            integer  levels of objects that an answer keeps; default 4
---@field max_output_bytes? integer  before base64; default 8 MiB

local FIELDS = {
  host = { "text", is_required = true },
  port = { "port", 22 },
  user = { "text" },
  identity_file = { "text" },
  passphrase = { "secret" },
  password = { "secret" },
  agent = { "boolean", true },
  known_hosts = { "text", "~/.ssh/known_hosts" },
  host_key = { "fingerprint" },
  connect_timeout = { "seconds", 15 },
  shell = { "shell", "powershell.exe" },
}

local was_warned = false

-- A string can't be wiped, and it may end up wherever the script prints it.
local function warn_of_plain_secrets(options)
  if was_warned or (type(options.password) ~= "string" and type(options.passphrase) ~= "string") then return end
  was_warned = true
  io.stderr:write("idle-lua: warning: a password or passphrase was given as a plain string; ",
    "use idle.secret.from_env, from_file or from_credential\n")
end

---@class idle.SshTransport: idle.Transport
---@field options idle.SshSessionOptions
---@field client? table  of idle.ssh
local Transport = {}
Transport.__index = Transport

function Transport:is_open()
  return self.client ~= nil and self.client:is_open()
end

function Transport:connect()
  if self:is_open() then return self.client end
  self:reset()
  local options = self.options
  self.client = errors.check(require("idle.ssh").connect({
    host = options.host, port = options.port, user = options.user, identity_file = options.identity_file,
    passphrase = options.passphrase, password = options.password, agent = options.agent,
    known_hosts = options.known_hosts, host_key = options.host_key, timeout_ms = options.connect_timeout * 1000,
    trace = trace.sink(),
  }))
  return self.client
end

function Transport:open()
  local command_line = launch.command_line(self.options.shell)
  local pipe, err = self:connect():exec(command_line, self.options.start_timeout * 1000)
  if pipe then return pipe end
  -- PowerShell may run now, but it was told nothing yet.
  errors.raise(err.kind, err.message, { effect = "none", transient = true })
end

function Transport:reset()
  if self.client then self.client:close() end
  self.client = nil
end

---@class idle.SshSession: idle.PowerShellSession
local function add_run(session, transport)
  --- Runs a plain command at the far end, without a terminal.
  ---@param options { command: string, stdin?: string }
  ---@return { stdout: string, stderr: string, exit_code: integer?, signal: string? }
  function session:run(options)
    remote_command.check(options)
    local place <close> = self.lock:enter()
    place:wait()
    self:check_open()
    local limit = deadline.after(self.settings.command_timeout)
    local pipe <close> = errors.check(transport:connect():exec(options.command, limit:remaining_ms()))
    return remote_command.finish(pipe, options, limit)
  end
  return session
end

--- Makes a session; nothing is opened yet.
---@param options idle.SshSessionOptions
---@return idle.SshSession
return function(options)
  local complete = settings.complete(options, FIELDS, "ssh_session")
  warn_of_plain_secrets(complete)
  complete.user = complete.user or os.getenv("USER") or os.getenv("LOGNAME") or "root"
  complete.label = ("%s on '%s'"):format(complete.shell, errors.escape(complete.host))
  local transport = setmetatable({ options = complete }, Transport)
  return add_run(powershell.new(complete, complete.depth, transport), transport)
end
