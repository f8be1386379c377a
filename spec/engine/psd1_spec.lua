local NULL = require("spec.support.null")
local data = require("idle.engine.data")
local psd1 = require("idle.engine.psd1")
local value = require("idle.engine.value")

local function parse(text)
  return psd1.parse(text, { null = NULL })
end

-- The value that `inside` stands for.
local function read(inside)
  return parse("@{\n v = " .. inside .. "\n}").v
end

local function refusal(text)
  local ok, err = pcall(psd1.parse, text, { source = "joiner.psd1" })
  assert.is_false(ok)
  assert.equal("input.workflow", err.kind)
  return err.message
end

local function refused(inside)
  return refusal("@{ v = " .. inside .. " }")
end

local function same_list(expected, actual)
  assert.is_true(value.is_list(actual))
  assert.same(expected, actual)
end

describe("idle.engine.psd1: maps", function()
  it("reads entries on lines and between semicolons", function()
    assert.same({ a = 1, b = 2, c = 3 }, parse("@{ a = 1; b = 2\n c = 3; }"))
  end)

  it("keeps the spelling of keys", function()
    assert.same({ Name = "x", lifecycleEVENT = "y" }, parse("@{ Name = 'x'\nlifecycleEVENT = 'y' }"))
  end)

  it("takes keys in quotes, numbers, and words of the language", function()
    assert.same({ ["IdLE.Step.X"] = 1, ["a b"] = 2, ["5"] = 3, ["if"] = 4, ["function"] = 5 },
      parse("@{ 'IdLE.Step.X' = 1; \"a b\" = 2; 5 = 3; if = 4; function = 5 }"))
  end)

  it("takes letters beyond ASCII in keys", function()
    assert.same({ ["Straße"] = 1, ["Имя"] = 2 }, parse("@{ Straße = 1; Имя = 2 }"))
  end)

  it("takes an entry called Keys like any other", function()
    assert.same({ Keys = 1, Count = 2 }, parse("@{ Keys = 1; Count = 2 }"))
  end)

  it("lets a value begin on the next line", function()
    assert.same({ a = { b = 1 } }, parse("@{ a =\n\n @{\n b =\n 1 } }"))
  end)

  it("reads an empty map as a map", function()
    assert.same({}, read("@{}"))
    assert.is_false(value.is_list(read("@{ }")))
  end)

  it("refuses a key twice, whatever its case, and says where it was first", function()
    assert.matches("joiner%.psd1:3:2: the key 'NAME' stands in this map already, in line 2",
      refusal("@{\n Name = 1\n NAME = 2\n}"))
    assert.matches("'ÜBER' stands in this map already", refusal("@{ über = 1; ÜBER = 2 }"))
  end)

  it("takes the same key in two maps, in different spellings", function()
    assert.same({ { Ab = 1 }, { aB = 1 } }, read("@( @{ Ab = 1 }; @{ aB = 1 } )"))
  end)

  it("wants a new line or a semicolon between entries", function()
    assert.matches(":1:10: unexpected 'b = 2", refusal("@{ a = 1 b = 2 }"))
  end)

  it("names a key without its equals sign", function()
    assert.matches("'=' is missing after the key 'Name'", refusal("@{ Name 'x' }"))
    assert.matches("must be put in quotes", refusal("@{ Content-Type = 'x' }"))
  end)
end)

describe("idle.engine.psd1: lists", function()
  it("reads elements on lines, between semicolons and between commas", function()
    same_list({ 1, 2, 3, 4 }, read("@(\n 1\n 2; 3, 4\n)"))
  end)

  it("reads a list of one and a list of none as lists", function()
    same_list({ "x" }, read("@('x')"))
    same_list({}, read("@()"))
  end)

  it("reads a bare comma list", function()
    same_list({ "a", "b" }, read("'a', 'b'"))
    same_list({ "a", "b" }, read("'a',\n\n 'b'"))
  end)

  it("reads a comma before a value as a list of it alone", function()
    same_list({ "a" }, read(", 'a'"))
    assert.same({ { "a" } }, read("@( , @('a') )"))
  end)

  it("joins lists that stand on lines of their own", function()
    same_list({ 1, 2, 3 }, read("@(\n @(1, 2)\n @(3)\n)"))
    same_list({ 1, 2, 3 }, read("@( (1, 2); 3 )"))
    same_list({ "a" }, read("@( @('a') )"))
    same_list({}, read("@( @() )"))
  end)

  it("keeps lists nested that are joined by commas", function()
    assert.same({ { 1, 2 }, { 3 } }, read("@( @(1, 2), @(3) )"))
    assert.same({ { 1, 2 }, 3 }, read("(1, 2), 3"))
  end)

  it("keeps null in a list, or leaves it out if there is no null to stand for it", function()
    assert.same({ 1, NULL, 2 }, read("@(1, $null, 2)"))
    assert.same({ 1, 2 }, psd1.parse("@{ v = @(1, $null, 2) }").v)
  end)

  it("refuses a comma without a value after it", function()
    assert.matches("a value is missing here", refused("@(1, 2, )"))
  end)

  it("refuses two values side by side", function()
    assert.matches("unexpected ''b'' after a value; a new line, ';' or ',' is missing", refused("@('a' 'b')"))
  end)

  it("says that entries of a map stand in a map", function()
    assert.matches("'Name' looks like a key.*'@{ … }'", refused("@( Name = 'x' )"))
  end)
end)

describe("idle.engine.psd1: texts", function()
  it("reads single quotes literally", function()
    assert.equal([[C:\temp\$x `n "q" {{Request.Intent.A}}]], read([['C:\temp\$x `n "q" {{Request.Intent.A}}']]))
  end)

  it("reads two single quotes as one", function()
    assert.equal("it's", read("'it''s'"))
    assert.equal("''", read("''''''"))
  end)

  it("reads texts over several lines, their line breaks as they are", function()
    assert.equal("a\r\nb\nc", read("'a\r\nb\nc'"))
  end)

  it("reads the escapes of double quotes", function()
    assert.equal("\0\a\b\27\f\n\r\t\v\"$`x€", read([["`0`a`b`e`f`n`r`t`v`"`$```x`u{20AC}"]]))
    assert.equal('say "hi"', read([["say ""hi"""]]))
  end)

  it("takes a dollar that names nothing, and the three constants, in double quotes", function()
    assert.equal("5 $ or $, $", read([["5 $ or $, $"]]))
    assert.equal("True/False//True", read([["$true/$FALSE/$null/${true}"]]))
  end)

  it("reads here-strings without the line breaks next to their delimiters", function()
    assert.equal("<p>It's \"x\"</p>\n  y", read("@'\n<p>It's \"x\"</p>\n  y\n'@"))
    assert.equal("", read("@'\n'@"))
    assert.equal("\n", read("@'\n\n\n'@"))
    assert.equal("a '@ b", read("@'  \na '@ b\n'@"))
  end)

  it("keeps CRLF inside a here-string", function()
    assert.equal("a\r\nb", read("@'\r\na\r\nb\r\n'@"))
  end)

  it("reads escapes in a here-string of double quotes, and quotes as they are", function()
    assert.equal('a\tb "c" ""', read('@"\na`tb "c" ""\n"@'))
  end)

  it("takes typographic quotes for plain ones", function()
    assert.equal("a", read("‘a’"))
    assert.equal("a’b", read("‘a’’b‚"))
    assert.equal("a“b", read("„a““b”"))
    assert.equal("x", read("@‘\nx\n’@"))
  end)

  it("names a text that is never closed by where it begins", function()
    assert.matches("joiner%.psd1:2:6: the text is never closed; a single quote", refusal("@{\n a = 'x\n}"))
    assert.matches("a double quote is missing", refused('"x'))
    assert.matches("here%-string is never closed", refused("@'\nx"))
    assert.matches("begins on the line after", refused("@'x'@"))
  end)
end)

describe("idle.engine.psd1: numbers and constants", function()
  it("reads integers exactly", function()
    assert.equal(9223372036854775807, read("9223372036854775807"))
    assert.equal(math.mininteger, read("-9223372036854775808"))
    assert.equal("integer", math.type(read("007")))
  end)

  it("reads signs, with and without space", function()
    assert.equal(-5, read("-5"))
    assert.equal(5, read("+ 5"))
    assert.equal(5, read("- -5"))
    assert.equal(-5, read("–5"))
    assert.equal(-3, read("-(3)"))
  end)

  it("reads hexadecimal and binary, with the sign bit of .NET", function()
    assert.equal(31, read("0x1F"))
    assert.equal(-1, read("0xFFFFFFFF"))
    assert.equal(0xFFFFFFFF, read("0x0FFFFFFFF"))
    assert.equal(5, read("0b101"))
    assert.equal(-1, read("0b11111111"))
  end)

  it("reads multipliers and suffixes of types", function()
    assert.equal(4096, read("4kb"))
    assert.equal(1 << 50, read("1PB"))
    assert.equal(1536.0, read("1.5kb"))
    assert.equal(10, read("10L"))
    assert.equal(2048, read("2Lkb"))
  end)

  it("reads fractions and exponents", function()
    assert.equal(1.5, read("1.5"))
    assert.equal(0.5, read(".5"))
    assert.equal(1500.0, read("1.5e3"))
    assert.equal(0.001, read("1E-3"))
  end)

  it("reads Decimal and UInt64 as text, like everywhere", function()
    assert.equal("2.50", read("2.50d"))
    assert.equal("5", read("5d"))
    assert.equal("-0.5", read("-.5d"))
    assert.equal("18446744073709551615", read("18446744073709551615ul"))
    assert.equal("9223372036854775808", read("9223372036854775808"))
  end)

  it("reads what exceeds a Decimal as a double", function()
    assert.equal(1e30, read("1000000000000000000000000000000"))
  end)

  it("refuses numbers that do not fit", function()
    assert.matches("does not fit into 64 bits", refused("9000000000gb"))
    assert.matches("is outside %-128 to 127, the range of the suffix 'y'", refused("300y"))
    assert.matches("does not fit", refused("0x1FFFFFFFFFFFFFFFF"))
    assert.matches("is too large", refused("1e999"))
  end)

  it("refuses words that begin like numbers", function()
    assert.matches("'5abc' is no number", refused("5abc"))
    assert.matches("'1%.2%.3' is no number", refused("1.2.3"))
  end)

  it("reads the constants, whatever their case", function()
    assert.is_true(read("$true"))
    assert.is_false(read("$FALSE"))
    assert.equal(NULL, read("$Null"))
    assert.is_nil(psd1.parse("@{ a = $null }").a)
  end)

  it("reads parentheses around a value", function()
    assert.equal(5, read("( 5 )"))
    same_list({ 1, 2 }, read("(1,\n 2)"))
  end)
end)

describe("idle.engine.psd1: files", function()
  it("passes over comments of both kinds, before, between and after", function()
    assert.same({ a = 1, b = 2 }, parse("# x\n<# y\n z #>\n@{ a <# q #> = 1 # r\n b = 2 } # s\n<# t #>"))
  end)

  it("passes over a byte order mark, blank lines, CRLF and lines that a backtick continues", function()
    assert.same({ a = 1, b = 2 }, parse("\xEF\xBB\xBF\r\n@{\r\n a = `\r\n 1\r\n b = 2\r\n}\r\n"))
  end)

  it("wants one map and nothing else", function()
    assert.matches("must hold one map %(a hashtable%).*it begins with '@%('", refusal("@( 1 )"))
    assert.matches("must hold one map.*the file ends", refusal("  \n"))
    assert.matches(":1:6: .*nothing after it", refusal("@{ } @{ }"))
    assert.matches("nothing after it", refusal("@{ }\nGet-Date"))
    assert.matches("it begins with '{'", refusal("{ a = 1 }"))
  end)

  it("says which encoding is missing", function()
    assert.matches("UTF%-16; save it as UTF%-8", refusal("\xFF\xFE@\0{\0}\0"))
    assert.matches("joiner%.psd1:1:7: the byte 0xFC is not UTF%-8", refusal("@{a='m\xFCller'}"))
  end)

  it("counts columns in characters", function()
    assert.matches("joiner%.psd1:2:11: unexpected 'x'", refusal("@{\n ä = 'öü' x\n}"))
  end)

  it("tells where every entry stands, if asked", function()
    local root, places = psd1.parse("@{\n  Steps = @(\n    'a'\n    @{ Name =\n 'b' } )\n}", { places = true })
    assert.same({ 2, 3 }, { places:of(root, "Steps") })
    assert.same({ 3, 5 }, { places:of(root.Steps, 1) })
    assert.same({ 4, 8 }, { places:of(root.Steps[2], "Name") })
    assert.is_nil(places:of(root, "Nothing"))
  end)

  it("puts file, line and column into the error's data, and takes another kind", function()
    local _, err = pcall(psd1.parse, "@{\n a = $x }", { source = "request.psd1", kind = "input.request" })
    assert.equal("input.request", err.kind)
    assert.same({ Source = "request.psd1", Line = 2, Column = 6 }, err.data)
  end)
end)

describe("idle.engine.psd1: what PowerShell would execute", function()
  local cases = {
    { "a command", "Get-Date", "'Get%-Date' would run a command" },
    { "a bare word", "Joiner", "'Joiner' would run a command; if it is a text, put it in single quotes" },
    { "a variable", "$env:USERNAME", "the variable '%$env:USERNAME' is not data" },
    { "a variable in braces", "${x y}", "the variable '%${x y}'" },
    { "a subexpression", "$(Get-Date)", "'%$%( … %)' would be executed" },
    { "a variable in double quotes", '"a $name"', "the variable '%$name' would be expanded; use single quotes" },
    { "a subexpression in double quotes", '"$(1)"', "'%$%( … %)' would be executed" },
    { "a variable in a here-string", '@"\nx $y\n"@', "the variable '%$y' would be expanded" },
    { "a cast", "[int]'5'", "a type or cast" },
    { "an operator", "1 + 2", "the operator '%+' would be evaluated" },
    { "a word operator", "'a' -f 'b'", "the operator '%-f' would be evaluated" },
    { "a negation", "-not $true", "the operator '%-not' would be evaluated" },
    { "an exclamation mark", "!$true", "the operator '!'" },
    { "an increment", "++5", "the operator '%+%+'" },
    { "a range", "1..3", "a range would be evaluated" },
    { "a ternary", "$true ? 1 : 2", "the operator '%?'" },
    { "an index", "@(1, 2)[0]", "picking an element" },
    { "a member", "'x'.Length", "reading a member of a value" },
    { "a method", "'x'.Trim()", "reading a member of a value" },
    { "a pipeline", "'x' | Out-File y", "a pipeline" },
    { "a redirection", "'x' > y", "a redirection" },
    { "a call", "& 'x'", "'&' would run a command" },
    { "a statement", "if ($true) { 1 }", "'if' begins a statement" },
    { "splatting", "@args", "splatting" },
    { "a sign before a text", "-'5'", "a number must follow the sign" },
  }
  for _, case in ipairs(cases) do
    it("refuses " .. case[1] .. " with its place", function()
      assert.matches("^joiner%.psd1:%d+:%d+: .*" .. case[3], refused(case[2]))
    end)
  end

  it("reads a script block as code, for the data-only rule to refuse with its path", function()
    local code = read("{ Get-Date | % { '}' } # }\n }")
    assert.is_true(data.is_code(code))
    assert.equal("{ Get-Date | % { '}' } # }\n }", tostring(code))
  end)

  it("names a script block that is never closed", function()
    assert.matches(":1:8: the script block is never closed", refused("{ x { y { z"))
  end)

  it("names brackets that are closed by the wrong one, or never", function()
    assert.matches("'@%(' of line 1 must be closed with '%)'", refused("@(1"))
    assert.matches("'@{' of line 1 must be closed with '}'", refused("@{ a = 1 )"))
    assert.matches("joiner%.psd1:2:6: '@%(' is never closed", refusal("@{\n a = @(\n 1\n"))
    assert.matches("parentheses hold one value", refused("(1; 2)"))
    assert.matches("comment is never closed", refusal("@{ <# x }"))
  end)
end)
