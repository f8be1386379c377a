--- AuthSessionBroker: from the name a step asks for to an AuthSession (contracts §12).
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local parameter = require("idle.engine.parameter")
local suggest = require("idle.engine.suggest")
local value = require("idle.engine.value")

local broker = {}

---@class idle.AuthSession
---@field InvokeCommand fun(self: idle.AuthSession, CommandName: string, Parameters?: table): any, table?

---@class idle.BrokerEntry
---@field match   table<string, string|number|boolean>  AuthSessionName, or options, or both
---@field session idle.AuthSession

---@class idle.BrokerOptions
---@field sessions? idle.BrokerEntry[]
---@field default?  idle.AuthSession  for requests without a name
---@field fallback? boolean  true = `default` also answers names that match nothing (default: false)

local OPTION_NAMES = { "sessions", "default", "fallback" }
local ENTRY_NAMES = { "match", "session" }

-- Added to every request by the run, so they say nothing about which session is meant.
local OF_THE_RUN = { correlationid = true, actor = true }

local function is_callable(v)
  if type(v) == "function" then return true end
  local meta = getmetatable(v)
  return type(meta) == "table" and type(meta.__call) == "function"
end

--- Whether an object can be used as an AuthSession.
---@param session any
---@return boolean
function broker.is_session(session)
  if type(session) ~= "table" and type(session) ~= "userdata" then return false end
  local ok, method = pcall(function() return session.InvokeCommand end)
  return ok and is_callable(method)
end

local function check_session(session, where)
  if broker.is_session(session) then return session end
  errors.raise("input.session", ("%s: AuthSession must implement InvokeCommand(CommandName, Parameters); got %s")
    :format(where, parameter.kind(session)))
end

--- A value as it is compared: text, whatever the case. Lists and maps match nothing.
local function text_of(v)
  if type(v) == "string" or type(v) == "number" or type(v) == "boolean" then return tostring(v):lower() end
end

local function lower_keys(map)
  local lowered = {}
  for key, v in pairs(map) do lowered[tostring(key):lower()] = v end
  return lowered
end

local function describe(match)
  local parts = {}
  for key, v in pairs(match) do parts[#parts + 1] = ("%s = %s"):format(key, tostring(v)) end
  table.sort(parts)
  return errors.escape("{" .. table.concat(parts, ", ") .. "}")
end

local function describe_all(entries)
  local parts = {}
  for index, entry in ipairs(entries) do parts[index] = entry.text end
  return #parts > 0 and table.concat(parts, ", ") or "none"
end

local function check_entry(entry, where)
  fields.check(entry, ENTRY_NAMES, where)
  if type(entry.match) ~= "table" then
    errors.raise("input.setup", ("%s: match must be a table, got %s"):format(where, parameter.kind(entry.match)))
  end
  local wanted, text = lower_keys(entry.match), describe(entry.match)
  local name = wanted.authsessionname
  wanted.authsessionname = nil
  return { name = name, wanted = wanted, text = text, session = check_session(entry.session, where .. " " .. text) }
end

local function check_entries(sessions)
  if type(sessions) ~= "table" or (next(sessions) ~= nil and not value.is_sequence(sessions)) then
    errors.raise("input.setup", "auth_session_broker: sessions must be a list of { match = …, session = … }")
  end
  local entries = {}
  for index, entry in ipairs(sessions) do
    entries[index] = check_entry(entry, ("auth_session_broker: sessions[%d]"):format(index))
  end
  return entries
end

-- Every option that the pattern names must be given, and be equal.
local function options_match(wanted, options)
  for key, v in pairs(wanted) do
    local text = text_of(v)
    if not text or text_of(options[key]) ~= text then return false end
  end
  return true
end

local function names_options(options)
  for key in pairs(options) do
    if not OF_THE_RUN[key] then return true end
  end
  return false
end

-- A pattern of nothing but the name is for requests of nothing but the name.
local function matches_by_name(entry, name, options)
  if text_of(entry.name) ~= name:lower() then return false end
  if next(entry.wanted) == nil then return not names_options(options) end
  return options_match(entry.wanted, options)
end

local function matches_by_options(entry, _, options)
  return entry.name == nil and next(options) ~= nil and options_match(entry.wanted, options)
end

local function select_entries(entries, test, name, options)
  local found = {}
  for _, entry in ipairs(entries) do
    if test(entry, name, options) then found[#found + 1] = entry end
  end
  return found
end

local function known_names(entries)
  local names = {}
  for index, entry in ipairs(entries) do names[index] = tostring(entry.name or "") end
  return names
end

local function option_names(options)
  local names = {}
  for key in pairs(options) do
    if not OF_THE_RUN[tostring(key):lower()] then names[#names + 1] = tostring(key) end
  end
  table.sort(names)
  return #names > 0 and (" with the options " .. table.concat(names, ", ")) or ""
end

---@class idle.AuthSessionBroker
---@field package entries  table[]
---@field package default? idle.AuthSession
---@field package fallback boolean
local Broker = { __name = "idle.AuthSessionBroker" }
Broker.__index = Broker

function Broker:find(name, options)
  local lowered = lower_keys(options)
  local found = select_entries(self.entries, matches_by_name, name, lowered)
  if #found == 0 then found = select_entries(self.entries, matches_by_options, name, lowered) end
  if #found > 1 then
    errors.raise("session.ambiguous", ("Ambiguous auth session '%s'%s: several patterns match: %s")
      :format(errors.escape(name), errors.escape(option_names(options)), describe_all(found)))
  end
  return found[1] and found[1].session
end

--- Finds the session for a name and options. Raises `session.missing` or
--- `session.ambiguous`; its text never has an option's value in it.
---@param name?    string  nil or empty asks for the default session
---@param options? table
---@return idle.AuthSession
function Broker:AcquireAuthSession(name, options)
  parameter.receiver(self, "broker:AcquireAuthSession(Name, Options)")
  name = parameter.text(name or "", "AcquireAuthSession: Name")
  parameter.options(options, "AcquireAuthSession: Options")
  if name == "" then
    if self.default then return self.default end
    errors.raise("session.missing", "no default auth session: the step names no AuthSessionName, "
      .. "and the broker was given no 'default'")
  end
  local session = self:find(name, options or {}) or (self.fallback and self.default)
  if session then return session end
  errors.raise("session.missing", ("No matching auth session found for '%s'%s%s; patterns: %s%s"):format(
    errors.escape(name), errors.escape(option_names(options or {})),
    suggest.hint(name, known_names(self.entries)), describe_all(self.entries),
    self.default and "; 'default' answers a name only with fallback = true" or ""))
end

--- Makes a broker; all sessions are checked now, not when a step needs one.
---@param options idle.BrokerOptions
---@return idle.AuthSessionBroker
function broker.new(options)
  fields.check(options, OPTION_NAMES, "auth_session_broker")
  local entries = check_entries(options.sessions or {})
  if options.fallback ~= nil and type(options.fallback) ~= "boolean" then
    errors.raise("input.setup", "auth_session_broker: fallback must be true or false, got "
      .. parameter.show(options.fallback))
  end
  if options.default ~= nil then check_session(options.default, "auth_session_broker: default") end
  if #entries == 0 and options.default == nil then
    errors.raise("input.setup", "auth_session_broker: 'default' must be provided when there are no sessions")
  end
  return setmetatable({ entries = entries, default = options.default, fallback = options.fallback == true }, Broker)
end

return broker
