local data = require("idle.engine.data")
local data_files = require("spec.support.data_files")
local refusal = require("idle.engine.psd1_refusal")

local read, refusal_of, refused = data_files.read, data_files.refusal, data_files.refused

describe("idle.engine.psd1_refusal: what PowerShell would execute", function()
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
    assert.matches("joiner%.psd1:2:6: '@%(' is never closed", refusal_of("@{\n a = @(\n 1\n"))
    assert.matches("parentheses hold one value", refused("(1; 2)"))
    assert.matches("comment is never closed", refusal_of("@{ <# x }"))
  end)
end)

describe("idle.engine.psd1_refusal", function()
  it("tells a key in the wrong place from a command", function()
    assert.equal("'Name' looks like a key, but a value is expected here; entries of a map stand in '@{ … }'",
      refusal.before_value("Name = 1", 1))
    assert.equal("'Name' would run a command; if it is a text, put it in single quotes",
      refusal.before_value("Name", 1))
    assert.equal("the file ends where a value is expected", refusal.before_value("", 1))
  end)

  it("shows what follows a value up to where the value may end", function()
    assert.equal("unexpected ''b' 'c' ' after a value; a new line, ';' or ',' is missing",
      refusal.after_value("'a' 'b' 'c' ; d", 5))
  end)

  it("shows a character of which nothing is known, whatever its bytes", function()
    assert.equal("unexpected '%' where a value should begin", refusal.before_value("%", 1))
    assert.equal("unexpected '€' where a key should begin; a key is a word or a text in quotes", refusal.key("€", 1))
    assert.matches("\\x1B", refusal.key("\27", 1), 1, true)
  end)

  it("says how a list of maps is written where a key is missing", function()
    assert.matches("a list of maps is written '@( @{ … } )'", refusal.key("@{ Name = 'a' }", 1), 1, true)
  end)

  it("names a bracket and the one that closes it, with its line if that is another", function()
    assert.equal("'@{' is never closed; '}' is missing", refusal.unclosed("@{ a", 1))
    assert.equal("'(' is never closed; ')' is missing", refusal.unclosed("(1", 1))
    assert.equal("the '@(' of line 2 must be closed with ')'", refusal.wrong_bracket("@{ a =\n@( 1 }", 8))
  end)
end)
