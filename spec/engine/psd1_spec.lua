local data_files = require("spec.support.data_files")
local psd1 = require("idle.engine.psd1")

local parse, refusal = data_files.parse, data_files.refusal

describe("idle.engine.psd1", function()
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

