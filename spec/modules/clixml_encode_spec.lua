local clixml = require("idle.clixml")
local json = require("idle.json")
local secret = require("idle.secret")
local support = require("spec.support.clixml")
local value = require("idle.engine.value")

local null, objs = json.null, support.objs

--- As it arrives on the far end and comes back, without a far end.
local function round_trip(v)
  local xml = assert(clixml.encode(v))
  local back, err = clixml.decode(xml)
  assert.is_nil(err)
  return back
end

describe("idle.clixml", function()
  describe("encode", function()
    it("writes the types that PowerShell expects", function()
      assert.equal(objs('<Obj RefId="0"><TN RefId="0"><T>System.Collections.Hashtable</T><T>System.Object</T></TN><DCT>'
        .. '<En><S N="Key">b</S><B N="Value">true</B></En>'
        .. '<En><S N="Key">f</S><Db N="Value">1.5</Db></En>'
        .. '<En><S N="Key">i</S><I32 N="Value">-2147483648</I32></En>'
        .. '<En><S N="Key">j</S><I64 N="Value">2147483648</I64></En>'
        .. '<En><S N="Key">l</S><Obj N="Value" RefId="1"><TN RefId="1"><T>System.Collections.ArrayList</T>'
        .. '<T>System.Object</T></TN><LST><Nil /><Obj RefId="2"><TNRef RefId="1" /><LST></LST></Obj></LST></Obj></En>'
        .. '<En><S N="Key">m</S><Obj N="Value" RefId="3"><TNRef RefId="0" /><DCT></DCT></Obj></En>'
        .. '<En><S N="Key">x</S><BA N="Value">AQID</BA></En>'
        .. "</DCT></Obj>"),
        clixml.encode({ b = true, f = 1.5, i = -2147483648, j = 2147483648, l = { null, value.list() }, m = {},
          x = value.bytes("\1\2\3") }))
      assert.equal(objs("<Nil />"), clixml.encode(nil))
    end)

    it("sorts keys, so that the same value gives the same document", function()
      local map = {}
      for i = 1, 100 do map["key" .. i] = i end
      local keys = {}
      for key in clixml.encode(map):gmatch('<S N="Key">(.-)</S>') do keys[#keys + 1] = key end
      local sorted = table.move(keys, 1, #keys, 1, {})
      table.sort(sorted)
      assert.same(sorted, keys)
      assert.equal(100, #keys)
    end)

    it("escapes what XML can't hold or would change", function()
      for text, escaped in pairs({
        ["a<b>&c"] = "a&lt;b&gt;&amp;c", ["\r\n\t\0"] = "_x000D__x000A__x0009__x0000_", ["_x000A_"] = "_x005F_x000A_",
        ["_X"] = "_x005F_X", ["_"] = "_", ["\u{1D11E}"] = "_xD834__xDD1E_", ["\u{10FFFF}"] = "_xDBFF__xDFFF_",
        ["\xED\xA0\xB4"] = "_xD834_", ["\u{FFFE}\u{FFFF}"] = "_xFFFE__xFFFF_", ["\u{85}\u{7F}"] = "_x0085__x007F_",
        ["  "] = "_x0020_ ", [" a"] = " a", ["é€"] = "é€",
      }) do
        assert.equal(objs("<S>" .. escaped .. "</S>"), clixml.encode(text))
      end
    end)

    it("writes floats in the shortest form that reads back the same", function()
      for _, case in ipairs({
        { 0.1, "0.1" }, { 1.0, "1" }, { 1e300, "1e+300" }, { 1 / 3, "0.3333333333333333" }, { 0.1 + 0.2,
          "0.30000000000000004" }, { -0.0, "-0" }, { math.huge, "INF" }, { -math.huge, "-INF" }, { 0 / 0, "NaN" },
      }) do
        assert.equal(objs("<Db>" .. case[2] .. "</Db>"), clixml.encode(case[1]))
      end
    end)
  end)

  describe("a round trip", function()
    local function assert_same(v)
      assert.same(v, round_trip(v))
    end

    it("keeps every kind of string", function()
      for _, text in ipairs({
        "", " ", "\n", "\r\n", "\0", "a\0b", '"', "'", ";", "$()", "$(Get-Item)", "`", "`n", "-Force", "--", "_x000A_",
        "_x005F_", "_x005F_x000A_", "_", "__x0041__", "]]>", "<!--", "&amp;", "%PATH%", "\\", "2026-01-02T03:04:05Z",
        "\27[31m", "\xED\xA0\xB4", "\xED\xB4\x9E", "x\xED\xA0\xB4x", ("x"):rep(100000),
      }) do
        assert_same(text)
        assert_same({ text, key = nil })
        assert_same({ [text] = text })
      end
    end)

    it("keeps characters of every plane", function()
      for plane = 0, 16 do
        for _, low in ipairs({ 0, 1, 0x41, 0xE9, 0x2028, 0xABCD, 0xD7FF, 0xE000, 0xFEFF, 0xFFFD, 0xFFFF }) do
          assert_same("a" .. utf8.char(plane * 0x10000 + low) .. "b")
        end
      end
      local all = {}
      for code = 0, 0xFFFF do all[#all + 1] = utf8.char(code) end
      assert.equal(table.concat(all, " "), round_trip(table.concat(all, " ")))
    end)

    it("keeps numbers", function()
      for _, number in ipairs({ 0, -1, math.maxinteger, math.mininteger, 2 ^ 53,
        9007199254740993, 2147483647, 2147483648, -2147483649, 0.1, 1e308, 5e-324, -1.5, 1.0, 0.1 + 0.2,
        math.pi, math.huge, -math.huge }) do
        local back = round_trip(number)
        assert.equal(number, back)
        assert.equal(math.type(number), math.type(back))
      end
      assert.is_true(round_trip(0 / 0) ~= round_trip(0 / 0))
    end)

    it("keeps lists, maps and what is in them", function()
      local v = {
        empty_list = value.list(), empty_map = {}, nested = { value.list(), {}, value.list({ value.list() }), { {} } },
        one = value.list({ 1 }), mixed = { 1, "a", true, false, null, 1.5 }, bytes = value.bytes("\0\255\r\n"),
        no_bytes = value.bytes(""),
      }
      local back = round_trip(v)
      assert.same(v, back)
      assert.is_true(value.is_list(back.empty_list))
      assert.is_false(value.is_list(back.empty_map))
      assert.is_true(value.is_list(back.nested[1]))
      assert.is_false(value.is_list(back.nested[2]))
      assert.is_true(value.is_bytes(back.bytes))
      assert.equal("\0\255\r\n", tostring(back.bytes))
    end)

    it("repeats a table that is used twice", function()
      local shared = { "x" }
      assert.same({ { "x" }, { "x" } }, round_trip({ shared, shared }))
    end)

    it("keeps what is nested 100 deep", function()
      local v = {}
      for _ = 1, 99 do v = { v } end
      assert.same(v, round_trip(v))
    end)

    it("works in a locale with a decimal comma", function()
      if not os.setlocale("de_DE.UTF-8", "numeric") then return end
      local back, text = round_trip(1.5), clixml.encode(1.5)
      os.setlocale("C", "numeric")
      assert.equal(1.5, back)
      assert.equal(objs("<Db>1.5</Db>"), text)
    end)
  end)

  describe("encode refuses", function()
    local function encode_refusal(v, options)
      local xml, err = clixml.encode(v, options)
      assert.is_nil(xml)
      assert.equal("input.parameter", err.kind)
      return err.message
    end

    it("what is no data, and names its path", function()
      assert.equal("Members[2].Name: a value of type function can't be sent",
        encode_refusal({ Members = { {}, { Name = print } } }))
      assert.equal("Parameters.Members[1]: a value of type thread can't be sent",
        encode_refusal({ Members = { coroutine.create(print) } }, { name = "Parameters" }))
      assert.equal('["odd key"][1]: a value of type FILE* can\'t be sent',
        encode_refusal({ ["odd key"] = { io.stdout } }))
      assert.equal("the value: a value of type function can't be sent", encode_refusal(print))
    end)

    it("tables that contain themselves", function()
      local circle = { name = "x" }
      circle.list = { circle }
      assert.equal("list[1]: the table contains itself", encode_refusal(circle))
    end)

    it("tables that are neither list nor map", function()
      local message = "the value: a table needs either strings as keys, or exactly the keys 1 to n"
      for _, v in ipairs({ { 1, x = 1 }, { [2] = 1 }, { [0] = 1 }, { [1.5] = 1 }, { [true] = 1 }, { 2, [-1] = 1 } }) do
        assert.equal(message, encode_refusal(v))
      end
      message = "the value: a list has only the keys 1 to n, without a gap; use idle.null"
      assert.equal(message, encode_refusal(value.list({ 1, nil, 3 })))
      assert.equal(message, encode_refusal(value.list({ 1, x = 2 })))
    end)

    it("strings and keys that are not UTF-8", function()
      assert.equal("a[1]: the string is not UTF-8 from byte 3 on; wrap bytes in idle.bytes",
        encode_refusal({ a = { "ab\xFF" } }))
      for _, text in ipairs({ "\x80", "\xC0\x80", "\xE2\x82", "\xE0\x80\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80" }) do
        assert.matches("not UTF%-8 from byte 1 on", encode_refusal(text))
        assert.matches("not UTF%-8 from byte 1 on", encode_refusal({ [text] = 1 }))
      end
    end)

    it("what is nested too deeply", function()
      local v = {}
      for _ = 1, 100 do v = { a = v } end
      assert.matches("%.a: nested deeper than 100 tables$", encode_refusal(v))
    end)

    it("secrets, unless they are asked for", function()
      local password <close> = secret.new("geheim")
      assert.equal("Password: a secret must not be sent here", encode_refusal({ Password = password }))
      assert.equal(objs("<S>geheim</S>"), clixml.encode(password, { secrets = true }))
      password:close()
      assert.matches("idle.secret can't be sent", encode_refusal(password, { secrets = true }))
    end)

    it("bytes without a string", function()
      assert.equal("the value: idle.bytes without a string",
        encode_refusal(setmetatable({}, { __name = "idle.bytes" })))
    end)
  end)
end)
