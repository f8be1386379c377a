--- The values of a data file that hold no others: texts, numbers, constants, and
--- script blocks, which are read only to be refused later with their path.
local data = require("idle.engine.data")
local expandable = require("idle.engine.psd1_expandable")
local lexer = require("idle.engine.psd1_lexer")
local lpeg = require("lpeg")
local number = require("idle.engine.psd1_number")
local refusal = require("idle.engine.psd1_refusal")

local match = lpeg.match

local scalars = {}

--- What $null is while the file is read.
scalars.NULL = setmetatable({}, { __name = "idle.psd1.null" })

local CONSTANTS = { ["true"] = true, ["false"] = false, null = scalars.NULL }

local function read_single(parser, pos)
  local text, after = match(lexer.single_quoted, parser.text, pos)
  if not text then parser:fail(pos, "the text is never closed; a single quote is missing") end
  return text, after
end

local function read_double(parser, pos)
  local text, is_closed, after = expandable.quoted(parser.text, pos)
  if is_closed then return text, after end
  if after > #parser.text or parser.text:byte(after) == ("`"):byte() then
    parser:fail(pos, "the text is never closed; a double quote is missing")
  end
  parser:fail(after, refusal.expansion(parser.text, after))
end

local function read_here(parser, pos)
  local _, text, after = match(lexer.here_single, parser.text, pos)
  if text then return text, after end
  local begins, raw, ends = match(lexer.here_double, parser.text, pos)
  if not raw then parser:fail(pos, refusal.here_string(parser.text, pos)) end
  local content, is_closed, at = expandable.here(raw)
  if not is_closed then parser:fail(begins + at - 1, refusal.expansion(raw, at)) end
  return content, ends
end

local function read_dollar(parser, pos)
  local name, after = match(lexer.variable, parser.text, pos)
  local constant = name and CONSTANTS[name:lower()]
  if constant == nil then parser:fail(pos, refusal.before_value(parser.text, pos)) end
  return constant, after
end

local function to_number(parser, run, pos, is_negative)
  local v, problem = number.read(run, is_negative)
  if v ~= nil then return v end
  local shown = data.shown(run)
  if problem then parser:fail(pos, ("the number '%s' %s"):format(shown, problem)) end
  parser:fail(pos, run:find("%d%.%.") and ("'%s': a range would be evaluated; write the list itself"):format(shown)
    or ("'%s' is no number; if it is a text, put it in single quotes"):format(shown))
end

local function read_number(parser, pos)
  local run, after = match(lexer.number, parser.text, pos)
  if not run then return nil end
  return to_number(parser, run, pos, false), after
end

-- Signs before a number. Two of the same kind side by side are an operator.
local function read_sign(parser, pos)
  local text, is_negative, last = parser.text, false, nil
  local at = pos
  while true do
    local after_dash = match(lexer.dash, text, at)
    local after = after_dash or (text:byte(at) == ("+"):byte() and at + 1)
    if not after then break end
    local sign = after_dash and "-" or "+"
    if sign == last then parser:fail(pos, refusal.before_value(text, pos)) end
    if after_dash then is_negative = not is_negative end
    at = match(lexer.skip, text, after)
    last = at == after and sign or nil
  end
  local run, after = match(lexer.number, text, at)
  if run then return to_number(parser, run, at, is_negative), after end
  if text:byte(at) == ("("):byte() then return at, nil, is_negative end
  parser:fail(pos, refusal.before_value(text, pos))
end

local function read_code(parser, pos)
  local text, level, at = parser.text, 0, pos
  repeat
    at = match(lexer.code, text, at)
    local byte = text:byte(at)
    if byte == ("{"):byte() then
      level = level + 1
    elseif byte == ("}"):byte() then
      level = level - 1
    else
      parser:fail(pos, "the script block is never closed; '}' is missing")
    end
    at = at + 1
  until level == 0
  return data.code(text:sub(pos, at - 1)), at
end

-- Typographic quotes and dashes begin with the same byte.
local function read_wide(parser, pos)
  if match(lexer.single_quote, parser.text, pos) then return read_single(parser, pos) end
  if match(lexer.double_quote, parser.text, pos) then return read_double(parser, pos) end
  if match(lexer.dash, parser.text, pos) then return read_sign(parser, pos) end
end

local function read_at(parser, pos)
  if match(lexer.here_opening, parser.text, pos) then return read_here(parser, pos) end
end

local READERS = { ["'"] = read_single, ['"'] = read_double, ["@"] = read_at, ["$"] = read_dollar, ["."] = read_number,
  ["-"] = read_sign, ["+"] = read_sign, ["{"] = read_code, ["\xE2"] = read_wide }
for digit = 0, 9 do READERS[tostring(digit)] = read_number end

--- Reads a scalar.
---@param parser idle.Psd1Parser
---@param pos    integer
---@return any      v            without `after`: position of parentheses after a sign
---@return integer? after        nil = there is no scalar here
---@return boolean? is_negative  whether the sign before the parentheses is a minus
function scalars.read(parser, pos)
  local reader = READERS[parser.text:sub(pos, pos)]
  if reader then return reader(parser, pos) end
end

--- Reads what stands before the equals sign of an entry.
---@param parser idle.Psd1Parser
---@param pos    integer
---@return string?  key  nil = there is no key here
---@return integer? after
function scalars.key(parser, pos)
  local name, after = match(lexer.name, parser.text, pos)
  if name then return name, after end
  local char = parser.text:sub(pos, pos)
  if char:find("[%d.]") then
    local v, ends = read_number(parser, pos)
    if ends then return data.text(v), ends end
  elseif char == "'" or char == '"' or char == "@" or char == "\xE2" then
    local reader = READERS[char]
    local text, ends = reader(parser, pos)
    if type(text) == "string" and ends then return text, ends end
  end
end

return scalars
