--- Says why something in a data file is no data. PowerShell would run most of
--- it, so each text names what it is and what to write instead.
local data = require("idle.engine.data")
local place = require("idle.engine.place")

local refusal = {}

local STATEMENTS = {}
for word in ("begin break catch class continue data do dynamicparam else elseif end enum exit filter finally for "
  .. "foreach function if in param process return switch throw trap try until using while"):gmatch("%a+") do
  STATEMENTS[word] = true
end

local OPENERS = { ["@{"] = "}", ["@("] = ")" }

local shown = data.shown

local function at_position(text, pos, pattern)
  return text:match("^" .. pattern, pos)
end

--- The line of a position.
---@param text string
---@param pos  integer
---@return integer
function refusal.line(text, pos)
  return (place.of(text, pos))
end

local SUBEXPRESSION = "'$( … )' would be executed; a data file holds values only"

local function variable_at(text, pos)
  return at_position(text, pos, "%${[^{}\r\n]*}") or at_position(text, pos, "%$[%w_:]+") or text:sub(pos, pos + 1)
end

--- Why a text in double quotes cannot go on with a dollar sign.
---@param text string
---@param pos  integer  of the dollar sign
---@return string
function refusal.expansion(text, pos)
  if at_position(text, pos, "%$%(") then return SUBEXPRESSION end
  return ("the variable '%s' would be expanded; use single quotes, or put a backtick before the dollar sign"):format(
    shown(variable_at(text, pos)))
end

local function word_refusal(word, text, after)
  if STATEMENTS[word:lower()] then
    return ("'%s' begins a statement, which would be executed; a data file holds values only"):format(shown(word))
  end
  if at_position(text, after, "[ \t]*=") then
    return ("'%s' looks like a key, but a value is expected here; entries of a map stand in '@{ … }'"):format(
      shown(word))
  end
  return ("'%s' would run a command; if it is a text, put it in single quotes"):format(shown(word))
end

-- First what must match where a value should begin, then what it is.
local BEFORE = {
  { "%$%(", SUBEXPRESSION },
  { "@[%a_]", "splatting ('@name') belongs to commands; a data file holds values only" },
  { "%[", "a type or cast ('[…]') would be evaluated; write the value itself" },
  { "&", "'&' would run a command; a data file holds values only" },
  { "%.%s", "'.' would run a command; a data file holds values only" },
  { "!", "the operator '!' would be evaluated; write the value itself" },
  { "<#", "the comment is never closed; '#>' is missing" },
  { "[%)}%]]", "a value is missing here" },
  { "[,;|]", "a value is missing here" },
  { "=", "a key is missing before '='" },
  { "%-%-", "the operator '--' would be evaluated; write the value itself" },
  { "%+%+", "the operator '++' would be evaluated; write the value itself" },
  { "[%+%-][^%a]", "a number must follow the sign" },
}

--- Why no value begins at a position.
---@param text string
---@param pos  integer
---@return string
function refusal.before_value(text, pos)
  if pos > #text then return "the file ends where a value is expected" end
  for _, rule in ipairs(BEFORE) do
    if at_position(text, pos, rule[1]) then return rule[2] end
  end
  if at_position(text, pos, "%$") then
    return ("the variable '%s' is not data; only $true, $false and $null are"):format(shown(variable_at(text, pos)))
  end
  local operator = at_position(text, pos, "%-%a+")
  if operator then return ("the operator '%s' would be evaluated; write the value itself"):format(shown(operator)) end
  local word, after = at_position(text, pos, "([%w_\x80-\xFF][^%s;,{}()'\"=|&<>]*)()")
  if word then return word_refusal(word, text, after) end
  local char = at_position(text, pos, utf8.charpattern) or text:sub(pos, pos)
  return ("unexpected '%s' where a value should begin"):format(shown(char))
end

-- The same for what follows a finished value.
local AFTER = {
  { "%.%.", "the operator '..' would be evaluated; write the list itself" },
  { "%.[%a_]", "reading a member of a value ('.name') would be evaluated; write the value itself" },
  { "::", "reading a member of a type ('::') would be evaluated; write the value itself" },
  { "%[", "picking an element ('[…]') would be evaluated; write the value itself" },
  { "%(", "a call ('( … )') would be executed; a data file holds values only" },
  { "||?", "a pipeline ('|') would be executed; a data file holds values only" },
  { "&", "'&' would run a command; a data file holds values only" },
  { "%d?>", "a redirection ('>') would be executed; a data file holds values only" },
  { "%?", "the operator '?' would be evaluated; write the value itself" },
  { "=", "unexpected '='; entries of a map are separated by a new line or ';'" },
  { "%]", "']' closes nothing" },
  { "<#", "the comment is never closed; '#>' is missing" },
}

--- Why a value must not be followed by what stands at a position.
---@param text string
---@param pos  integer
---@return string
function refusal.after_value(text, pos)
  for _, rule in ipairs(AFTER) do
    if at_position(text, pos, rule[1]) then return rule[2] end
  end
  local operator = at_position(text, pos, "%-%a+") or at_position(text, pos, "[%+%-%*/%%]=?")
  if operator then return ("the operator '%s' would be evaluated; write the value itself"):format(shown(operator)) end
  local rest = at_position(text, pos, "[^\r\n;,})]+") or text:sub(pos, pos)
  return ("unexpected '%s' after a value; a new line, ';' or ',' is missing"):format(shown(rest))
end

--- Why no key begins at a position.
---@param text string
---@param pos  integer
---@return string
function refusal.key(text, pos)
  if at_position(text, pos, "%)") then return "')' closes nothing here; the map ends with '}'" end
  if at_position(text, pos, "<#") then return "the comment is never closed; '#>' is missing" end
  if at_position(text, pos, "@[{(]") then return "a key is missing; a list of maps is written '@( @{ … } )'" end
  local char = at_position(text, pos, utf8.charpattern) or text:sub(pos, pos)
  return ("unexpected '%s' where a key should begin; a key is a word or a text in quotes"):format(shown(char))
end

--- Why a key is not followed by its value.
---@param text string
---@param pos  integer  of what stands in the place of the equals sign
---@param key  string
---@return string
function refusal.no_equals(text, pos, key)
  if at_position(text, pos, "[-.]") then
    return ("'=' is missing after the key '%s'; a key with other characters than letters, digits and '_' "
      .. "must be put in quotes"):format(shown(key))
  end
  return ("'=' is missing after the key '%s'"):format(shown(key))
end

--- What an opening bracket lacks.
---@param text   string
---@param opener integer
---@return string
function refusal.unclosed(text, opener)
  local bracket = text:sub(opener, opener + 1)
  if not OPENERS[bracket] then bracket = text:sub(opener, opener) end
  return ("'%s' is never closed; '%s' is missing"):format(bracket, OPENERS[bracket] or ")")
end

--- Why a bracket of the other kind stands in the place of the closing one.
---@param text   string
---@param opener integer
---@return string
function refusal.wrong_bracket(text, opener)
  local bracket = text:sub(opener, opener + 1)
  if not OPENERS[bracket] then bracket = text:sub(opener, opener) end
  return ("the '%s' of line %d must be closed with '%s'"):format(bracket, refusal.line(text, opener),
    OPENERS[bracket] or ")")
end

--- Why a here-string cannot be read.
---@param text string
---@param pos  integer  of its '@'
---@return string
function refusal.here_string(text, pos)
  local line = text:match("^[^\r\n]*", pos)
  local is_head = line:find("^@[^%w%s][\x80-\xBF]*%s*$")
  if not is_head then return "the text of a here-string begins on the line after '@' and the quote" end
  return "the here-string is never closed; the quote and '@' must begin a line of their own"
end

return refusal
