--- Which transport a session takes: our own, unless it is told otherwise, or the configuration or the only keys there
--- are want what only the system's ssh can do.
local errors = require("idle.engine.errors")
local jump = require("idle.sessions.jump")
local ssh = require("idle.ssh")
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

-- Our own transport uses them at jump hosts as well; ssh goes by its configuration alone there.
local FOR_HOPS = { "identity_file", "known_hosts", "agent", "agent_socket", "strict_host_key" }

local function suits_ssh(given, chain)
  for _, name in ipairs(chain[2] and FOR_HOPS or {}) do
    if given[name] ~= nil then return false end
  end
  return ssh_program.refusal(given) == nil
end

local function has_agent(target)
  return target.agent and (target.agent_socket or os.getenv("SSH_AUTH_SOCK") or "") ~= ""
end

-- The first key of a server that ssh can use and libssh2 can't; nil where there is another one, or one that was given
-- and is of no use, of which our own transport says why.
local function foreign_key_of(target)
  local required, found = target.identity_file, nil
  if required and not ssh.key_facts(required) then return nil end
  for _, path in ipairs(required and { required, table.unpack(target.identity_files) } or target.identity_files) do
    local facts = ssh.key_facts(path)
    if facts and not facts.is_foreign then return nil end
    local is_in_reach = facts and (not facts.needs_agent or has_agent(target))
    if is_in_reach and not found then found = { path = path, type = facts.type } end
  end
  return found
end

local function foreign_key(given, chain)
  if given.transport ~= "auto" or not suits_ssh(given, chain) then return nil end
  for _, target in ipairs(chain) do
    local key = foreign_key_of(target)
    if key then
      return ("'%s', the key for '%s', is of type %s"):format(errors.escape(key.path), errors.escape(target.label),
        key.type)
    end
  end
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
  local key = foreign_key(given, chain)
  if key then
    trace.line("%s, so the system's ssh is used", key)
    return program(given, connector)
  end
  return ssh_library.new(given, chain, connector)
end

return ssh_route
