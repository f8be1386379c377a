--- The transport "libssh2": our own connection, which all remote processes of a session share; over jump hosts one
--- connection in another.
local errors = require("idle.engine.errors")
local launch = require("idle.sessions.launch")
local openssh = require("idle.sessions.openssh")
local ssh_target = require("idle.sessions.ssh_target")
local trace = require("idle.sessions.trace")

local ssh_library = {}

---@class idle.SshLibraryTransport: idle.Transport
---@field options   idle.SshSessionOptions
---@field chain     idle.SshTarget[]  the servers on the way, the far end last
---@field connector idle.Connector
---@field clients   table[]           of idle.ssh, one for each of them
local Transport = {}
Transport.__index = Transport

local function hint()
  return openssh.is_installed() and "; transport = \"ssh\" (--transport ssh) would help: the system's ssh can do this"
    or "; the system's ssh could do this: install openssh-client, then use transport = \"ssh\" (--transport ssh)"
end

-- Says also what would help, and at which server it failed.
local function complete(err, transport, index)
  local copy = errors.from(err)
  if copy.ssh_would_help then copy.message = copy.message .. hint() end
  if index < #transport.chain then
    copy.message = ("jump host '%s': %s"):format(errors.escape(transport.chain[index].label), copy.message)
  end
  return copy
end

function Transport:is_open()
  local client = self.clients[#self.chain]
  return client ~= nil and client:is_open()
end

local function close_from(transport, first)
  for index = #transport.chain, first, -1 do
    local client = transport.clients[index]
    if client then client:close() end
    transport.clients[index] = nil
  end
end

local function log_in(transport, index, on_password)
  local target = transport.chain[index]
  local options = ssh_target.connect_options(target)
  options.via, options.trace, options.on_password = transport.clients[index - 1], trace.sink(), on_password
  local client, err = require("idle.ssh").connect(options)
  if not client then error(complete(err, transport, index), 0) end
  return client
end

-- Hops that still stand are used again.
local function connect_all(transport)
  for index, target in ipairs(transport.chain) do
    local client = transport.clients[index]
    if not client or not client:is_open() then
      close_from(transport, index)
      transport.clients[index] = transport.connector:pass(target,
        function(on_password) return log_in(transport, index, on_password) end)
    end
  end
  return transport.clients[#transport.chain]
end

function Transport:connect()
  if self:is_open() then return self.clients[#self.chain] end
  local is_ok, result = pcall(self.connector.connect, self.connector, self.chain[#self.chain],
    function() return connect_all(self) end)
  if is_ok then return result end
  -- Nobody needs the hops any more, if what is behind them refused the login for good.
  if self.connector.refusal then close_from(self, 1) end
  error(result, 0)
end

--- Starts a command. Waits until the server has started it.
---@param command_line string
---@param timeout_ms   number
---@return table pipe  of idle.ssh
function Transport:exec(command_line, timeout_ms)
  local place <close> = self.connector:keep_place() -- luacheck: ignore place
  local was_open = self:is_open()
  local pipe, err = self:connect():exec(command_line, timeout_ms)
  if not pipe and was_open and err.kind == "ssh.lost" and err.effect == "none" then
    -- The connection had died unnoticed, and the command was not sent.
    self:reset()
    pipe, err = self:connect():exec(command_line, timeout_ms)
  end
  return errors.check(pipe, err)
end

function Transport:open()
  local place <close> = self.connector:keep_place() -- luacheck: ignore place
  local pipe, err = self:connect():exec(launch.command_line(self.options.shell), self.options.start_timeout * 1000)
  if pipe then return pipe end
  -- PowerShell may run now, but it was told nothing yet.
  errors.raise(err.kind, err.message, { effect = "none", transient = true })
end

function Transport:reset()
  self.connector:interrupt()
  close_from(self, 1)
end

--- Makes the transport.
---@param options   idle.SshSessionOptions
---@param chain     idle.SshTarget[]
---@param connector idle.Connector
---@return idle.SshLibraryTransport
function ssh_library.new(options, chain, connector)
  return setmetatable({ options = options, chain = chain, connector = connector, clients = {} }, Transport)
end

return ssh_library
