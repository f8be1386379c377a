--- A real OpenSSH server on loopback, with fresh keys and a configuration of its
--- own: for `sim sshd`, examples and specs. The system's own sshd is not touched.
local errors = require("idle.engine.errors")
local file = require("idle.file")
local loop = require("idle.loop")
local process = require("idle.process")

local sshd = {}

---@class idle.SshdOptions
---@field dir        string    for keys, configuration and log; made if it is missing
---@field address?   string    that it listens on; default 127.0.0.1
---@field port?      integer   default 0: a free one
---@field within?    string[]  words in front of its command line, as of nsenter(1)
---@field path?      string    folder that comes first on the PATH of commands
---@field config?    string[]  lines of sshd_config(5); they win over ours
---@field host_keys? string[]  types; default { "ed25519" }
---@field log_level? string    default "VERBOSE"
---@field env?       table<string, string>  added to the environment of sshd itself

---@class idle.SshdServer
---@field host          string
---@field port          integer
---@field user          string
---@field identity_file string
---@field known_hosts   string
---@field dir           string
---@field log_file      string
---@field pid           integer
local Server = {}
Server.__index = Server

local PROGRAM = "/usr/sbin/sshd" -- it refuses to start by a relative path
local PRIVILEGE_SEPARATION_FOLDER = "/run/sshd"
local START_SECONDS = 30 -- also on a machine that has much else to do, where an RSA key takes its time
local ATTEMPTS = 20

local function run(command)
  local child <close> = errors.check(process.spawn({ command = command }))
  local output = errors.check(child:read_all(START_SECONDS * 1000))
  local exit = errors.check(child:wait_exit(START_SECONDS * 1000))
  if exit.exit_code ~= 0 then
    errors.raise("process.spawn", ("'%s' failed: %s"):format(table.concat(command, " "), child:stderr()))
  end
  return output
end

local function make_key(path, key_type)
  if not file.exists(path) then run({ "ssh-keygen", "-q", "-N", "", "-t", key_type, "-f", path }) end
end

local function public_key(path)
  return errors.check(file.read(path .. ".pub")):match("^%S+ %S+")
end

local function write_keys(options)
  local dir, keys = options.dir, {}
  for index, key_type in ipairs(options.host_keys or { "ed25519" }) do
    keys[index] = ("%s/host_%s"):format(dir, key_type)
    make_key(keys[index], key_type)
  end
  make_key(dir .. "/id_ed25519", "ed25519")
  errors.check(file.write_private(dir .. "/authorized_keys", public_key(dir .. "/id_ed25519") .. "\n"))
  return keys
end

-- sshd takes the first word on a subject, so the caller's lines stand first.
local function write_config(options, keys, port)
  local dir, lines = options.dir, {}
  for _, line in ipairs(options.config or {}) do lines[#lines + 1] = line end
  for _, key in ipairs(keys) do lines[#lines + 1] = ('HostKey "%s"'):format(key) end
  lines[#lines + 1] = ([[
Port %d
ListenAddress %s
AuthorizedKeysFile "%s/authorized_keys"
PidFile none
LogLevel %s
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no]]):format(port, options.address, dir, options.log_level or "VERBOSE")
  -- One line, because only the first SetEnv counts. By SHLVL bash does not take itself for a login by SSH, which would
  -- run the account's .bashrc before each command, with whatever is slow or waits there.
  lines[#lines + 1] = "SetEnv SHLVL=1" .. (options.path and (' "PATH=%s:/usr/bin:/bin"'):format(options.path) or "")
  errors.check(file.write_private(dir .. "/sshd_config", table.concat(lines, "\n") .. "\n"))
end

local function write_known_hosts(options, keys, port)
  local lines = {}
  for index, key in ipairs(keys) do lines[index] = ("[%s]:%d %s\n"):format(options.address, port, public_key(key)) end
  errors.check(file.write_private(options.dir .. "/known_hosts", table.concat(lines)))
end

-- Says whether the server listens; false: the port is taken.
local function is_listening(child, log_file)
  local deadline = loop.monotonic() + START_SECONDS
  while loop.monotonic() < deadline do
    -- In this order: what it said last is in the log by then.
    local has_ended = child:wait_exit(10)
    local log = file.read(log_file) or ""
    if log:find("Server listening", 1, true) then return true end
    if log:find("Address already in use", 1, true) then return false end
    if has_ended then errors.raise("process.spawn", "sshd did not start: " .. log .. child:stderr()) end
  end
  errors.raise("timeout", ("sshd did not listen within %d s"):format(START_SECONDS))
end

local function launch(options, keys, port)
  local log_file = options.dir .. "/sshd.log"
  if file.exists(log_file) then errors.check(file.remove(log_file)) end
  write_config(options, keys, port)
  local command = table.move(options.within, 1, #options.within, 1, {})
  -- sshd closes all files that it inherits: only the kernel can tell it that we were killed.
  local words = { "setpriv", "--pdeathsig", "TERM", PROGRAM, "-D", "-f", options.dir .. "/sshd_config", "-E", log_file }
  table.move(words, 1, #words, #command + 1, command)
  local child = errors.check(process.spawn({ command = command, env = options.env }))
  if is_listening(child, log_file) then return child, log_file end
  child:close()
end

-- Not by `loop.random`: with a seed every spec would try the same ones.
local function some_number() return math.floor(loop.monotonic() * 1e6) + process.pid() * 7919 end

local port_number = some_number()

-- Below the range from which the kernel gives ports to clients; and one after the other, because who still tries to
-- reach a server that was stopped must not meet the next one.
local function next_port()
  port_number = port_number + 1
  return 20000 + port_number % 12000
end

local function launch_somewhere(options, keys)
  for _ = 1, ATTEMPTS do
    local port = next_port()
    local child, log_file = launch(options, keys, port)
    if child then return child, log_file, port end
    port_number = some_number() -- the next ones may be another program's, too
  end
  errors.raise("process.spawn", ("sshd found no free port in %d attempts"):format(ATTEMPTS))
end

local function launch_at(options, keys, port)
  local child, log_file = launch(options, keys, port)
  if not child then errors.raise("process.spawn", ("port %d is taken; choose another one"):format(port)) end
  return child, log_file, port
end

local function check_installed()
  if not file.exists(PROGRAM) then
    errors.raise("process.spawn", ("there is no '%s'; install the package openssh-server"):format(PROGRAM))
  end
  -- Its init script makes the folder; without it sshd ends at once. A user needs none.
  if not file.exists(PRIVILEGE_SEPARATION_FOLDER) then file.mkdir(PRIVILEGE_SEPARATION_FOLDER) end
end

--- Starts a server and waits until it listens.
---@param given idle.SshdOptions
---@return idle.SshdServer
function sshd.start(given)
  local options = { address = "127.0.0.1", within = {} }
  for name, v in pairs(given) do options[name] = v end
  check_installed()
  errors.check(file.mkdir(options.dir))
  local keys = write_keys(options)
  local child, log_file, port
  if (options.port or 0) == 0 then
    child, log_file, port = launch_somewhere(options, keys)
  else
    child, log_file, port = launch_at(options, keys, options.port)
  end
  write_known_hosts(options, keys, port)
  return setmetatable({
    host = options.address, port = port, user = run({ "id", "-un" }):match("%S+"), dir = options.dir,
    identity_file = options.dir .. "/id_ed25519", known_hosts = options.dir .. "/known_hosts",
    log_file = log_file, pid = child:pid(), child = child,
  }, Server)
end

--- Ends the server; connections that are open live on, as with any sshd.
function Server:stop()
  self.child:close()
end

Server.__close = Server.stop

return sshd
