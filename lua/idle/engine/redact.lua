--- Copies a value for publication: secrets replaced, and nothing left in it
--- that JSON could not hold. The original is never changed.
local errors = require("idle.engine.errors")
local memo = require("idle.engine.memo")
local value = require("idle.engine.value")

local redact = {}

--- Stands where a secret, a function or a reference to its own container stood.
redact.MARKER = "[REDACTED]"

-- Deeper than any real data; it keeps a hostile nesting from filling the stack.
local MAX_DEPTH = 64

local SECRET_KEYS = {}
for _, key in ipairs({
  "password", "passphrase", "secret", "token", "apiKey", "clientSecret", "accessToken", "refreshToken", "credential",
  "privateKey", "AccountPassword", "AccountPasswordAsPlainText", "GeneratedAccountPasswordPlainText",
  "GeneratedAccountPasswordProtected",
}) do
  SECRET_KEYS[key:lower()] = true
end

--- Whether the value of a field of this name is a secret, whatever it is.
---@param key any
---@return boolean
local function is_secret_key(key)
  return type(key) == "string" and SECRET_KEYS[key:lower()] == true
end

redact.is_secret_key = is_secret_key

local function copy_text(text) return utf8.len(text) and text or errors.escape(text) end

-- The same few names come again and again, and nearly all are published as they are.
local is_plain_key = memo.of(function(key) return utf8.len(key) ~= nil and not is_secret_key(key) end)

local by_kind = { string = copy_text }

function by_kind.number(v)
  if v ~= v or v == math.huge or v == -math.huge then return tostring(v) end
  return v
end

function by_kind.userdata(v)
  if value.is_null(v) then return v end
  return value.is_secret(v) and redact.MARKER or errors.escape(tostring(v))
end

by_kind["function"] = function() return redact.MARKER end
by_kind.thread = by_kind["function"]

local copy_any

local function copy_list(list, copies, depth)
  local copy = value.list()
  for index = 1, #list do copy[index] = copy_any(list[index], copies, depth) end
  return copy
end

local function copy_map(map, copies, depth)
  local copy = {}
  for key, field in next, map do
    if type(key) == "string" and is_plain_key(key) then
      copy[key] = copy_any(field, copies, depth)
    else
      copy[copy_text(tostring(key))] = is_secret_key(key) and redact.MARKER or copy_any(field, copies, depth)
    end
  end
  return copy
end

-- A finished copy is used again, so that a shared table stays shared; a table
-- that is met inside itself has no finished copy yet.
local function copy_table(t, copies, depth)
  if copies[t] ~= nil then return copies[t] or redact.MARKER end
  if depth >= MAX_DEPTH then return redact.MARKER end
  if value.is_bytes(t) then return value.bytes(t[1]) end
  copies[t] = false
  local copy = (value.is_sequence(t) and copy_list or copy_map)(t, copies, depth + 1)
  copies[t] = copy
  return copy
end

by_kind.table = copy_table

function copy_any(v, copies, depth)
  local copy = by_kind[type(v)]
  if copy then return copy(v, copies, depth) end
  return v
end

--- Copies a value with its secrets replaced by the marker.
---@generic T
---@param v T
---@return T copy
function redact.copy(v)
  return copy_any(v, type(v) == "table" and {} or nil, 0)
end

return redact
