--- The small parts of a PowerShell data file, as LPeg patterns. None of them is
--- recursive: nesting is the parser's, which counts it.
local lpeg = require("lpeg")

local C, Cc, Cp, Cs, P, R, S = lpeg.C, lpeg.Cc, lpeg.Cp, lpeg.Cs, lpeg.P, lpeg.R, lpeg.S

local lexer = {}

-- Word processors replace quotes and dashes; PowerShell takes them all for the plain ones.
local wide_single = P("\xE2\x80") * R("\x98\x9B")
local wide_double = P("\xE2\x80") * R("\x9C\x9E")
local wide_dash = P("\xE2\x80") * R("\x93\x95")
local single_quote = P("'") + wide_single
local double_quote = P('"') + wide_double

local newline = P("\r\n") + S("\r\n")
local wide_space = P("\xC2\xA0") + P("\xC2\x85") + P("\xE2\x80") * (R("\x80\x8A") + P("\xAF"))
  + P("\xE2\x81\x9F") + P("\xE1\x9A\x80") + P("\xE3\x80\x80")
local space = S(" \t\v\f")
local line_comment = P("#") * (1 - S("\r\n")) ^ 0
local block_comment = P("<#") * ((1 - P("#")) ^ 1 + (P("#") - P("#>"))) ^ 0 * P("#>")
local gap = line_comment + block_comment + wide_space + P("`") * newline

local blank = (space ^ 1 + gap) ^ 0
local skip = (S(" \t\v\f\r\n") ^ 1 + gap) ^ 0
local separators = (S(" \t\v\f\r\n;") ^ 1 + gap) ^ 0

-- Any letter beyond ASCII may stand in a name, but not the characters above.
local wide_letter = (R("\xC2\xDF") * R("\x80\xBF") + R("\xE0\xEF") * R("\x80\xBF") * R("\x80\xBF")
  + R("\xF0\xF4") * R("\x80\xBF") * R("\x80\xBF") * R("\x80\xBF"))
  - (wide_space + single_quote + double_quote + wide_dash)
local letter = R("az", "AZ") + P("_") + wide_letter
local digit = R("09")
local name = letter * (letter + digit) ^ 0

--- A word of ASCII letters, whatever its case.
---@param word string
---@return table pattern
function lexer.any_case(word)
  local pattern = P(true)
  for char in word:gmatch(".") do pattern = pattern * S(char:lower() .. char:upper()) end
  return pattern
end

local word_goes_on = letter + digit + S(".:[?(")
local plain_text = (1 - S("'\xE2") + (P("\xE2") - wide_single)) ^ 0
local plain_wide = (1 - S('"`$\xE2') + (P("\xE2") - wide_double)) ^ 0
local text = P("'") * C(plain_text) * P("'") * -single_quote + P('"') * C(plain_wide) * P('"') * -double_quote
local integer = C(P("-") ^ -1 * digit * digit ^ -17) / tonumber * -word_goes_on
local boolean = P("$") * (lexer.any_case("true") * Cc(true) + lexer.any_case("false") * Cc(false)) * -word_goes_on
local simple = text + integer + boolean
local at_end = #S("\r\n;})") + -P(1)

-- The fast path: the greater part of every file is `Name = 'text'` and its like.
-- What these patterns do not know, the parser reads piece by piece.

--- Position of the key, key, value (nil = the parser must read it), position after it.
lexer.entry = separators * Cp() * (C(name) + text) * blank * P("=") * skip
  * (simple * blank * at_end * Cp() + Cc(nil) * Cp())

local element = Cp() * (simple * blank * (at_end + #P(",")) * Cp() + Cc(nil) * Cp())

--- Position of an element that begins a list's line, value (nil = the parser
--- must read it), position after it.
lexer.item = separators * element

--- The same for an element after a comma.
lexer.next_item = P(",") * skip * element

lexer.blank = blank * Cp()
lexer.skip = skip * Cp()
lexer.separators = separators * Cp()

lexer.name_char = letter + digit
lexer.name = C(name) * Cp()
lexer.wide_double = wide_double
lexer.single_quote = single_quote
lexer.double_quote = double_quote
lexer.dash = (P("-") + wide_dash) * Cp()

--- Text between single quotes, where two of them stand for the second; position after it.
lexer.single_quoted = single_quote
  * Cs((1 - S("'\xE2") + (P("\xE2") - wide_single) + (single_quote / "") * single_quote) ^ 0)
  * single_quote * Cp()

local function here_head(quote)
  return P("@") * quote * (space + wide_space) ^ 0 * newline
end

-- The line breaks next to the delimiters do not belong to the text.
local function here_string(quote)
  local tail = quote * P("@")
  local line = (1 - S("\r\n")) ^ 1 + (newline - newline * tail)
  return here_head(quote) * Cp() * (Cc("") * tail + C(line ^ 0) * newline * tail) * Cp()
end

--- A here-string: position of its first line, its text, position after it.
lexer.here_single = here_string(single_quote)
lexer.here_double = here_string(double_quote)
lexer.here_opening = P("@") * (single_quote + double_quote)

local double_quoted = double_quote
  * (1 - (S('`"\xE2')) + P("`") * 1 + (P("\xE2") - wide_double) + double_quote * double_quote) ^ 0 * double_quote

--- Code up to its next brace; position of what ends it. What opens a text or a
--- comment and never closes it ends the code, too: nothing is looked for twice.
lexer.code = ((1 - S("{}'\"#<`@\xE2")) ^ 1 + P("`") * 1 + line_comment + block_comment + (P("<") - P("<#"))
  + single_quote * (1 - single_quote) ^ 0 * single_quote + double_quoted
  + here_string(single_quote) / 0 + here_string(double_quote) / 0
  + (P("@") - here_head(single_quote) - here_head(double_quote))
  + (P("\xE2") - wide_single - wide_double)) ^ 0 * Cp()

--- A number, and whatever hangs on to it; position after it.
lexer.number = #(P(".") ^ -1 * digit) * C((S("eE") * S("+-") * #digit + letter + digit + P(".")) ^ 1) * Cp()

--- What a variable is called; position after it.
lexer.variable = P("$") * (P("{") * C((1 - S("{}")) ^ 1) * P("}")
  + C((letter + digit) ^ 1 * (P(":") * (letter + digit) ^ 1) ^ 0 + S("$?^"))) * Cp()

return lexer
