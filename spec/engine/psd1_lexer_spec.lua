local lexer = require("idle.engine.psd1_lexer")
local lpeg = require("lpeg")

local match = lpeg.match

describe("idle.engine.psd1_lexer", function()
  it("reads a plain entry in one go: its position, key and value, and where it ends", function()
    assert.same({ 2, "Name", "a b", 14 }, { match(lexer.entry, "\nName = 'a b'\nType = 't'", 1) })
    assert.same({ 3, "Wait", true, 16 }, { match(lexer.entry, "; Wait = $TRUE }", 1) })
    assert.same({ 1, "Seconds", -5, 13 }, { match(lexer.entry, "Seconds = -5", 1) })
  end)

  it("leaves any other value to the parser, with the position at which it begins", function()
    for _, inside in ipairs({ "@{ }", "'it''s'", "1.5", "$null", "'a' 'b'", "'a', 'b'", "1kb", '"a`tb"' }) do
      assert.same({ 1, "a", nil, 5 }, { match(lexer.entry, "a = " .. inside, 1) }, inside)
    end
    assert.is_nil(match(lexer.entry, "$a = 1", 1))
  end)

  it("reads elements of a list in the same way, with and without a comma before them", function()
    assert.same({ 2, "a", 5 }, { match(lexer.item, "\n'a'\n'b'", 1) })
    assert.same({ 3, 2, 4 }, { match(lexer.next_item, ", 2, 3", 1) })
    assert.same({ 1, nil, 1 }, { match(lexer.item, "@( )", 1) })
  end)

  it("passes over spaces and comments, over line breaks only where they mean nothing", function()
    local text = " \t\u{A0}<# a\nb #> # c\n;x"
    local break_at = text:find("\n;")
    assert.equal(break_at, match(lexer.blank, text, 1))
    assert.equal(break_at + 1, match(lexer.skip, text, 1))
    assert.equal(break_at + 2, match(lexer.separators, text, 1))
    assert.equal(4, match(lexer.blank, "`\r\nx", 1))
  end)

  it("takes letters of all languages for a name, but no typographic quote or dash", function()
    assert.equal("Größe_2", (match(lexer.name, "Größe_2 = 1", 1)))
    assert.equal("a", (match(lexer.name, "a–b", 1)))
    assert.is_nil(match(lexer.name, "“a”", 1))
    assert.is_nil(match(lexer.name, "2a", 1))
  end)

  it("knows a word whatever its case", function()
    assert.equal(5, match(lexer.any_case("true"), "TrUe"))
    assert.is_nil(match(lexer.any_case("true"), "tree"))
  end)

  it("keeps all that hangs on to a number, for the message if it is none", function()
    assert.same({ "1.5e-3kb", 9 }, { match(lexer.number, "1.5e-3kb, 2", 1) })
    assert.same({ "5abc", 5 }, { match(lexer.number, "5abc", 1) })
    assert.same({ "1", 2 }, { match(lexer.number, "1-2", 1) })
  end)

  it("names variables with and without braces, scopes included", function()
    assert.same({ "env:PATH", 10 }, { match(lexer.variable, "$env:PATH x", 1) })
    assert.same({ "a b", 7 }, { match(lexer.variable, "${a b}", 1) })
    assert.is_nil(match(lexer.variable, "$(1)", 1))
  end)

  it("reads code up to a brace that is neither in a text nor in a comment", function()
    for _, code in ipairs({ "'}' ", '"`"}" ', "# }\n", "<# } #> ", "@'\n}\n'@ ", "`} " }) do
      assert.equal(#code + 1, match(lexer.code, code .. "}", 1), code)
    end
  end)

  it("ends code at a text that is never closed", function()
    assert.equal(3, match(lexer.code, "a 'b }", 1))
  end)
end)
