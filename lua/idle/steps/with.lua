--- Reads the `With` of a step: keys and words in any case, values checked and
--- converted, and for everything else an error that names step, key and value.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local parameter = require("idle.engine.parameter")
local suggest = require("idle.engine.suggest")
local value = require("idle.engine.value")

local with = {}

---@class idle.WithKey
---@field key      string
---@field read     fun(v: any): any, string?  the value, or nil and what it must be
---@field required? boolean
---@field default? any

--- A text that is not blank.
---@param v any
---@return string? read
---@return string? what  it must be, if it is not
function with.text(v)
  if type(v) == "string" and v:find("%S") then return v end
  return nil, "a text"
end

--- A text that may be empty.
---@param v any
---@return string? read
---@return string? what  it must be, if it is not
function with.any_text(v)
  if type(v) == "string" then return v end
  return nil, "a text"
end

--- What names something: a text, or a number that is meant as one.
---@param v any
---@return string? read
---@return string? what  it must be, if it is not
function with.name(v)
  if type(v) == "number" then return data.text(v) end
  return with.text(v)
end

--- True or false, and nothing that only looks like it.
---@param v any
---@return boolean? read
---@return string? what  it must be, if it is not
function with.boolean(v)
  if type(v) == "boolean" then return v end
  return nil, "true or false"
end

--- A table with keys; not a list.
---@param v any
---@return table? read
---@return string? what  it must be, if it is not
function with.map(v)
  if type(v) == "table" and not value.is_sequence(v) then return v end
  return nil, "a hashtable (a table with keys)"
end

--- A number of seconds above 0; also as text, but not in hexadecimal or with an exponent.
---@param v any
---@return number? read
---@return string? what  it must be, if it is not
function with.seconds(v)
  local number = v
  if type(v) == "string" and v:find("^%s*%d*%.?%d*%s*$") then number = tonumber(v) end
  if type(number) == "number" and number > 0 and number < math.huge then return number end
  return nil, "a number of seconds above 0"
end

--- One of some words, spaces around it aside.
---@param words string[]  as they are spelled
---@return fun(v: any): string?, string?  reads such a value
function with.word(words)
  local what = ("'%s' or '%s'"):format(table.concat(words, "', '", 1, #words - 1), words[#words])
  return function(v)
    local said = type(v) == "string" and v:match("^%s*(.-)%s*$"):lower()
    for _, word in ipairs(words) do
      if said == word:lower() then return word end
    end
    return nil, what
  end
end

local function known_keys(keys)
  local names, by_name = {}, {}
  for index, key in ipairs(keys) do
    names[index] = key.key
    by_name[key.key:lower()] = key
  end
  return names, by_name
end

-- Every misspelled key is an error: it would be passed over in silence.
local function by_known_key(step, raw, keys, path)
  local names, by_name = known_keys(keys)
  local given = {}
  for _, name in ipairs(data.sorted_keys(raw)) do
    local key = type(name) == "string" and by_name[name:lower()]
    if not key then
      local word = errors.escape(tostring(name))
      errors.raise("input.with", ("%s: unknown key '%s.%s'%s"):format(step, path, word, suggest.hint(word, names)))
    elseif given[key] ~= nil then
      errors.raise("input.with", ("%s: %s.%s is given twice, in different spellings"):format(step, path, key.key))
    end
    given[key] = raw[name]
  end
  return given
end

--- Raises that a key has a value it must not have.
---@param step string  the step's word
---@param path string  of the key: "With.PolicyType"
---@param what string  it must be
---@param v    any     it is
function with.refuse(step, path, what, v)
  errors.raise("input.with", ("%s requires %s to be %s, got %s"):format(step, path, what, parameter.show(v)))
end

local function read(step, key, v, path)
  if v == nil or value.is_null(v) then
    if key.required then errors.raise("input.with", ("%s requires %s.%s"):format(step, path, key.key)) end
    return key.default
  end
  local converted, what = key.read(v)
  if converted ~= nil then return converted end
  with.refuse(step, path .. "." .. key.key, what, v)
end

--- Reads all keys of With, or of a map inside it.
---@param step string  the step's word, which begins every message
---@param raw  any     the map as it was given
---@param keys idle.WithKey[]
---@param path? string of the map; default "With"
---@return table<string, any> values  by the keys' own spelling
function with.read(step, raw, keys, path)
  path = path or "With"
  if type(raw) ~= "table" or value.is_sequence(raw) then
    with.refuse(step, path, "a hashtable (a table with keys)", raw)
  end
  local given, values = by_known_key(step, raw, keys, path), {}
  for _, key in ipairs(keys) do values[key.key] = read(step, key, given[key], path) end
  return values
end

return with
