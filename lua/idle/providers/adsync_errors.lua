--- Recognises what the ADSync module refuses, by its texts: it has no stable
--- error ids (facts A.2, rules 12 and 13). They are data, easy to correct.
local errors = require("idle.engine.errors")

local adsync_errors = {}

-- Lua patterns on lower-case text; they are tried in this order.
local SIGNS = {
  { class = "busy", patterns = {
    "sync is already running", "connector: .- is busy", "aad is busy",
    "no%-start%-ma%-already%-running", "no%-start%-ma%-update%-in%-progress",
  } },
  { class = "suspended", patterns = { "scheduler is already suspended" } },
  { class = "setup", patterns = {
    "is not recognized as [tha]", "no valid module file was found", "commandnotfoundexception",
    "modules_modulenotfound",
  } },
  { class = "access", patterns = {
    "80070005", "835bee60%-8731%-4159%-8bff%-941301d76d05", "unauthorizedaccess", "access%-denied", "access.-denied",
    "unauthorized", "privilege", "elevation",
  } },
}

-- E_ACCESSDENIED as .NET shows it.
local ACCESS_DENIED = -2147024891

-- These come from the way there, not from the module, whatever they quote.
local OF_THE_WAY = {
  "^ssh%.", "^session%.", "^input%.", "^secret%.", "^process%.", "^remote%.protocol", "^remote%.too_large",
  "^timeout$", "^cancelled$",
}

local MAX_CAUSES = 16

local function add(texts, text)
  if type(text) == "string" then texts[#texts + 1] = text end
end

-- The id of an ADSync error is its message once more; that of a missing command is worth reading.
local function add_record(texts, record)
  if type(record) ~= "table" then return false end
  if record.id == "CommandNotFoundException" or tostring(record.id):find("^Modules_") then add(texts, record.id) end
  local is_denied = false
  for _, exception in ipairs(type(record.exceptions) == "table" and record.exceptions or {}) do
    if type(exception) == "table" then
      add(texts, exception.type)
      add(texts, exception.message)
      is_denied = is_denied or exception.hresult == ACCESS_DENIED
    end
  end
  return is_denied
end

-- All that an error and its causes say.
local function texts_of(err)
  local texts, is_denied, depth = {}, false, 0
  while err ~= nil and depth < MAX_CAUSES do
    if type(err) ~= "table" then
      add(texts, tostring(err))
      break
    end
    add(texts, err.message)
    is_denied = add_record(texts, err.data) or is_denied
    err, depth = err.cause, depth + 1
  end
  return table.concat(texts, "\n"), is_denied
end

--- What kind of refusal an error is.
---@param err idle.Error
---@return "busy"|"suspended"|"setup"|"access"|nil class  nil = none that is known
---@return string? connector  that is busy
function adsync_errors.class_of(err)
  if errors.has_kind(err, OF_THE_WAY) then return nil end
  local text, is_denied = texts_of(err)
  local lower = text:lower()
  for _, sign in ipairs(SIGNS) do
    for _, pattern in ipairs(sign.patterns) do
      if lower:find(pattern) then return sign.class, text:match("Connector: (.-) is busy") end
    end
  end
  return is_denied and "access" or nil
end

local refusals = {}

function refusals.busy(err, _, connector)
  local who = connector and ("connector '%s' is busy"):format(connector) or "a sync cycle is already running"
  return errors.new("sync.busy", who, { cause = err, data = { Connector = connector } })
end

function refusals.suspended(err)
  return errors.new("sync.suspended", "the scheduler is suspended; is the configuration wizard or an upgrade open on "
    .. "the server, perhaps in a disconnected remote desktop session? Close it", { cause = err })
end

function refusals.setup(err, command)
  return errors.new("sync.setup", ("%s not found: the module ADSync is missing; is this the Entra Connect server, and "
    .. "is 'C:\\Program Files\\Microsoft Azure AD Sync\\Bin' on its PSModulePath?"):format(command), { cause = err })
end

function refusals.access(err, command)
  return errors.new("sync.access", ("missing privileges or elevation for '%s': make the account a member of the group "
    .. "ADSyncOperators on the server, then log in anew"):format(command), { cause = err })
end

--- Makes a refusal of what a command raised; an error that is none stays as it is.
---@param raised  any
---@param command string
---@return idle.Error
function adsync_errors.from(raised, command)
  local err = errors.from(raised)
  local class, connector = adsync_errors.class_of(err)
  return class and refusals[class](err, command, connector) or err
end

return adsync_errors
