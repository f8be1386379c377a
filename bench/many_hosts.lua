-- One command on each of 200 hosts at once, beside Debian's parallel-ssh and beside Python's asyncssh: wall time,
-- processor time of the client with its children, and its peak memory. The hosts are loopback addresses of real sshd.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local measure = require "measure"
local file = require "idle.file"
local idle = require "idle"
local process = require "idle.process"
local sshd = require "idle.sim.sshd"

local HOSTS = 200
local ROUNDS = 3
local ADDRESSES_EACH = 15 -- an sshd listens at 16 addresses at most, and one of them is 127.0.0.1
local FOLDER = arg[0]:match("^(.-)[^/]*$")

local dir = assert(file.temp_dir("idle-bench-"))

-- Starts the servers. Returns: them, and lines "address port".
local function start_servers()
  local servers, hosts = {}, {}
  while #hosts < HOSTS do
    local config = { "MaxStartups 1000", ("AuthorizedKeysFile %s/1/authorized_keys"):format(dir) }
    local addresses = {}
    for _ = 1, math.min(ADDRESSES_EACH, HOSTS - #hosts - #addresses) do
      addresses[#addresses + 1] = ("127.0.1.%d"):format(#hosts + #addresses + 1)
    end
    for _, address in ipairs(addresses) do config[#config + 1] = "ListenAddress " .. address end
    local server = sshd.start{ dir = ("%s/%d"):format(dir, #servers + 1), config = config, log_level = "INFO" }
    servers[#servers + 1] = server
    for _, address in ipairs(addresses) do hosts[#hosts + 1] = { address = address, server = server } end
  end
  return servers, hosts
end

local function write(name, hosts, line_of)
  local lines = {}
  for index, host in ipairs(hosts) do lines[index] = line_of(host) .. "\n" end
  assert(file.write_private(dir .. "/" .. name, table.concat(lines)))
  return dir .. "/" .. name
end

local servers, hosts = start_servers()
local user, key = servers[1].user, servers[1].identity_file
local known_hosts = write("known_hosts", hosts, function(host)
  local _, host_key = assert(file.read(host.server.known_hosts)):match("^(%S+) (%S+ %S+)")
  return ("[%s]:%d %s"):format(host.address, host.server.port, host_key)
end)
local plain = write("hosts", hosts, function(host) return host.address .. " " .. host.server.port end)
local for_pssh = write("hosts.pssh", hosts, function(host)
  return ("%s@%s:%d"):format(user, host.address, host.server.port)
end)

local ssh_options = ("-F none -i %s -o IdentitiesOnly=yes -o UserKnownHostsFile=%s -o StrictHostKeyChecking=yes "
  .. "-o BatchMode=yes"):format(key, known_hosts)
local ours = { assert(process.executable()), FOLDER .. "many_hosts_idle.lua", plain, user, key, known_hosts }
-- None of them reads a configuration. By default idle-lua asks `ssh -G`, here once for each port, because this
-- machine's configuration names no host; where it names some, it is asked about each.
local clients = {
  ["idle-lua"] = ours,
  ["idle-lua and ssh -G"] = table.move({ "ask" }, 1, 1, #ours + 1, { table.unpack(ours) }),
  ["parallel-ssh"] = { "/usr/bin/parallel-ssh", "-p", tostring(HOSTS), "-t", "60", "-h", for_pssh, "-x", ssh_options,
    "true" },
  asyncssh = { "/usr/bin/python3", "-W", "ignore", FOLDER .. "many_hosts_asyncssh.py", plain, user, key, known_hosts },
}

-- A shell says what a program and its children used: real, user and system seconds, on the last line of stderr.
local function timed(command)
  return { "bash", "-c", 'export LC_ALL=C TIMEFORMAT="%R %U %S"; time "$@"', "bash", table.unpack(command) }
end

local function finish(child)
  assert(child:read_all(120000))
  local exit = assert(child:wait_exit(120000))
  assert(exit.exit_code == 0, child:stderr())
end

local function seconds_of(command)
  local child <close> = assert(process.spawn{ command = timed(command) })
  finish(child)
  local real, user_time, system_time = child:stderr():match("([%d.]+) ([%d.]+) ([%d.]+)%s*$")
  return tonumber(real), tonumber(user_time) + tonumber(system_time)
end

-- Kilobytes of a process and its descendants; what they share is counted once. One that has just ended counts nothing.
local function tree_kib(pid)
  local ok, kib = pcall(measure.memory_kib, pid, "Pss")
  local children = io.open(("/proc/%d/task/%d/children"):format(pid, pid))
  local list = children and children:read("a") or ""
  if children then children:close() end
  local sum = ok and kib or 0
  for child in list:gmatch("%d+") do sum = sum + tree_kib(math.tointeger(child)) end
  return sum
end

-- In a run of its own, because looking costs time.
local function peak_kib_of(command)
  local child <close> = assert(process.spawn{ command = command })
  local pid, peak = child:pid(), 0
  local watch = idle.spawn(function()
    while true do
      peak = math.max(peak, tree_kib(pid))
      idle.sleep(0.02)
    end
  end)
  finish(child)
  watch:cancel()
  pcall(watch.join, watch)
  return peak
end

local wall, cpu, memory = {}, {}, {}
for name in pairs(clients) do wall[name], cpu[name] = {}, {} end
for round = 1, ROUNDS do
  for name, command in pairs(clients) do wall[name][round], cpu[name][round] = seconds_of(command) end
end
for name, command in pairs(clients) do
  wall[name], cpu[name], memory[name] = measure.median(wall[name]), measure.median(cpu[name]), peak_kib_of(command)
end
for _, server in ipairs(servers) do server:stop() end
file.remove_all(dir)

for _, name in ipairs{ "idle-lua", "idle-lua and ssh -G", "parallel-ssh", "asyncssh" } do
  print(("%d hosts by %-19s  %6.2f s, processor %6.2f s (medians of %d), at most %6.1f MiB"):format(HOSTS, name,
    wall[name], cpu[name], ROUNDS, memory[name] / 1024))
end
for _, name in ipairs{ "idle-lua", "idle-lua and ssh -G" } do
  for _, peer in ipairs{ "parallel-ssh", "asyncssh" } do
    measure.report(("many hosts: processor, %s / %s"):format(peer, name), cpu[peer] / cpu[name], 3, "at least")
  end
end
