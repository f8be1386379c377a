--- Checks the fields of a session's options before anything is opened.
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local parameter = require("idle.engine.parameter")
local value = require("idle.engine.value")

local settings = {}

local function is_text(v) return type(v) == "string" and v ~= "" and not v:find("%c") end
local function is_number(v) return type(v) == "number" and v == v end
local function is_seconds(v) return is_number(v) and v > 0 and v <= 86400 end

local function is_command(v)
  if type(v) ~= "table" or not value.is_sequence(v) or #v == 0 then return false end
  for _, word in ipairs(v) do
    if type(word) ~= "string" or word:find("\0", 1, true) then return false end
  end
  return v[1] ~= ""
end

-- A path, or several.
local function is_paths(v)
  if is_text(v) then return true end
  if type(v) ~= "table" or not value.is_sequence(v) or #v == 0 then return false end
  for _, path in ipairs(v) do
    if not is_text(path) then return false end
  end
  return true
end

-- ssh would take one for an option, for a URL, or for an account with its host; and a shell might get to see it.
-- One colon parts a port from a name; an IPv6 address has several.
local function is_host(v)
  return is_text(v) and not v:find("^%-") and not v:find("[@/%s'\"`$\\;&<>|(){}%[%]]") and not v:find("^[^:]*:[^:]*$")
end

local function one_of(...)
  local words, shown = {}, {}
  for index, word in ipairs({ ... }) do words[word], shown[index] = true, ("'%s'"):format(word) end
  local last = table.remove(shown)
  return { function(v) return words[v] == true end, table.concat(shown, ", ") .. " or " .. last }
end

local function between(low, high)
  return function(v) return math.type(v) == "integer" and v >= low and v <= high end
end

-- A string, or a secret object.
local function is_secret(v)
  return (type(v) == "string" and v ~= "") or value.is_secret(v)
end

local types = {
  text = { is_text, "a text without control characters" },
  seconds = { is_seconds, "a number of seconds above 0, at most a day" },
  command = { is_command, "a list of the program and its leading arguments" },
  port = { between(1, 65535), "a number from 1 to 65535" },
  depth = { between(1, 100), "a whole number from 1 to 100" },
  bytes = { between(1024, 1 << 30), "a number of bytes from 1024 to 1073741824" },
  boolean = { function(v) return type(v) == "boolean" end, "true or false" },
  secret = { is_secret, "an idle.secret or a string" },
  fingerprint = { function(v) return type(v) == "string" and v:find("^SHA256:[A-Za-z0-9+/]+=*$") ~= nil end,
                  "a fingerprint as 'SHA256:…'" },
  shell = one_of("powershell.exe", "pwsh"),
  host = { is_host, "the name or address of a host alone", others = { "user", "port" } },
  paths = { is_paths, "a path, or a list of paths" },
  text_or_false = { function(v) return v == false or is_text(v) end, "a text without control characters, or false" },
  transport = one_of("auto", "libssh2", "ssh"),
  strictness = one_of("yes", "accept-new"),
  seconds_or_0 = { function(v) return v == 0 or is_seconds(v) end, "a number of seconds from 0 to a day" },
  pause = { function(v) return is_number(v) and v >= 2 and v <= 3600 end, "a number of seconds from 2 to an hour" },
  count = { between(1, 100), "a whole number from 1 to 100" },
}

-- What every session that runs PowerShell has.
local COMMON = {
  start_timeout = { "seconds", 90 },
  command_timeout = { "seconds", 300 },
  depth = { "depth", 4 },
  max_output_bytes = { "bytes", 8 * 1024 * 1024 },
}

-- What was given, unless it may be a secret.
local function shown(row, v)
  if row[1] == "secret" then return "" end
  return ", not " .. parameter.show(v)
end

--- Says what is wrong with a field, whatever it is called.
---@param data    table  of an `input.session` that says which Field is wrong
---@param name_of fun(field: string): string
---@return string
function settings.complaint(data, name_of)
  local names = {}
  for index, name in ipairs(data.Others or {}) do names[index] = name_of(name) end
  local others = names[1] and ("; there are %s for the rest"):format(table.concat(names, " and ")) or ""
  return ("%s must be %s%s"):format(name_of(data.Field), data.MustBe, others)
end

local function quoted(name) return ("'%s'"):format(name) end

local function check_value(where, name, row, v)
  local rule = types[row[1]]
  local is_right, what = rule[1], rule[2]
  if v == nil and row.is_required then
    errors.raise("input.session", ("%s: '%s' is required: %s"):format(where, name, what))
  elseif v ~= nil and not is_right(v) then
    local data = { Field = name, MustBe = what .. shown(row, v), Others = rule.others }
    errors.raise("input.session", ("%s: %s"):format(where, settings.complaint(data, quoted)), { data = data })
  end
end

--- Checks options against rows of `{ type, default, is_required = bool }` and the ones that all sessions have.
---@param given any
---@param rows  table<string, table>
---@param where string  begins the messages
---@return table complete
function settings.complete(given, rows, where)
  local all, names, complete = {}, {}, {}
  for _, source in ipairs({ COMMON, rows }) do
    for name, row in pairs(source) do all[name], names[#names + 1] = row, name end
  end
  table.sort(names)
  fields.check(given, names, where, "input.session")
  for _, name in ipairs(names) do
    check_value(where, name, all[name], given[name])
    complete[name] = given[name]
    if complete[name] == nil then complete[name] = all[name][2] end
  end
  return complete
end

return settings
