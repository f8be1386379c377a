--- idle.Error: what every call of idle-lua raises, its kinds and its constructor.
local errors = {}

---@class idle.Error
---@field kind       string  stable; scripts branch on it
---@field message    string  for people; no secret and no control character is in it
---@field effect     idle.Effect
---@field transient  boolean true = the same call may succeed later
---@field data?      table   facts beyond the message
---@field cause?     any     what was raised below
---@field traceback? string
---@field step?      string  name of the step that failed with it

---@alias idle.Effect
---| "none"    nothing was changed
---| "applied" the change was made
---| "unknown" it may have been made

local NONE = { effect = "none", transient = false }
local NONE_RETRY = { effect = "none", transient = true }
local APPLIED = { effect = "applied", transient = false }
local UNKNOWN = { effect = "unknown", transient = false }

--- What a kind means unless who raises it knows better: a lost connection has
--- effect "none" if nothing was sent yet, but only its session can tell.
--- `exit` is the exit status of the kind's usual effect; `waited` says that the
--- step itself has tried again until its deadline.
---@type table<string, { effect: idle.Effect, transient: boolean, exit?: integer, waited?: boolean }>
errors.kinds = {
  ["input.option"] = { effect = "none", transient = false, exit = 64 },
  ["input.script"] = { effect = "none", transient = false, exit = 66 },
  ["input.file"] = { effect = "none", transient = false, exit = 66 },
  ["input.with"] = NONE,
  ["input.parameter"] = NONE,
  ["input.command_name"] = NONE,
  ["input.workflow"] = NONE,
  ["input.request"] = NONE,
  ["input.plan"] = NONE,
  ["input.setup"] = NONE,
  ["input.session"] = NONE,
  ["input.json"] = NONE,

  ["ssh.resolve"] = NONE_RETRY,
  ["ssh.connect"] = NONE_RETRY,
  ["ssh.handshake"] = NONE_RETRY,
  ["ssh.busy"] = NONE_RETRY,
  ["ssh.hostkey_unknown"] = NONE,
  ["ssh.hostkey_changed"] = NONE,
  ["ssh.hostkey_revoked"] = NONE,
  ["ssh.hostkey_unsupported"] = NONE,
  ["ssh.auth"] = NONE,
  ["ssh.timeout"] = UNKNOWN,
  ["ssh.lost"] = UNKNOWN,

  ["pipe.eof"] = UNKNOWN,
  ["pipe.too_large"] = UNKNOWN,
  ["process.spawn"] = NONE,
  ["file.open"] = NONE,
  ["file.busy"] = NONE_RETRY,
  ["file.read"] = NONE,
  ["file.too_large"] = NONE,
  ["file.write"] = UNKNOWN,

  ["remote.error"] = UNKNOWN,
  ["remote.setup"] = NONE,
  ["remote.protocol"] = UNKNOWN,
  ["remote.too_large"] = UNKNOWN,

  ["session.missing"] = NONE,
  ["session.ambiguous"] = NONE,
  ["session.contract"] = NONE,

  ["sync.busy"] = { effect = "none", transient = true, waited = true },
  ["sync.staging"] = NONE,
  ["sync.suspended"] = NONE,
  ["sync.disabled"] = NONE,
  ["sync.setup"] = NONE,
  ["sync.access"] = NONE,
  ["sync.failed"] = APPLIED,
  ["sync.not_observed"] = UNKNOWN,
  ["sync.timeout"] = { effect = "applied", transient = false, exit = 124 },

  ["plan.changed"] = { effect = "none", transient = false, exit = 5 },

  ["provider.missing"] = NONE,
  ["provider.not_found"] = NONE,
  ["provider.refused"] = NONE,
  ["provider.failed"] = UNKNOWN,
  ["step.failed"] = UNKNOWN,

  ["timeout"] = { effect = "none", transient = false, exit = 124 },
  ["cancelled"] = NONE,

  ["secret.missing"] = { effect = "none", transient = false, exit = 65 },
  ["secret.unsafe"] = { effect = "none", transient = false, exit = 65 },
  ["secret.read"] = { effect = "none", transient = false, exit = 66 },
  ["secret.closed"] = { effect = "none", transient = false, exit = 65 },

  ["test.real_wait"] = NONE,
  ["test.stuck"] = NONE,
  ["test.limit"] = NONE,
  ["test.forgotten"] = NONE,
  ["test.exit"] = NONE,

  ["script.error"] = { effect = "unknown", transient = false, exit = 1 },
  ["internal"] = { effect = "unknown", transient = false, exit = 70 },
}

-- Providers name kinds of their own.
local function defaults_of(kind)
  return errors.kinds[kind] or (kind:find("^provider%.") and UNKNOWN)
end

-- What a terminal does not show, or what reorders and breaks the text around it: two names that look alike must not
-- differ, and no text may seem to be another. U+200C and U+200D stay: Persian and Indic names are spelt with them.
-- src/core/escape.c has the same ones.
local MARKS = {
  { 0x061C, 0x061C }, { 0x180E, 0x180E }, { 0x200B, 0x200B }, { 0x200E, 0x200F }, { 0x2028, 0x202E },
  { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB }, { 0xE0000, 0xE007F },
}

local function is_mark(code)
  if code < MARKS[1][1] then return false end
  for _, range in ipairs(MARKS) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

local function escape_code(code)
  if code < 0x20 or code == 0x7F then
    return ("\\x%02X"):format(code)
  elseif (code >= 0x80 and code < 0xA0) or is_mark(code) then
    return ("\\u{%04X}"):format(code)
  end
  return utf8.char(code)
end

local function escape_bytes(text)
  return (text:gsub("[^\x20-\x7E]", function(byte) return ("\\x%02X"):format(byte:byte()) end))
end

--- Makes foreign text safe to print: control characters, bidirectional and
--- invisible marks as `\xNN` or `\u{NNNN}`, bytes that are not UTF-8 as `\xNN`.
---@param text string
---@return string
function errors.escape(text)
  if not text:find("[^\x20-\x7E]") then return text end
  local out, from = {}, 1
  while from <= #text do
    local _, bad = utf8.len(text, from)
    for _, code in utf8.codes(text:sub(from, (bad or #text + 1) - 1)) do
      out[#out + 1] = escape_code(code)
    end
    if not bad then break end
    out[#out + 1] = escape_bytes(text:sub(bad, bad))
    from = bad + 1
  end
  return table.concat(out)
end

-- An object's own tostring may raise, too.
local function text_of(e)
  if type(e) == "table" and type(e.message) == "string" then return e.message end
  local ok, text = pcall(tostring, e)
  return ok and text or ("a %s that cannot be shown"):format(type(e))
end

local Error = { __name = "idle.Error" }

function Error:__tostring()
  if self.cause == nil then return self.message end
  return self.message .. ": " .. errors.escape(errors.is(self.cause) and tostring(self.cause) or text_of(self.cause))
end

--- Whether a value is an idle.Error.
---@param e any
---@return boolean
function errors.is(e)
  return type(e) == "table" and getmetatable(e) == Error
end

--- Whether an error is of one of some kinds.
---@param err      idle.Error
---@param patterns string[]  of Lua: "^ssh%."
---@return boolean
function errors.has_kind(err, patterns)
  for _, pattern in ipairs(patterns) do
    if err.kind:find(pattern) then return true end
  end
  return false
end

local function complete(fields, defaults)
  if fields.effect == nil then fields.effect = defaults.effect end
  if fields.transient == nil then fields.transient = defaults.transient end
  fields.message = errors.escape(fields.message)
  return setmetatable(fields, Error)
end

--- Makes an error of a known kind.
---@param kind    string
---@param message string
---@param fields? table  effect, transient, data, cause, traceback
---@return idle.Error
function errors.new(kind, message, fields)
  local defaults = defaults_of(kind)
  if not defaults then error(("unknown error kind '%s'"):format(kind), 2) end
  local err = { kind = kind, message = message }
  for name, value in pairs(fields or {}) do err[name] = value end
  return complete(err, defaults)
end

local function is_marked(value)
  if type(value) == "string" then return value:match("^%s*(.-)%s*$"):lower() == "true" end
  return value == true or value == 1
end

-- IdLE's marker, on the error or on any cause of it.
local function says_transient(e)
  for _ = 1, 32 do
    if type(e) ~= "table" then return false end
    if e.transient ~= nil then return e.transient == true end
    local data = e.data
    if type(data) == "table" and (is_marked(data["Idle.IsTransient"]) or is_marked(data.IdleIsTransient)) then
      return true
    end
    e = e.cause
  end
  return false
end

-- A table that somebody else raised. It is copied, because it is theirs, and
-- nothing it says is lost; a kind we don't know leaves its effect unknown.
local function from_table(e)
  local err = {}
  for name, value in next, e do err[name] = value end
  local known = type(e.kind) == "string" and defaults_of(e.kind)
  if type(e.kind) ~= "string" then err.kind = "script.error" end
  err.message = text_of(e)
  if e.transient ~= nil or not known then err.transient = says_transient(e) end
  return complete(err, known or UNKNOWN)
end

--- Makes an idle.Error of anything that was raised, or that a C module returned.
---@param e any
---@return idle.Error
function errors.from(e)
  if errors.is(e) then return e end
  if type(e) == "table" then return from_table(e) end
  return errors.new("script.error", text_of(e))
end

--- Whether something raised is Ctrl-C, as lua raises it.
---@param e any
---@return boolean
function errors.is_ctrl_c(e)
  return type(e) == "string" and e:find("interrupted!$") ~= nil
end

--- Whether something raised stands for Ctrl-C (as lua raises it) or for the end
--- of a cancelled task. Whoever catches it by accident passes it on.
---@param e any
---@return boolean
function errors.is_interruption(e)
  return errors.is_ctrl_c(e) or (errors.is(e) and e.kind == "cancelled")
end

--- Raises an interruption again, as it is; nobody could end the run otherwise.
---@param e any
function errors.pass_interruption(e)
  if errors.is_interruption(e) then error(e, 0) end
end

--- Raises an error of a known kind.
---@param kind    string
---@param message string
---@param fields? table
function errors.raise(kind, message, fields)
  error(errors.new(kind, message, fields), 0)
end

--- Passes results on, or raises the error of a `nil, err`.
---@generic T
---@param value T?
---@param err   any
---@return T
function errors.check(value, err, ...)
  if value == nil and err ~= nil then error(errors.from(err), 0) end
  return value, err, ...
end

-- A value that says nothing about itself ends a script as in lua.
local function is_silent(e)
  if type(e) ~= "table" then return true end
  return not errors.is(e) and e.effect == nil and not (type(e.kind) == "string" and defaults_of(e.kind))
end

--- The exit status of a program that ends with this error (DESIGN §2).
---@param e any what was raised
---@return integer
function errors.exit_status(e)
  if is_silent(e) then return 1 end
  local err = errors.from(e)
  local kind = errors.kinds[err.kind] or UNKNOWN
  -- A kind's own status holds as long as it is known what happened: a timeout
  -- that left a command under way is in doubt like any other.
  if kind.exit and (err.effect == kind.effect or err.effect == "applied") then return kind.exit end
  if err.effect == "unknown" then return 3 end
  if err.transient and err.effect == "none" then return 75 end
  if err.kind:find("^input%.") then return 65 end
  return (err.step or err.kind:find("^sync%.")) and 2 or 1
end

return errors
