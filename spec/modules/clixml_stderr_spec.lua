local clixml = require("idle.clixml")
local escape = require("idle.engine.errors").escape
local support = require("spec.support.clixml")

local objs = support.objs

describe("idle.clixml", function()
  describe("stderr_text", function()
    local progress = [[<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T>]]
      .. [[<T>System.Object</T></TN><MS><I64 N="SourceId">1</I64><PR N="Record"><AV>Preparing modules</AV>]]
      .. [[<AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC><T>Completed</T><SR>-1</SR><SD> </SD></PR></MS></Obj>]]
    local errors = [[<S S="Error">_x001B_[31;1mException: boom_x001B_[0m_x000D__x000A_</S>]]
      .. [[<S S="Error">second line_x000D__x000A_</S>]]

    it("shows errors and warnings, and drops progress", function()
      assert.equal("Exception: boom\nsecond line\nwarning: careful\nverbose: more", clixml.stderr_text("#< CLIXML\r\n"
        .. objs(progress .. errors .. '<S S="warning">careful</S><S S="verbose">more</S>')))
    end)

    it("keeps raw lines around the document, and between several", function()
      assert.equal("before\nException: boom\nsecond line\nbetween\nwarning: careful\nafter", clixml.stderr_text(
        "before\r\n#< CLIXML\r\n" .. objs(errors) .. "between\n#< CLIXML\n" .. objs('<S S="warning">careful</S>')
        .. "after\n"))
    end)

    it("shows records that are objects by their text", function()
      assert.equal("information: hello", clixml.stderr_text(objs(
        '<Obj S="information" RefId="0"><ToString>hello</ToString><MS><S N="a">b</S></MS></Obj>')))
    end)

    it("shows what is left of a document that is cut", function()
      local whole = "#< CLIXML\r\n" .. objs(errors)
      assert.equal("Exception: boom\nsecond l", clixml.stderr_text(whole:sub(1, whole:find("ine_x", 1, true) - 1)))
      local from = whole:find("boom", 1, true)
      assert.equal("second line\nraw", clixml.stderr_text(whole:sub(from) .. "raw"))
      assert.equal("raw", clixml.stderr_text("nt</S></Objs>raw"))
    end)

    it("takes raw text for what it is, even if it looks like the begin of a document", function()
      assert.equal("bad <Objs argument", clixml.stderr_text("bad <Objs argument"))
    end)

    it("drops colours and escapes whatever else could harm a terminal", function()
      assert.equal("red bold\ttab\nnext", clixml.stderr_text("\27[31mred\27[0m \27[1;38;5;1mbold\ttab\rnext\27[K"))
      assert.equal("title", clixml.stderr_text("\27]0;evil\7title"))
      assert.equal("\\x00\\x07\\x7F\\u{0085}\\u{202E}\\xFF\\x80é",
        clixml.stderr_text("\0\7\127\u{85}\u{202E}\xFF\x80é"))
      assert.equal("\\u{D834}", clixml.stderr_text(objs('<S S="Error">_xD834_</S>')))
      assert.equal("x", clixml.stderr_text("x\27"))
    end)

    it("escapes what messages escape, character by character", function()
      local characters = {}
      for _, range in ipairs({ { 0x20, 0x3B }, { 0x3D, 0xD7FF }, { 0xE000, 0x10FFF }, { 0xDFFF0, 0xE00FF } }) do
        for code = range[1], range[2] do characters[#characters + 1] = utf8.char(code) end
      end
      local text = table.concat(characters)
      assert.is_true(escape(text) == clixml.stderr_text(text))
    end)

    it("is empty for nothing", function()
      assert.equal("", clixml.stderr_text(""))
      assert.equal("", clixml.stderr_text("#< CLIXML\r\n" .. objs(progress)))
      assert.equal("", clixml.stderr_text("#< CLIXML\r\n"))
    end)

    it("bounds what it looks at", function()
      assert.equal(1024 * 1024, #clixml.stderr_text(("x"):rep(3 * 1024 * 1024)))
    end)

    it("gives text that is safe to print, whatever it is given", function()
      for damaged in support.damaged(3000, 7) do
        local text = clixml.stderr_text(damaged)
        assert.is_nil(text:find("[%z\1-\8\11-\31\127]"))
        assert.is_truthy(utf8.len(text))
      end
    end)
  end)
end)
