--- The session of `idle-lua sync`: made of options, and speaking of options where a script's speaks of fields.
local errors = require("idle.engine.errors")
local settings = require("idle.sessions.settings")

local sync_session = {}

-- What the fields of idle.ssh_session are called here. Where two options make a field, the first one is named.
local OPTION_OF = {
  host = "host", port = "port", user = "user", transport = "transport", ssh_config = "ssh-config", proxy_jump = "jump",
  identity_file = "identity", passphrase = "passphrase-file", password = "password-file", known_hosts = "known-hosts",
  host_key = "host-key", shell = "shell", connect_timeout = "connect-timeout",
  reconnect_timeout = "reconnect-timeout", start_timeout = "start-timeout", command_timeout = "command-timeout",
}

local function option_of(field) return "--" .. OPTION_OF[field] end

--- The first option that only a real server has a use for.
---@param options table
---@return string? name  without the dashes; nil = none was given
function sync_session.option_in(options)
  if options.host then return "host" end
  local names = { "no-ssh-config", "passphrase-env", "password-env", "no-agent" }
  for _, option in pairs(OPTION_OF) do names[#names + 1] = option end
  table.sort(names)
  for _, name in ipairs(names) do
    if options[name] then return name end
  end
end

local function secret_of(options, what)
  local by_file, by_variable = what .. "-file", what .. "-env"
  local path, variable = options[by_file], options[by_variable]
  if path and variable then
    errors.raise("input.option", ("--%s and --%s exclude each other"):format(by_file, by_variable))
  elseif not path and not variable then
    return nil
  end
  local secret = require("idle.secret")
  local found, err = (path and secret.from_file or secret.from_env)(path or variable)
  if found then return found end
  errors.raise(err.kind, ("--%s: %s"):format(path and by_file or by_variable, err.message))
end

-- What is not given is left to the SSH configuration.
local function false_if(is_given)
  if is_given then return false end
end

-- ssh takes a folder for an empty file.
local function check_readable(path)
  local text, err = require("idle.file").read(path)
  if not text then errors.raise("input.file", "--ssh-config: " .. err.message) end
end

local function ssh_config_of(options)
  if options["no-ssh-config"] and options["ssh-config"] then
    errors.raise("input.option", "--ssh-config and --no-ssh-config exclude each other")
  end
  if options["ssh-config"] then check_readable(options["ssh-config"]) end
  return options["ssh-config"] or false_if(options["no-ssh-config"])
end

-- As ssh takes it: what stands before the last @ is the account.
local function account_and_host(options)
  local account, host = options.host:match("^(.+)@([^@]*)$")
  if not account then return options.user, options.host end
  if options.user then
    errors.raise("input.option", ("--host '%s' names an account, and so does --user; give it once"):format(
      errors.escape(options.host)))
  end
  return account, host
end

local function fields_of(options)
  local user, host = account_and_host(options)
  local fields = {}
  for field, option in pairs(OPTION_OF) do fields[field] = options[option] end
  fields.host, fields.user, fields.ssh_config = host, user, ssh_config_of(options)
  fields.passphrase, fields.password = secret_of(options, "passphrase"), secret_of(options, "password")
  fields.agent = false_if(options["no-agent"])
  return fields
end

--- Makes the session that the options describe; nothing is opened yet.
---@param options table
---@return idle.SshSession
function sync_session.open(options)
  require("idle.host.terminal").trace_sessions()
  local ok, made = pcall(require("idle.sessions.ssh"), fields_of(options))
  if ok then return made end
  if not (errors.is(made) and made.kind == "input.session") then error(made, 0) end
  errors.raise("input.option", made.data and settings.complaint(made.data, option_of) or "--jump: " .. made.message)
end

-- Sessions write them so: `identity_file, or --identity`; with a value, `transport = "ssh" (--transport ssh)`.
local function with_options(text)
  return (text:gsub("%f[%w_]([%l_]+), or (%-%-[%l-]+)", function(field, option)
    return OPTION_OF[field] and option or nil
  end):gsub("%f[%w_]([%l_]+) = %S+ %((%-%-[%l -]+)%)", function(field, option)
    return OPTION_OF[field] and option or nil
  end))
end

--- Replaces, in an error and its causes, the fields of a script by the options that mean the same.
---@param err any  what was raised; only an idle.Error has fields to replace
function sync_session.name_options(err)
  while errors.is(err) do
    err.message = with_options(err.message)
    err = err.cause
  end
end

return sync_session
