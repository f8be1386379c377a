--- A far end that is reached through an SSH configuration of its own, as an administrator writes one.
local far = require("spec.support.far")
local file = require("idle.file")
local ssh_far = require("spec.support.ssh_far")
local ssh_session = require("idle.sessions.ssh")

local ssh_configured = {}

---@class spec.ConfiguredFar
---@field server table  of spec.support.far
---@field dir    string
local Configured = {}
Configured.__index = Configured

--- A line of sshd_config with which a login by ssh takes half as long: its first choice of a key exchange is costly.
ssh_configured.QUICK = "KexAlgorithms curve25519-sha256"

--- Starts an sshd with a simulated server behind it.
---@param options? table  of the simulator
---@param sshd?    { config: string[] }  of idle.sim.sshd
---@return spec.ConfiguredFar
function ssh_configured.start(options, sshd)
  local config = { ssh_configured.QUICK, table.unpack(sshd and sshd.config or {}) }
  local server = far.sshd_server(options, { config = config })
  return setmetatable({ server = server, dir = server.sshd.dir }, Configured)
end

--- Writes a file into its folder.
---@return string path
function Configured:write(name, text)
  local path = self.dir .. "/" .. name
  assert(file.write_private(path, text))
  return path
end

--- Writes a configuration, each into a new file: what ssh says of one is kept. `$host`, `$port`, `$user`, `$key`,
--- `$known` and `$dir` stand for what reaches this far end.
---@param text string
---@return string path
function Configured:configure(text)
  self.files = (self.files or 0) + 1
  local facts = self.server.session_options
  local values = { host = facts.host, port = facts.port, user = facts.user, key = facts.identity_file,
                   known = facts.known_hosts, dir = self.dir }
  return self:write("ssh_config" .. self.files, (text:gsub("%$(%l+)", values)))
end

--- A session that knows nothing but a host's name and a configuration.
---@param text  string  of the configuration
---@param more? table   further fields
function Configured:session(text, more)
  local options = { host = "aadc", ssh_config = self:configure(text) }
  for name, v in pairs(more or {}) do options[name] = v end
  return ssh_session(options)
end

--- What sshd says.
---@return string
function Configured:log() return assert(file.read(self.server.sshd.log_file)) end

--- The same when nobody is connected any more.
---@return string
function Configured:settled_log() return ssh_far.settled_log(self.server.sshd) end

function Configured:__close() getmetatable(self.server).__close() end

return ssh_configured
