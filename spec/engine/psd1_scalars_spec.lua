local NULL = require("spec.support.null")
local data_files = require("spec.support.data_files")
local psd1 = require("idle.engine.psd1")
local scalars = require("idle.engine.psd1_scalars")
local value = require("idle.engine.value")

local read, refusal, refused = data_files.read, data_files.refusal, data_files.refused

local function same_list(expected, actual)
  assert.is_true(value.is_list(actual))
  assert.same(expected, actual)
end

describe("idle.engine.psd1_scalars: texts", function()
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

describe("idle.engine.psd1_scalars: numbers and constants", function()
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

describe("idle.engine.psd1_scalars", function()
  local function at(text, pos) return scalars.read({ text = text }, pos) end

  it("tells what stands at a position, and where it ends", function()
    assert.same({ "a", 6 }, { at("; 'a', 'b'", 3) })
    assert.same({ 12, 3 }, { at("12, 13", 1) })
    assert.same({ true, 6 }, { at("$true}", 1) })
    assert.equal(scalars.NULL, (at("$null", 1)))
  end)

  it("leaves to the parser what holds other values", function()
    for _, text in ipairs({ "@{ }", "@( )", "(1)", ", 1", "", "Get-Date" }) do
      assert.same({}, { at(text, 1) }, text)
    end
    assert.same({ 2, nil, true }, { at("-(1)", 1) })
  end)

  it("takes words, numbers and quoted texts for keys, and nothing else", function()
    local function key(text) return scalars.key({ text = text }, 1) end
    assert.same({ "Name", 5 }, { key("Name = 1") })
    assert.same({ "a b", 6 }, { key("'a b' = 1") })
    assert.same({ "5", 2 }, { key("5 = 1") })
    for _, text in ipairs({ "$true = 1", "@{ }", "}", "-5 = 1" }) do assert.same({}, { key(text) }, text) end
  end)
end)
