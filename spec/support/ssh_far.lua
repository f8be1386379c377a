--- SSH servers for specs: real ones, and peers that are none.
local errors = require("idle.engine.errors")
local eventually = require("spec.support.eventually")
local file = require("idle.file")
local process = require("idle.process")
local processes = require("spec.support.processes")
local ssh = require("idle.ssh")
local sshd = require("idle.sim.sshd")

local far = {}

--- Milliseconds; long enough for any machine, and no spec that passes waits for it.
far.SOON = 20000

local PROGRAM_FOLDER = assert(process.executable()):match("^(.*/)")

--- The library that gives programs a password and name servers (spec/c/stand_in.c), and its password.
far.STAND_IN = PROGRAM_FOLDER .. "stand_in.so"
far.PASSWORD = "open sesame"

---@class spec.SshServer: idle.SshdServer
local Server = {}

--- Starts a real sshd in a folder of its own; `<close>` removes it.
---@param options? table  as of idle.sim.sshd
---@return spec.SshServer
function far.server(options)
  local complete = {}
  for name, value in pairs(options or {}) do complete[name] = value end
  complete.dir = complete.dir or assert(file.temp_dir("idle-ssh-"))
  local server = sshd.start(complete)
  local function get(_, name) return Server[name] or server[name] end
  return setmetatable({}, { __index = get, __close = Server.stop })
end

function Server:stop()
  for _, pid in ipairs(self:sessions()) do far.run({ "kill", "-KILL", tostring(pid) }) end
  getmetatable(self).__index(self, "child"):close()
  file.remove_all(self.dir)
end

--- Tries to connect with the key that the server knows.
---@param changes? table  other options; false removes one
---@return idle.SshClient?, idle.Error?
function Server:try(changes)
  local options = {
    host = self.host, port = self.port, user = self.user, identity_file = self.identity_file, agent = false,
    known_hosts = self.known_hosts, timeout_ms = far.SOON,
  }
  for name, value in pairs(changes or {}) do options[name] = value or nil end
  return ssh.connect(options)
end

--- Connects, or fails the spec.
---@param changes? table
---@return idle.SshClient
function Server:connect(changes) return errors.check(self:try(changes)) end

--- Waits until no connection is served any more, and tells the log, to which nothing more comes by itself.
---@param server idle.SshdServer
---@return string
function far.settled_log(server)
  eventually(function() return #processes.children(server.pid) == 0 end)
  return assert(file.read(server.log_file))
end

--- Process ids of the sshd that serve connections now.
---@return integer[]
function Server:sessions() return processes.children(self.pid) end

--- Sends a signal to all of them.
---@param name string
function Server:signal_sessions(name)
  for _, pid in ipairs(self:sessions()) do far.run({ "kill", "-" .. name, tostring(pid) }) end
end

--- As ssh_far.settled_log.
---@return string
function Server:settled_log() return far.settled_log(self) end

---@return string
function Server:log() return assert(file.read(self.log_file)) end

--- Makes a key that may log in.
---@param name       string    of the file
---@param arguments? string[]  of ssh-keygen
---@return string path
function Server:new_key(name, arguments)
  local path = self.dir .. "/" .. name
  far.new_key(path, arguments)
  local known = self.dir .. "/authorized_keys"
  assert(file.append_synced(known, assert(file.read(path .. ".pub"))))
  return path
end

--- Writes a known_hosts file into the server's folder.
---@param text string
---@return string path
function Server:write_known_hosts(text)
  local path = self.dir .. "/other_known_hosts"
  assert(file.write_private(path, text))
  return path
end

--- The host key of a type, as in known_hosts: "ssh-ed25519 AAAA…".
---@param key_type? string
---@return string
function Server:host_key(key_type)
  return assert(file.read(("%s/host_%s.pub"):format(self.dir, key_type or "ed25519"))):match("^%S+ %S+")
end

---@param key_type? string
---@return string
function Server:fingerprint(key_type)
  return far.run({ "ssh-keygen", "-l", "-f", ("%s/host_%s.pub"):format(self.dir, key_type or "ed25519") })
    :match("SHA256:%S+")
end

--- What idle.ssh_session needs to reach a server by its own key.
---@param server spec.SshServer|spec.SpecimenFar
---@param more?  table  other options
---@return idle.SshSessionOptions
function far.session_options(server, more)
  local options = { host = server.host, port = server.port, user = server.user, agent = false, ssh_config = false,
                    identity_file = server.identity_file, known_hosts = server.known_hosts }
  for name, value in pairs(more or {}) do options[name] = value end
  return options
end

--- A line of known hosts.
---@param server { host: string, port?: integer }  without a port: at any
---@param path   string  of the key, without `.pub`
---@return string
function far.known_host(server, path)
  return ("[%s]:%s %s\n"):format(server.host, server.port or "*", assert(file.read(path .. ".pub")):match("^%S+ %S+"))
end

--- Makes a pair of keys.
---@param path       string
---@param arguments? string[]  of ssh-keygen; default: ed25519 without a passphrase
function far.new_key(path, arguments)
  far.run({ "ssh-keygen", "-q", "-f", path, table.unpack(arguments or { "-t", "ed25519", "-N", "" }) })
end

--- Runs a program to its end.
---@param command string[]
---@param env?    table<string, string>
---@return string stdout
function far.run(command, env)
  local child <close> = errors.check(process.spawn({ command = command, env = env }))
  return errors.check(child:read_all(far.SOON))
end

---@class spec.Peer
---@field port         integer
---@field fingerprint? string
local Peer = {}
Peer.__index = Peer

--- Starts a TCP server that behaves in a way of spec/support/tcp_peer.lua; `<close>` ends it.
---@param behaviour string
---@return spec.Peer
function far.peer(behaviour, ...)
  local child = errors.check(process.spawn({ command = { "lua5.4", "spec/support/tcp_peer.lua", behaviour, ... } }))
  return setmetatable({ child = child, port = tonumber(errors.check(child:read_line(far.SOON))) }, Peer)
end

--- Starts an SSH server that wants a new password of whoever logs in (spec/c/expired_sshd.c); `<close>` ends it.
---@return spec.Peer
function far.expired_sshd()
  local child = errors.check(process.spawn({ command = { PROGRAM_FOLDER .. "expired_sshd" } }))
  local port, fingerprint = errors.check(child:read_line(far.SOON)):match("^(%d+) (%S+)$")
  return setmetatable({ child = child, port = tonumber(port), fingerprint = fingerprint }, Peer)
end

--- Starts a proxy in front of a port, which does harm on demand (spec/support/tcp_proxy.lua); `<close>` ends it.
---@param port integer
---@return spec.Peer
function far.proxy(port)
  local child = errors.check(process.spawn({ command = { "lua5.4", "spec/support/tcp_proxy.lua", tostring(port) } }))
  return setmetatable({ child = child, port = tonumber(errors.check(child:read_line(far.SOON))) }, Peer)
end

--- Tells a proxy which harm to do, and waits until it knows.
---@param harm string
function Peer:tell(harm)
  errors.check(self.child:write(harm .. "\n", far.SOON))
  errors.check(self.child:read_line(far.SOON))
end

--- What a server says of the next connection, once that is over.
---@return string
function Peer:next_report() return errors.check(self.child:read_line(far.SOON)) end

function Peer:close() self.child:close() end

Peer.__close = Peer.close

--- Tries to connect; there is nothing to log in with, unless more options give it.
---@param timeout_ms number
---@param more?      table
---@return idle.SshClient?, idle.Error?
function Peer:try(timeout_ms, more)
  local options = {
    host = "127.0.0.1", port = self.port, user = "somebody", known_hosts = "/nowhere/known_hosts", agent = false,
    timeout_ms = timeout_ms,
  }
  for name, value in pairs(more or {}) do options[name] = value end
  return ssh.connect(options)
end

return far
