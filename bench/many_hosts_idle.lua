-- The client of many_hosts.lua: arguments are a file of lines "address port", user, key and known_hosts; a fifth one
-- has it ask ssh about each host, as it does by default.
local idle = require "idle"

local ask = nil
if not arg[5] then ask = false end

local calls = {}
for line in io.lines(arg[1]) do
  local host, port = line:match("^(%S+) (%d+)$")
  calls[#calls + 1] = function()
    local session <close> = idle.ssh_session{
      host = host, port = math.tointeger(port), user = arg[2], identity_file = arg[3], known_hosts = arg[4],
      agent = false, connect_timeout = 60, ssh_config = ask,
    }
    assert(session:run{ command = "true" }.exit_code == 0)
  end
end
idle.gather(calls)
