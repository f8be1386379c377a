--- What OpenSSH's configuration says about a host. `ssh -G` is asked, so Include, Match, patterns, tokens and canonical
--- names mean what they mean to ssh.
---
--- Where ssh is not installed, no configuration is read: hosts are taken as they are named, and a warning says so if
--- the user has one. The same holds for a user whom the system does not know, whom ssh refuses to serve.
local errors = require("idle.engine.errors")
local file = require("idle.file")
local openssh = require("idle.sessions.openssh")
local ssh_answers = require("idle.sessions.ssh_answers")
local warning = require("idle.sessions.warning")
local words_of = require("idle.sessions.ssh_config_words")

local ssh_config = {}

---@class idle.SshQuery
---@field host        string
---@field port?       integer       only if it was given: `Match` may look at it
---@field user?       string        the same
---@field ssh_config? string|false  file to read instead of the user's and the system's; false: none
---@field proxy_jump? string|false  wins over the configuration's

---@class idle.SshConfig
---@field host_name         string
---@field port              integer
---@field user              string
---@field identity_files    string[]  in their order, whether they exist or not
---@field identities_only   boolean
---@field agent?            string    "none" or the path of its socket; nil: $SSH_AUTH_SOCK
---@field known_hosts       string[]
---@field host_key_alias?   string
---@field strict_host_key   "yes"|"accept-new"
---@field connect_timeout?  number    seconds
---@field alive_interval?   number    seconds
---@field alive_count_max?  integer
---@field proxy_jump?       string
---@field unsupported       string[]  names of what is set and not for our own transport
---@field unsupported_with_password string[]

local function arguments_of(query)
  local arguments = { "-G", "-T" }
  local function add(...) table.move({ ... }, 1, select("#", ...), #arguments + 1, arguments) end
  if query.ssh_config ~= nil then add("-F", query.ssh_config or "none") end
  if query.user then add("-l", query.user) end
  if query.port then add("-p", tostring(query.port)) end
  if query.proxy_jump ~= nil then add("-J", query.proxy_jump or "none") end
  return arguments
end

-- What ssh says of a host that no file mentions.
local function defaults() return ssh_answers.ask({ "-G", "-T", "-F", "none" }, "localhost") end

local function first(words, word)
  local v = words[word] and words[word][1]
  if v ~= "none" then return v end
end

local function all_of(words, word) return table.concat(words[word] or {}, "\n") end

local function set_words(words, names)
  local found = {}
  for word, name in pairs(names) do
    local v = all_of(words, word)
    if v ~= "none" and v ~= all_of(defaults(), word) then found[#found + 1] = name end
  end
  table.sort(found)
  return found
end

-- ssh prints the paths of its own defaults with its idea of where the user is at home.
local function home()
  return all_of(defaults(), "userknownhostsfile"):match("^(.-)/%.ssh/known_hosts") or os.getenv("HOME") or ""
end

-- `-G` leaves identities as they are written; as a ControlPath, ssh fills in the same tokens.
local function expand(path, arguments, host)
  if not path:find("^~[^/]") and not path:find("%", 1, true) and not path:find("${", 1, true) then
    return path:sub(1, 1) == "~" and home() .. path:sub(2) or path
  end
  local asked = table.move(arguments, 1, #arguments, 1, {})
  asked[#asked + 1], asked[#asked + 2] = "-o", 'ControlPath="' .. path:gsub('[\\"]', "\\%0") .. '"'
  return all_of(ssh_answers.ask(asked, host), "controlpath")
end

local function identities(words, arguments, host)
  local paths = {}
  for _, path in ipairs(words.identityfile or {}) do
    if path ~= "none" then paths[#paths + 1] = expand(path, arguments, host) end
  end
  return paths
end

-- Several paths in one line, without quotes. All are absolute, so a space before a slash parts them.
local function add_paths(paths, line)
  if not line then return paths end
  for path in line:gsub(" %f[/~]", "\n"):gmatch("[^\n]+") do
    if path ~= "none" then paths[#paths + 1] = path end
  end
  return paths
end

-- "SSH_AUTH_SOCK" names the variable that is asked anyway; "$NAME" names another one.
local function agent_of(words)
  local agent = words.identityagent and words.identityagent[1]
  if agent == "SSH_AUTH_SOCK" then return nil end
  local variable = agent and agent:match("^%$(.+)$")
  if variable then return os.getenv(variable) or "none" end
  return agent
end

local function warn_of_what_is_not_followed(words, host)
  for _, row in ipairs(words_of.NEVER_FOLLOWED) do
    if all_of(words, row.word) == row.value then
      warning.once(("the SSH configuration says '%s' for '%s', which is not followed: an unknown or changed host key "
        .. "is refused"):format(row.name, host))
    end
  end
end

local function positive(text)
  local number = tonumber(text)
  return number and number > 0 and number or nil
end

-- How many signs of life may be missed counts where they are asked for, or where it is set.
local function alive_count(words)
  local is_set = first(words, "serveraliveinterval") ~= "0"
    or all_of(words, "serveralivecountmax") ~= all_of(defaults(), "serveralivecountmax")
  return is_set and math.tointeger(positive(first(words, "serveralivecountmax"))) or nil
end

local function facts_of(words, arguments, host)
  return {
    host_name = first(words, "hostname") or host,
    port = math.tointeger(tonumber(first(words, "port"))),
    user = first(words, "user"),
    identity_files = identities(words, arguments, host),
    identities_only = all_of(words, "identitiesonly") == "yes",
    agent = agent_of(words),
    known_hosts = add_paths(add_paths({}, first(words, "userknownhostsfile")), first(words, "globalknownhostsfile")),
    host_key_alias = first(words, "hostkeyalias"),
    strict_host_key = all_of(words, "stricthostkeychecking") == "accept-new" and "accept-new" or "yes",
    connect_timeout = positive(first(words, "connecttimeout")),
    alive_interval = positive(first(words, "serveraliveinterval")),
    alive_count_max = alive_count(words),
    proxy_jump = first(words, "proxyjump"),
    unsupported = set_words(words, words_of.UNSUPPORTED),
    unsupported_with_password = set_words(words, words_of.UNSUPPORTED_WITH_PASSWORD),
  }
end

-- Without ssh there is nobody who could read a configuration.
local function check_without_ssh(query, reason, cure)
  if query.ssh_config then
    errors.raise("input.session", ("ssh_config '%s' can't be read, because %s; %s"):format(
      errors.escape(query.ssh_config), reason, cure))
  end
  local own = (os.getenv("HOME") or "") .. "/.ssh/config"
  if file.exists(own) then
    warning.once(("'%s' is not read, because %s; %s, or use ssh_config = false (--no-ssh-config)"):format(
      own, reason, cure))
  end
end

--- Asks for what the configuration says. Waits.
---@param query idle.SshQuery
---@return idle.SshConfig?  nil: none is to be read, or there is no ssh
function ssh_config.read(query)
  if query.ssh_config == false then return nil end
  if not openssh.is_installed() then
    check_without_ssh(query, "ssh is not installed", "install openssh-client")
    return nil
  end
  local arguments = arguments_of(query)
  local words = ssh_answers.ask_once(arguments, query.host)
  if not next(words) then
    check_without_ssh(query, "the system does not know the user that runs this", "give it an account")
    return nil
  end
  warn_of_what_is_not_followed(words, query.host)
  return facts_of(words, arguments, query.host)
end

return ssh_config
