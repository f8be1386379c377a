--- Which transport a session takes: our own, unless it is told otherwise or the configuration wants what only the
--- system's ssh can do.
local errors = require("idle.engine.errors")
local jump = require("idle.sessions.jump")
local ssh_library = require("idle.sessions.ssh_library")
local ssh_program = require("idle.sessions.ssh_program")
local ssh_target = require("idle.sessions.ssh_target")
local trace = require("idle.sessions.trace")

local ssh_route = {}

local function program(given, connector)
  local reason = ssh_program.refusal(given)
  if reason then
    errors.raise("input.session", ("transport \"ssh\" to '%s': %s"):format(errors.escape(given.host), reason))
  end
  -- ssh hands it to a shell, and not every version looks at it before.
  jump.parse(given.proxy_jump or nil)
  return ssh_program.new(given, ssh_target.resolve(given), connector)
end

-- What the configuration sets and our own transport can't follow, at any server on the way.
local function obstacle_of(chain)
  for _, target in ipairs(chain) do
    if target.unsupported[1] then
      return ("the SSH configuration sets %s for '%s'"):format(table.concat(target.unsupported, ", "),
        errors.escape(target.label))
    end
  end
end

local ALTERNATIVE = "; or set ssh_config = false (--no-ssh-config) and give the fields yourself"

local function program_because(given, obstacle, connector)
  if given.transport == "libssh2" then
    errors.raise("input.session", ("%s, which transport \"libssh2\" can't do; leave out the transport, so that the "
      .. "system's ssh is used%s"):format(obstacle, ALTERNATIVE))
  end
  local reason = ssh_program.refusal(given)
  if reason then
    errors.raise("input.session", ("%s, which needs the system's ssh, but %s%s"):format(obstacle, reason, ALTERNATIVE))
  end
  trace.line("%s, so the system's ssh is used", obstacle)
  return program(given, connector)
end

--- Decides, and makes the transport. Waits for `ssh -G`; contacts no server.
---@param given     idle.SshSessionOptions  checked
---@param connector idle.Connector
---@return idle.Transport
function ssh_route.choose(given, connector)
  if given.transport == "ssh" then return program(given, connector) end
  local chain = jump.chain(given)
  local obstacle = obstacle_of(chain)
  if obstacle then return program_because(given, obstacle, connector) end
  return ssh_library.new(given, chain, connector)
end

return ssh_route
