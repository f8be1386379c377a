--- The far end of a specimen: a real sshd, a simulated sync server behind it, and
--- what happened there.
local eventually = require("spec.support.eventually")
local far_end = require("idle.sim.far_end")
local file = require("idle.file")
local process = require("idle.process")
local processes = require("spec.support.processes")
local ssh_far = require("spec.support.ssh_far")
local sshd = require("idle.sim.sshd")

-- A cycle as short as the looks allow.
local QUICK = { cycle_seconds = 1, gap_seconds = 0.1, start_delay_seconds = 0.2 }

local DEADLINE_MS = 30000

---@class spec.SpecimenFar
---@field dir  string
---@field host string
---@field port integer
---@field user string
---@field identity_file string
---@field known_hosts string
local Far = {}
Far.__index = Far

local specimen_far = {}

--- Starts it.
---@param options? table  of the simulator, over those of a quick cycle
---@param of_sshd? table  of idle.sim.sshd
---@return spec.SpecimenFar
function specimen_far.start(options, of_sshd)
  local complete = {}
  for name, v in pairs(QUICK) do complete[name] = v end
  for name, v in pairs(options or {}) do complete[name] = v end
  local dir = assert(file.temp_dir("idle-specimen-"))
  local server = far_end.sshd_server({ dir = dir, options = complete, sshd = of_sshd })
  local far = setmetatable({ dir = dir, server = server, sshd = server.sshd }, Far)
  for name, v in pairs(server.session_options) do far[name] = v end
  return far
end

--- Every start that took effect.
function Far:ledger() return self.server:ledger() end

--- What sshd says; where it is used up, all of it.
---@return string
function Far:log() return assert(file.read(self.sshd.log_file)) end

--- How often something stands in the log.
---@param text string
---@return integer
function Far:count_in_log(text)
  local count, from = 0, 1
  local log = self:log()
  while true do
    local _, to = log:find(text, from, true)
    if not to then return count end
    count, from = count + 1, to + 1
  end
end

--- Process ids of the connections that are open.
---@return integer[]
function Far:connections() return processes.children(self.sshd.pid) end

local function add_powershells(pids, pid)
  if processes.command_line(pid):find("\0sim\0powershell\0", 1, true) then pids[#pids + 1] = pid end
  for _, child in ipairs(processes.children(pid)) do add_powershells(pids, child) end
  return pids
end

--- Process ids of the remote PowerShells.
---@return integer[]
function Far:powershells() return add_powershells({}, self.sshd.pid) end

-- Not os.execute: the other specimens go on meanwhile.
local function run(...)
  local program <close> = assert(process.spawn({ command = { ... } }))
  assert(program:wait_exit(DEADLINE_MS))
end

local function signal(name, pids)
  local words = {}
  for index, pid in ipairs(pids) do words[index] = tostring(pid) end
  if words[1] then run("kill", "-" .. name, table.unpack(words)) end
end

local function are_gone(pids)
  for _, pid in ipairs(pids) do
    if processes.is_running(pid) then return false end
  end
  return true
end

function Far:kill_powershells() signal("KILL", self:powershells()) end

--- Cuts all connections; sshd goes on.
function Far:kill_connections()
  local pids = self:connections()
  signal("KILL", pids)
  eventually(function() return are_gone(pids) end, "the connections are gone")
end

--- Kills sshd with all its connections, and waits until they are gone.
function Far:kill_sshd()
  local pids = { self.sshd.pid, table.unpack(self:connections()) }
  signal("KILL", pids)
  eventually(function() return are_gone(pids) end, "sshd is gone")
end

--- Does the same, and starts sshd again at the same place; its log begins anew.
function Far:restart_sshd()
  self:kill_sshd()
  self.sshd:stop()
  self.server.sshd = sshd.start({ dir = self.dir, port = self.port, path = self.dir .. "/bin" })
  self.sshd = self.server.sshd
end

--- Lets all connections fall silent, without ending them.
function Far:freeze_connections() signal("STOP", self:connections()) end

--- The same for the remote PowerShells, whom nothing but `close` ends then.
function Far:freeze_powershells()
  self.frozen = self:powershells()
  signal("STOP", self.frozen)
end

--- Lets nobody in any more; who tries gets no answer.
function Far:freeze_sshd() signal("STOP", { self.sshd.pid }) end

--- Waits until so many starts took effect.
---@param count integer
function Far:wait_for_starts(count)
  eventually(function() return #self:ledger() >= count end, ("there are %d starts"):format(count))
end

--- Waits until a command has come that the simulator has a fault for.
---@param name string
function Far:wait_for_call(name)
  eventually(function()
    return (file.read(self.server.state_path .. ".state") or ""):lower():find(name:lower(), 1, true) ~= nil
  end, name .. " has come")
end

--- Makes a pair of keys in its folder.
---@param name     string
---@param key_type string
---@return string path
function Far:new_key(name, key_type)
  local path = self.dir .. "/" .. name
  run("ssh-keygen", "-q", "-N", "", "-t", key_type, "-f", path)
  return path
end

--- Makes a pair of keys that the server lets in. Of RSA, libssh2 can't use it all the same.
---@param name     string
---@param key_type string
---@return string path
function Far:new_known_key(name, key_type)
  local path = self:new_key(name, key_type)
  assert(file.append_synced(self.dir .. "/authorized_keys", assert(file.read(path .. ".pub"))))
  return path
end

--- Writes a file of known hosts that has only this server, by another key than its own.
---@return string path
function Far:write_changed_host()
  return self:write("changed", ssh_far.known_host(self, self:new_key("other", "ed25519")))
end

--- Writes one that knows the server, and has its key revoked.
---@return string path
function Far:write_revoked_host()
  local line = ssh_far.known_host(self, self.dir .. "/host_ed25519")
  return self:write("revoked", line .. "@revoked " .. line)
end

--- Writes a file into its folder.
---@return string path
function Far:write(name, text)
  local path = self.dir .. "/" .. name
  assert(file.write_private(path, text))
  return path
end

--- Ends it and removes its folder.
function Far:close()
  if not self.dir then return end
  signal("KILL", self:connections())
  signal("KILL", self.frozen or {})
  self.server:stop()
  file.remove_all(self.dir)
  self.dir = nil
end

Far.__close = Far.close

return specimen_far
