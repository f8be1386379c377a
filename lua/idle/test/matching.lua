--- Whether a value is what a spec expects, and how it differs. Of a map only the expected fields count; a function
--- decides for itself, and so does a matcher of luassert.
local errors = require("idle.engine.errors")
local data = require("idle.engine.data")
local value = require("idle.engine.value")

local matching = {}

local MAX_DEPTH, MAX_BYTES = 4, 240

local show_any

local function is_matcher(v)
  local match = package.loaded["luassert.match"]
  return match ~= nil and match.is_matcher(v)
end

local function show_key(key)
  if type(key) == "string" and key:find("^[%a_][%w_]*$") then return key end
  return ("[%s]"):format(show_any(key, 0))
end

local function show_table(t, depth)
  if next(t) == nil then return "{}" end
  if depth >= MAX_DEPTH then return "{ … }" end
  local parts = {}
  if value.is_sequence(t) then
    for index = 1, #t do parts[index] = show_any(t[index], depth + 1) end
  else
    for _, key in ipairs(data.sorted_keys(t)) do
      parts[#parts + 1] = ("%s = %s"):format(show_key(key), show_any(t[key], depth + 1))
    end
  end
  return ("{ %s }"):format(table.concat(parts, ", "))
end

-- As a spec writes it.
local function show_matcher(matcher)
  local arguments = {}
  for index = 1, matcher.arguments and matcher.arguments.n or 0 do
    arguments[index] = show_any(matcher.arguments[index], 0)
  end
  if matcher.name == nil then return "match._" end
  return ("match.%s%s(%s)"):format(matcher.mod and "" or "is_not.", matcher.name, table.concat(arguments, ", "))
end

function show_any(v, depth)
  if is_matcher(v) then return show_matcher(v) end
  if type(v) == "string" then return ("'%s'"):format(errors.escape(v)) end
  if value.is_null(v) then return "null" end
  if value.is_bytes(v) then return ("bytes '%s'"):format(errors.escape(v[1])) end
  if type(v) == "table" and not (getmetatable(v) or {}).__tostring then return show_table(v, depth) end
  if type(v) == "function" then return "a function" end
  return errors.escape(tostring(v))
end

--- A value as one line, short enough to be read.
---@param v any
---@return string
function matching.show(v)
  local text = show_any(v, 0)
  if #text <= MAX_BYTES then return text end
  return text:sub(1, (utf8.offset(text, 0, MAX_BYTES) or MAX_BYTES) - 1) .. "…"
end

local function told(path, format, ...)
  local text = format:format(...)
  return path == "" and text or ("%s: %s"):format(path, text)
end

--- What was given in the place of a result, for a message. A run is not its own result.
---@param v any
---@return string
function matching.show_given(v)
  local is_run = type(v) == "table" and type(v.step) == "function" and type(v.result) == "function"
  return is_run and "a run; its result is run:result()" or matching.show(v)
end

local difference

local function list_difference(expected, actual, path)
  if not value.is_sequence(actual) and next(actual) ~= nil then
    return told(path, "expected a list, got %s", matching.show(actual))
  end
  for index = 1, #expected do
    local found = difference(expected[index], actual[index], ("%s[%d]"):format(path, index))
    if found then return found end
  end
  if #actual > #expected then
    return told(path, "expected %d elements, got %d: %s", #expected, #actual, matching.show(actual))
  end
end

local function map_difference(expected, actual, path)
  for _, key in ipairs(data.sorted_keys(expected)) do
    local name = type(key) == "string" and key or ("[%s]"):format(tostring(key))
    local found = difference(expected[key], actual[key], path == "" and name or path .. "." .. name)
    if found then return found end
  end
end

function difference(expected, actual, path)
  if type(expected) == "function" or is_matcher(expected) then
    if expected(actual) then return nil end
    return told(path, "%s refuses %s", type(expected) == "function" and "the function" or matching.show(expected),
      matching.show(actual))
  end
  if expected == actual or (value.is_null(expected) and value.is_null(actual)) then return nil end
  if type(expected) ~= "table" or type(actual) ~= "table" then
    return told(path, "expected %s, got %s", matching.show(expected), matching.show(actual))
  end
  if value.is_bytes(expected) or value.is_bytes(actual) then
    if value.is_bytes(expected) and value.is_bytes(actual) and expected[1] == actual[1] then return nil end
    return told(path, "expected %s, got %s", matching.show(expected), matching.show(actual))
  end
  return (value.is_sequence(expected) and list_difference or map_difference)(expected, actual, path)
end

--- How a value differs from what is expected.
---@param expected any
---@param actual   any
---@return string? difference  "Data.Outcome: expected 'Success', got 'Timeout'"; nil = it does not
function matching.difference(expected, actual)
  return difference(expected, actual, "")
end

return matching
