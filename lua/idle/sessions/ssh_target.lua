--- One server to log in at: the fields that were given, and the configuration for what they leave open.
local ssh_config = require("idle.sessions.ssh_config")

local ssh_target = {}

-- Where neither the fields nor a configuration say anything.
local CONNECT_SECONDS = 15
local KNOWN_HOSTS = "~/.ssh/known_hosts"

---@class idle.SshTarget
---@field label            string    how it was named
---@field host             string    where it is
---@field port             integer
---@field user             string
---@field identity_file?   string    must be usable
---@field identity_files   string[]  may be missing
---@field identities_only  boolean
---@field passphrase?      idle.Secret|string
---@field password?        idle.Secret|string
---@field agent            boolean
---@field agent_socket?    string
---@field known_hosts      string[]
---@field host_key?        string
---@field host_key_alias?  string
---@field accept_new       boolean
---@field connect_timeout  number   seconds
---@field alive_interval?  number   seconds
---@field alive_count_max? integer
---@field proxy_jump?      string
---@field way?             string    of the far end: the hops before it; "" for none
---@field unsupported      string[] what the configuration sets and our own transport can't follow

local function list_of(v)
  if type(v) == "table" then return v end
  return { v }
end

local function local_user() return os.getenv("USER") or os.getenv("LOGNAME") or "root" end

-- Files that were given must be there; what is only configured may be missing.
local function add_identities(target, given, config)
  local files = given.identity_file and list_of(given.identity_file) or config.identity_files or {}
  if given.identity_file then target.identity_file = files[1] end
  target.identity_files = table.move(files, given.identity_file and 2 or 1, #files, 1, {})
  target.identities_only = config.identities_only or false
end

local function add_agent(target, given, config)
  local is_off = config.agent == "none" and not given.agent and not given.agent_socket
  target.agent = given.agent ~= false and not is_off
  local socket = given.agent_socket or (config.agent ~= "none" and config.agent)
  target.agent_socket = target.agent and socket or nil
end

-- Of the signs of life, libssh2's caller takes these.
local function add_alive(target, given, config)
  local interval = given.alive_interval or config.alive_interval
  local count = given.alive_count_max or config.alive_count_max
  target.alive_interval = interval and math.max(2, math.min(3600, interval))
  target.alive_count_max = count and math.min(100, count)
end

local function jump_of(given, config)
  if given.proxy_jump ~= nil then return given.proxy_jump or nil end
  return config.proxy_jump
end

local function unsupported_of(given, config)
  local names = table.move(config.unsupported or {}, 1, #(config.unsupported or {}), 1, {})
  if given.password then
    table.move(config.unsupported_with_password or {}, 1, #(config.unsupported_with_password or {}), #names + 1, names)
  end
  return names
end

local function merge(given, config)
  local target = {
    label = given.host,
    host = config.host_name or given.host,
    port = given.port or config.port or 22,
    user = given.user or config.user or local_user(),
    passphrase = given.passphrase,
    password = given.password,
    known_hosts = given.known_hosts and list_of(given.known_hosts) or config.known_hosts or { KNOWN_HOSTS },
    host_key = given.host_key,
    host_key_alias = given.host_key_alias or config.host_key_alias,
    accept_new = (given.strict_host_key or config.strict_host_key) == "accept-new",
    connect_timeout = given.connect_timeout or config.connect_timeout or CONNECT_SECONDS,
    proxy_jump = jump_of(given, config),
    unsupported = unsupported_of(given, config),
  }
  add_identities(target, given, config)
  add_agent(target, given, config)
  add_alive(target, given, config)
  return target
end

--- Resolves a session's fields. Waits for `ssh -G`.
---@param given table  fields of idle.SshSessionOptions, defaults left out
---@return idle.SshTarget
function ssh_target.resolve(given)
  return merge(given, ssh_config.read(given) or {})
end

local function joined(first, second)
  local all = table.move(first, 1, #first, 1, {})
  return table.move(second, 1, #second, #all + 1, all)
end

--- Resolves a jump host: what the configuration says of it counts, and the session's own key and known hosts do as
--- well. Its password and its pinned host key are for the far end alone. Waits.
---@param given  table  fields of the session
---@param hop    idle.Hop
---@param before? string  the hop before it, which wins over what the configuration says of the way to it
---@return idle.SshTarget
function ssh_target.resolve_hop(given, hop, before)
  local config = ssh_config.read({
    host = hop.host, port = hop.port, user = hop.user, ssh_config = given.ssh_config, proxy_jump = before,
  }) or {}
  local target = merge({
    host = hop.host, port = hop.port, user = hop.user, proxy_jump = before, passphrase = given.passphrase,
    agent = given.agent, agent_socket = given.agent_socket, strict_host_key = given.strict_host_key,
    connect_timeout = given.connect_timeout, alive_interval = given.alive_interval,
    alive_count_max = given.alive_count_max,
  }, config)
  if given.identity_file then
    target.identity_files = joined(target.identity_files, list_of(given.identity_file))
  end
  if given.known_hosts then target.known_hosts = joined(list_of(given.known_hosts), target.known_hosts) end
  return target
end

--- What `idle.ssh.connect` takes.
---@param target idle.SshTarget
---@return table options
function ssh_target.connect_options(target)
  return {
    host = target.host, port = target.port, user = target.user,
    identity_file = target.identity_file, identity_files = target.identity_files,
    identities_only = target.identities_only, passphrase = target.passphrase, password = target.password,
    agent = target.agent, agent_socket = target.agent_socket,
    known_hosts = target.known_hosts, host_key = target.host_key, host_key_alias = target.host_key_alias,
    accept_new = target.accept_new,
    alive_interval_ms = target.alive_interval and math.ceil(target.alive_interval * 1000),
    alive_count_max = target.alive_count_max,
    timeout_ms = target.connect_timeout * 1000,
  }
end

return ssh_target
