--- `idle.ssh_session{…}`: an AuthSession for PowerShell behind SSH. One connection and one remote
--- process serve all commands; both are opened by the first one.
local connector = require("idle.sessions.connector")
local deadline = require("idle.sessions.deadline")
local errors = require("idle.engine.errors")
local jump = require("idle.sessions.jump")
local powershell = require("idle.sessions.powershell")
local remote_command = require("idle.sessions.remote_command")
local settings = require("idle.sessions.settings")
local ssh_route = require("idle.sessions.ssh_route")
local warning = require("idle.sessions.warning")

---@class idle.SshSessionOptions
---@field host               string   a name of ~/.ssh/config, or of the server itself
---@field transport?         "auto"|"libssh2"|"ssh"  default auto: libssh2, unless configuration or keys want ssh
---@field ssh_config?        string|false  file to read instead of ~/.ssh/config and /etc/ssh/ssh_config; false: none
---@field port?              integer  default: the configuration's, or 22
---@field user?              string   default: the configuration's, or $USER
---@field proxy_jump?        string|false  "user@host:port,…": jump hosts, the nearest first; false: none
---@field identity_file?     string|string[]  private key, ed25519 or ECDSA, mode 600; of a list, the first must exist
---@field passphrase?        idle.Secret|string  of the key
---@field password?          idle.Secret|string  one that was refused is not given again by this process
---@field agent?             boolean  ask the SSH agent; default true
---@field agent_socket?      string   default: the configuration's, or $SSH_AUTH_SOCK
---@field known_hosts?       string|string[]  default: the configuration's, or ~/.ssh/known_hosts
---@field host_key?          string   "SHA256:…": the only key that is accepted
---@field host_key_alias?    string   name of the server in known_hosts
---@field strict_host_key?   "yes"|"accept-new"  default: the configuration's, never less than accept-new; or yes
---@field connect_timeout?   number   seconds from TCP to logged in, for each hop; default: the configuration's, or 15
---@field alive_interval?    number   seconds between signs of life; default: the configuration's, or 15
---@field alive_count_max?   integer  so many may stay unanswered; default: the configuration's, or 2
---@field reconnect_timeout? number   seconds for which a connection that broke is made anew; default 30
---@field start_timeout?     number   seconds until PowerShell answers; default 90
---@field command_timeout?   number   seconds for one command; default 300
---@field shell?             "powershell.exe"|"pwsh"  default powershell.exe
---@field depth?             integer  levels of objects that an answer keeps; default 4
---@field max_output_bytes?  integer  before base64; default 8 MiB

-- What has no default here is left to the configuration.
local FIELDS = {
  host = { "host", is_required = true },
  transport = { "transport", "auto" },
  ssh_config = { "text_or_false" },
  port = { "port" },
  user = { "text" },
  proxy_jump = { "text_or_false" },
  identity_file = { "paths" },
  passphrase = { "secret" },
  password = { "secret" },
  agent = { "boolean" },
  agent_socket = { "text" },
  known_hosts = { "paths" },
  host_key = { "fingerprint" },
  host_key_alias = { "text" },
  strict_host_key = { "strictness" },
  connect_timeout = { "seconds" },
  alive_interval = { "pause" },
  alive_count_max = { "count" },
  reconnect_timeout = { "seconds_or_0", 30 },
  shell = { "shell", "powershell.exe" },
}

-- A string can't be wiped, and it may end up wherever the script prints it.
local function warn_of_plain_secrets(options)
  if type(options.password) == "string" or type(options.passphrase) == "string" then
    warning.once("a password or passphrase was given as a plain string; "
      .. "use idle.secret.from_env, from_file or from_credential")
  end
end

-- The transport that is chosen when it is used for the first time.
---@class idle.SshTransport: idle.Transport
---@field options   idle.SshSessionOptions
---@field connector idle.Connector
---@field chosen?   idle.Transport
local Transport = {}
Transport.__index = Transport

local function choose(transport)
  if not transport.chosen then
    local calls = transport.connector.calls
    transport.chosen = ssh_route.choose(transport.options, transport.connector)
    transport.connector:check(calls)
  end
  return transport.chosen
end

function Transport:is_open() return self.chosen ~= nil and self.chosen:is_open() end

function Transport:open() return choose(self):open() end

function Transport:exec(command_line, timeout_ms) return choose(self):exec(command_line, timeout_ms) end

function Transport:reset()
  if self.chosen then self.chosen:reset() else self.connector:interrupt() end
end

---@class idle.SshSession: idle.PowerShellSession
local function add_run(session, transport)
  local function start(options)
    local is_ok, result = pcall(transport.exec, transport, options.command, session.settings.command_timeout * 1000)
    if is_ok then return result end
    session:check_open()
    error(result, 0)
  end

  --- Runs a plain command at the far end, without a terminal.
  ---@param options { command: string, stdin?: string }
  ---@return { stdout: string, stderr: string, exit_code: integer?, signal: string? }
  function session:run(options)
    remote_command.check(options)
    local place <close> = self.lock:enter()
    place:wait()
    self:check_open()
    local pipe <close> = start(options)
    return remote_command.finish(pipe, options, deadline.after(self.settings.command_timeout))
  end
  return session
end

--- Makes a session; nothing is opened yet.
---@param options idle.SshSessionOptions
---@return idle.SshSession
return function(options)
  local complete = settings.complete(options, FIELDS, "ssh_session")
  jump.parse(complete.proxy_jump or nil)
  warn_of_plain_secrets(complete)
  complete.label = ("%s on '%s'"):format(complete.shell, errors.escape(complete.host))
  local transport = setmetatable({ options = complete, connector = connector.new(complete) }, Transport)
  return add_run(powershell.new(complete, complete.depth, transport), transport)
end
