-- Connecting and logging in, beside a bare libssh2 client that blocks.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local measure = require "measure"
local file = require "idle.file"
local process = require "idle.process"
local ssh = require "idle.ssh"
local sshd = require "idle.sim.sshd"

local ROUNDS = 40

local dir = assert(file.temp_dir("idle-bench-"))
local server <close> = sshd.start{ dir = dir, config = { "MaxStartups 100" } }

local program = assert(process.executable()):match("^(.*/)") .. "ssh_connect"
local peer <close> = assert(process.spawn{
  command = { program, tostring(server.port), server.user, server.identity_file },
})

local function ours()
  local client <close> = assert(ssh.connect{
    host = server.host, port = server.port, user = server.user, identity_file = server.identity_file,
    known_hosts = server.known_hosts, agent = false, timeout_ms = 10000,
  })
  assert(client:is_open())
end

local function bare()
  assert(peer:write("\n", 10000))
  assert(peer:read_line(10000))
end

local median = measure.in_turns(ROUNDS, { ours = ours, bare = bare })
file.remove_all(dir)

print(("connecting and logging in %.1f ms, bare libssh2 %.1f ms (medians)"):format(median.ours * 1000,
  median.bare * 1000))
measure.report("connect: ours / bare libssh2", median.ours / median.bare, 1.2, "at most")
