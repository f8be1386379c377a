--- Texts in which backticks and dollar signs mean something: double quotes and
--- the here-strings of that kind.
local lexer = require("idle.engine.psd1_lexer")
local lpeg = require("lpeg")

local C, Cc, Cp, Cs, P, R, S = lpeg.C, lpeg.Cc, lpeg.Cp, lpeg.Cs, lpeg.P, lpeg.R, lpeg.S

local expandable = {}

local ESCAPES = { ["0"] = "\0", a = "\a", b = "\b", e = "\27", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v" }

local function code_point(digits)
  local code = tonumber(digits, 16)
  return code <= 0x10FFFF and utf8.char(code) or "u{" .. digits .. "}"
end

local function escaped(char)
  return ESCAPES[char] or char
end

local hex = R("09", "af", "AF")
local escape = P("`u{") * C(hex * hex ^ -5) * P("}") / code_point + P("`") * C(P(1)) / escaped

-- Every other variable would be one of whoever runs the file.
local function constant(word, text)
  local pattern = lexer.any_case(word)
  local ends = -lexer.name_char * -(P(":") * lexer.name_char)
  return (P("$") * pattern * ends + P("${") * pattern * P("}")) / text
end
local constants = constant("true", "True") + constant("false", "False") + constant("null", "")
local lone_dollar = P("$") * -(lexer.name_char + S("({$?^"))

local plain = 1 - S('"`$\xE2') + (P("\xE2") - lexer.wide_double)
local piece = plain + escape + constants + lone_dollar

-- Two quotes stand for the second one.
local quoted_piece = piece + (lexer.double_quote / "") * lexer.double_quote
local quoted = lexer.double_quote * Cs(quoted_piece ^ 0) * (lexer.double_quote * Cc(true) + Cc(false)) * Cp()
local here = Cs((piece + lexer.double_quote) ^ 0) * Cp()

--- Reads a text in double quotes.
---@param text string
---@param pos  integer  of its opening quote
---@return string  content
---@return boolean is_closed  false = `after` is where it went wrong
---@return integer after
function expandable.quoted(text, pos)
  return lpeg.match(quoted, text, pos)
end

--- Reads the inside of a here-string of double quotes.
---@param inside string
---@return string  content
---@return boolean is_closed
---@return integer after
function expandable.here(inside)
  local content, after = lpeg.match(here, inside)
  return content, after > #inside, after
end

return expandable
