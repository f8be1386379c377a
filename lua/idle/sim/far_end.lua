--- A real sshd on loopback whose powershell.exe is the simulated one: what `sim sshd` runs, for
--- examples and specs, too.
local errors = require("idle.engine.errors")
local file = require("idle.file")
local json = require("idle.json")
local options_of = require("idle.sim.options")
local process = require("idle.process")
local shell_word = require("idle.engine.shell_word")
local sshd = require("idle.sim.sshd")
local store = require("idle.sim.store")

local far_end = {}

---@class idle.FarEnd
---@field session_options idle.SshSessionOptions  what idle.ssh_session needs to reach it
---@field state_path      string  the options of the server, as JSON
---@field sshd            table   idle.sim.sshd's server
---@field package lock     idle.FileLock  while the folder is ours
local FarEnd = {}
FarEnd.__index = FarEnd

local SCRIPT = [[
#!/bin/sh
exec %s sim powershell --state %s -- "$@"
]]

local function write_script(path, state_path)
  local text = SCRIPT:format(shell_word(errors.check(process.executable())), shell_word(state_path))
  errors.check(file.write_private(path, text))
  local chmod <close> = errors.check(process.spawn({ command = { "chmod", "700", path } }))
  errors.check(chmod:wait_exit(10000))
end

-- A server that comes up knows nothing of its former life; only its options stay.
local function write_server(dir, options)
  local state_path = dir .. "/server.json"
  for _, suffix in ipairs({ ".state", ".ledger" }) do
    if file.exists(state_path .. suffix) then errors.check(file.remove(state_path .. suffix)) end
  end
  if next(options) or not file.exists(state_path) then
    errors.check(file.write_private(state_path, errors.check(json.encode(options, { indent = 2 })) .. "\n"))
  end
  return state_path
end

local function write_bin(dir, state_path)
  errors.check(file.mkdir(dir .. "/bin"))
  for _, name in ipairs({ "powershell.exe", "pwsh" }) do write_script(dir .. "/bin/" .. name, state_path) end
end

-- Another one with the same folder would write its keys and its server over those of the first.
local function take_folder(dir)
  local lock, err = file.try_lock(dir .. "/lock")
  if lock then return lock end
  if err.kind ~= "file.busy" then error(errors.from(err), 0) end
  errors.raise("input.setup", ("folder '%s' is in use by another simulated server that still runs; end that one, or "
    .. "take another folder"):format(errors.escape(dir)))
end

--- Starts sshd with a simulated sync server behind it.
---@param given { dir?: string, port?: integer, options?: table, sshd?: table }  without a `dir` it has
---       one of its own until it stops; `options` as of idle.sim.sync_server; `sshd` goes to idle.sim.sshd
---@return idle.FarEnd
function far_end.sshd_server(given)
  local options = given.options or {}
  options_of.complete(options, true)
  if given.dir then errors.check(file.mkdir(given.dir)) end
  local dir = given.dir and errors.check(file.real_path(given.dir)) or errors.check(file.temp_dir("idle-far-end-"))
  local lock = take_folder(dir)
  local state_path = write_server(dir, options)
  write_bin(dir, state_path)
  local start = { dir = dir, port = given.port or 0, path = dir .. "/bin" }
  for name, v in pairs(given.sshd or {}) do start[name] = v end
  local server = sshd.start(start)
  return setmetatable({
    sshd = server, lock = lock, state_path = state_path, own_dir = not given.dir and dir or nil,
    -- Whatever the user's own configuration says of loopback.
    session_options = { host = server.host, port = server.port, user = server.user, agent = false, ssh_config = false,
                        identity_file = server.identity_file, known_hosts = server.known_hosts },
  }, FarEnd)
end

--- Every start that took effect, oldest first.
---@return table[]
function FarEnd:ledger()
  return store.files(self.state_path, require("idle.loop")):ledger()
end

--- Ends sshd.
function FarEnd:stop()
  self.sshd:stop()
  self.lock:unlock()
  if self.own_dir then file.remove_all(self.own_dir) end
end

FarEnd.__close = FarEnd.stop

return far_end
