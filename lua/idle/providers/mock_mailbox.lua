--- Mailboxes in memory, for tests and to try workflows with. Needs no session.
--- A mailbox that is asked for and not there is made, as a user's.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local fold = require("idle.engine.fold")
local mock_store = require("idle.providers.mock_store")
local utc = require("idle.engine.utc")
local value = require("idle.engine.value")

---@class idle.MockMailboxOptions
---@field InitialStore? table<string, idle.MockMailbox>  by primary SMTP address

---@class idle.MockMailbox
---@field IdentityKey? string       default: the key in the store
---@field DisplayName? string       default: the key in the store
---@field Type?        "User"|"Shared"|"Room"|"Equipment"  default: "User"
---@field OutOfOffice? table        Mode, Start, End, InternalMessage, ExternalMessage, ExternalAudience
---@field Permissions? { AssignedUser: string, Right: string }[]

---@class idle.MockMailboxProvider
---@field UsesAuthSession boolean  false: no session is acquired for it
---@field package store idle.MockStore
local Mailbox = { UsesAuthSession = false }
Mailbox.__index = Mailbox

local OPTIONS = { "InitialStore" }
local RECORD_FIELDS = { "IdentityKey", "DisplayName", "Type", "OutOfOffice", "Permissions" }

local TYPES = { "User", "Shared", "Room", "Equipment" }
local MODES = { "Disabled", "Enabled", "Scheduled" }
local RIGHTS = { "FullAccess", "SendAs", "SendOnBehalf" }

-- Dates may be rounded on their way to a mailbox and back.
local SAME_DATE_SECONDS = 60

local result, check_key = mock_store.result, mock_store.check_key

---@return string[]
function Mailbox.GetCapabilities()
  return {
    "IdLE.Mailbox.Info.Read", "IdLE.Mailbox.Type.Ensure", "IdLE.Mailbox.OutOfOffice.Ensure",
    "IdLE.Mailbox.Permissions.Ensure",
  }
end

local function new_mailbox(key)
  return {
    IdentityKey = key, DisplayName = key, Type = "User", Permissions = value.list(),
    OutOfOffice = { Mode = "Disabled", InternalMessage = "", ExternalMessage = "", ExternalAudience = "All" },
  }
end

local function check_word(where, name, v, words)
  for _, word in ipairs(words) do
    if type(v) == "string" and fold.equal(v, word) then return word end
  end
  errors.raise("input.parameter", ("%s: %s must be one of %s, got %s"):format(where, name, table.concat(words, ", "),
    data.quote(v)))
end

--- Reads a mailbox.
---@param IdentityKey string
---@return table
function Mailbox:GetMailbox(IdentityKey)
  local mailbox = self.store:obtain(check_key("GetMailbox", IdentityKey))
  return {
    IdentityKey = mailbox.IdentityKey, PrimarySmtpAddress = mailbox.IdentityKey,
    UserPrincipalName = mailbox.IdentityKey, DisplayName = mailbox.DisplayName, Type = mailbox.Type,
    RecipientType = "UserMailbox", RecipientTypeDetails = mailbox.Type .. "Mailbox",
  }
end

---@param IdentityKey string
---@param MailboxType "User"|"Shared"|"Room"|"Equipment"
---@return { Operation: string, IdentityKey: string, Changed: boolean }
function Mailbox:EnsureMailboxType(IdentityKey, MailboxType)
  local mailbox = self.store:obtain(check_key("EnsureMailboxType", IdentityKey))
  local wanted = check_word("EnsureMailboxType", "MailboxType", MailboxType, TYPES)
  local changed = mailbox.Type ~= wanted
  mailbox.Type = wanted
  return result("EnsureMailboxType", IdentityKey, changed)
end

---@param IdentityKey string
---@return table
function Mailbox:GetOutOfOffice(IdentityKey)
  return mock_store.copy(self.store:obtain(check_key("GetOutOfOffice", IdentityKey)).OutOfOffice)
end

local function same_date(a, b)
  local at_a, at_b = utc.parse(a), utc.parse(b)
  if not (at_a and at_b) then return a == b end
  return math.abs(at_a - at_b) <= SAME_DATE_SECONDS
end

-- What is compared, and how; Start and End count only while the answer is scheduled.
local function comparisons(mode)
  local list = {
    { "InternalMessage", rawequal }, { "ExternalMessage", rawequal }, { "ExternalAudience", rawequal },
  }
  if mode == "Scheduled" then
    list[#list + 1], list[#list + 2] = { "Start", same_date }, { "End", same_date }
  end
  return list
end

-- Only what is given is compared and set.
local function apply(present, wanted)
  local changed = present.Mode ~= wanted.Mode
  present.Mode = wanted.Mode
  for _, comparison in ipairs(comparisons(wanted.Mode)) do
    local name, is_same = comparison[1], comparison[2]
    local given = data.get(wanted, name)
    if not data.is_null(given) and not is_same(present[name], given) then
      present[name], changed = given, true
    end
  end
  return changed
end

local function check_config(v)
  if not data.is_map(v) then
    errors.raise("input.parameter", ("EnsureOutOfOffice: Config must be a map, got %s"):format(data.kind(v)))
  end
  local config = mock_store.copy(v)
  config.Mode = check_word("EnsureOutOfOffice", "Mode", (data.get(config, "Mode")), MODES)
  for _, name in ipairs(config.Mode == "Scheduled" and { "Start", "End" } or {}) do
    mock_store.check_text("EnsureOutOfOffice", name, (data.get(config, name)))
  end
  return config
end

---@param IdentityKey string
---@param Config      table  Mode; Start and End if it is "Scheduled"; messages and audience
---@return { Operation: string, IdentityKey: string, Changed: boolean }
function Mailbox:EnsureOutOfOffice(IdentityKey, Config)
  local mailbox = self.store:obtain(check_key("EnsureOutOfOffice", IdentityKey))
  return result("EnsureOutOfOffice", IdentityKey, apply(mailbox.OutOfOffice, check_config(Config)))
end

local function find_permission(held, wanted)
  for index, permission in ipairs(held) do
    local is_same_user = fold.equal(permission.AssignedUser, wanted.AssignedUser)
    if is_same_user and permission.Right == wanted.Right then return index end
  end
end

local function read_permission(v, where)
  local entry = data.is_map(v) and v or {}
  return {
    AssignedUser = mock_store.check_text(where, "AssignedUser", (data.get(entry, "AssignedUser"))),
    Right = check_word(where, "Right", (data.get(entry, "Right")), RIGHTS),
  }
end

local function ensure_permission(held, wanted, ensure)
  local index = find_permission(held, wanted)
  if (index ~= nil) == (ensure == "Present") then return false end
  if index then
    table.remove(held, index)
  else
    held[#held + 1] = wanted
  end
  return true
end

---@param IdentityKey string
---@param Permissions { AssignedUser: string, Right: string, Ensure: "Present"|"Absent" }[]
---@return { Operation: string, IdentityKey: string, Changed: boolean }
function Mailbox:EnsureMailboxPermissions(IdentityKey, Permissions)
  local where = "EnsureMailboxPermissions"
  local mailbox = self.store:obtain(check_key(where, IdentityKey))
  local wanted = {}
  for index, entry in ipairs(data.items(Permissions)) do
    local permission = read_permission(entry, where)
    wanted[index] = { permission, check_word(where, "Ensure", (data.get(entry, "Ensure")), { "Present", "Absent" }) }
  end
  local changed = false
  for _, pair in ipairs(wanted) do
    changed = ensure_permission(mailbox.Permissions, pair[1], pair[2]) or changed
  end
  return result(where, IdentityKey, changed)
end

--- Everything it holds, for specs and for a look after a trial run.
---@return table<string, idle.MockMailbox>  a copy
function Mailbox:Snapshot()
  return self.store:snapshot()
end

local function check_mailbox(mailbox, where)
  mailbox.Type = check_word(where, "Type", mailbox.Type, TYPES)
  if not data.is_map(mailbox.OutOfOffice) then
    errors.raise("input.setup", ("%s: OutOfOffice must be a map, got %s"):format(where, data.kind(mailbox.OutOfOffice)))
  end
  local held = value.list()
  for index, entry in ipairs(data.items(mailbox.Permissions)) do held[index] = read_permission(entry, where) end
  mailbox.Permissions = held
end

--- Makes a provider.
---@param options? idle.MockMailboxOptions
---@return idle.MockMailboxProvider
return function(options)
  options = options or {}
  fields.check(options, OPTIONS, "mock_mailbox")
  return setmetatable({
    store = mock_store.new({
      name = "mock_mailbox", fields = RECORD_FIELDS, initial = options.InitialStore, new = new_mailbox,
      check = check_mailbox,
    }),
  }, Mailbox)
end
