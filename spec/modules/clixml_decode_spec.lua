local clixml = require("idle.clixml")
local json = require("idle.json")
local support = require("spec.support.clixml")
local value = require("idle.engine.value")

local null, objs = json.null, support.objs

local function decode(content)
  local v, err = clixml.decode(objs(content))
  assert.is_nil(err)
  return v
end

local function refusal(xml, max_depth)
  local v, err = clixml.decode(xml, max_depth)
  assert.is_nil(v)
  assert.equal("remote.protocol", err.kind)
  return err.message
end

describe("idle.clixml", function()
  describe("decode, of what a real PowerShell sent,", function()
    it("reads output and warnings of a command", function()
      local answer = support.sample("output")
      assert.same({ warnings = { "careful" }, output = { 1, null, "two" } }, answer)
      assert.is_true(value.is_list(answer.warnings))
      assert.is_false(value.is_list(answer))
    end)

    it("reads an object with properties of every type", function()
      local object = support.sample("types")
      assert.is_true(object.nan ~= object.nan)
      object.nan = nil
      assert.is_true(value.is_bytes(object.bytes))
      assert.is_true(value.is_list(object.array))
      assert.same({
        dLocal = "2026-01-02T03:04:05+01:00", dUnspecified = "2026-01-02T03:04:05", dUtc = "2026-01-02T03:04:05Z",
        ts = "00:00:00.0015000", week = "7.00:00:00", u64 = "18446744073709551615", decimal = "1.10", single = 1.5,
        inf = math.huge, char = "x", byte = 7, bytes = { "\1\2\3" }, bool = true, version = "1.2.3.4",
        uri = "http://x/?a=b", guid = "00000000-0000-0000-0000-000000000000", null = null, scriptblock = " 1 + 1 ",
        xml = '<a b="1" />', securestring = "[REDACTED]", enum = "Monday",
        credential = { UserName = "u", Password = "[REDACTED]" }, array = { 1, "x", null },
      }, object)
    end)
  end)

  describe("decode", function()
    it("keeps integers exact and tells them from floats", function()
      for text, expected in pairs({
        ["<I64>-9223372036854775808</I64>"] = math.mininteger, ["<I64>9223372036854775807</I64>"] = math.maxinteger,
        ["<I64>9007199254740993</I64>"] = 9007199254740993, ["<U32>4294967295</U32>"] = 4294967295,
        ["<SB>-128</SB>"] = -128, ["<By>255</By>"] = 255, ["<I16>-32768</I16>"] = -32768, ["<U16>65535</U16>"] = 65535,
      }) do
        assert.equal(expected, decode(text))
        assert.equal("integer", math.type(decode(text)))
      end
      for text, expected in pairs({
        ["<Db>1</Db>"] = 1.0, ["<Db>-1.5E-300</Db>"] = -1.5e-300, ["<Sg>0.1</Sg>"] = 0.1,
        ["<Db>-INF</Db>"] = -math.huge,
        ["<Db>123456789012345678901234567890</Db>"] = 123456789012345678901234567890.0,
      }) do
        assert.equal(expected, decode(text))
        assert.equal("float", math.type(decode(text)))
      end
      assert.equal("-inf", tostring(1 / decode("<Db>-0</Db>")))
    end)

    it("prints time spans as .NET does", function()
      for text, expected in pairs({
        PT0S = "00:00:00", PT30M = "00:30:00", P1DT2H3M4S = "1.02:03:04", ["-PT1.5S"] = "-00:00:01.5000000",
        PT36H = "1.12:00:00", ["PT0.0000001S"] = "00:00:00.0000001",
        ["P10675199DT2H48M5.4775807S"] = "10675199.02:48:05.4775807",
        ["-P10675199DT2H48M5.4775808S"] = "-10675199.02:48:05.4775808",
      }) do
        assert.equal(expected, decode("<TS>" .. text .. "</TS>"))
      end
      for _, text in ipairs({ "", "P", "1", "PT", "PT1", "P1M", "PT1.5H", "PTT1S", "P10675200D", "PT1Sx", "P1e3D" }) do
        assert.matches("<TS>: not a time span", refusal(objs("<TS>" .. text .. "</TS>")))
      end
    end)

    it("undoes the escapes of text", function()
      assert.equal("\r\n\0\27", decode("<S>_x000D__x000A__x0000__x001B_</S>"))
      assert.equal("\u{1D11E}", decode("<S>_xD834__xDD1E_</S>"))
      assert.equal("_x000A_", decode("<S>_x005F_x000A_</S>"))
      assert.equal("\xED\xA0\xB4x", decode("<S>_xD834_x</S>"))
      assert.equal("\xED\xB4\x9E\xED\xA0\xB4", decode("<S>_xDD1E__xD834_</S>"))
      assert.equal("_x00_ _xGGGG_ _x0041 _ x0041_ _", decode("<S>_x00_ _xGGGG_ _x0041 _ x0041_ _</S>"))
      assert.equal("é<&>ü", decode("<S>_x00e9_&lt;&amp;&gt;_X00FC_</S>"))
      assert.equal(" \n ", decode("<S> \n </S>"))
      assert.equal("", decode("<S />"))
    end)

    it("undoes the escapes of property names and keeps their case", function()
      local object = decode('<Obj RefId="0"><MS><I32 N="A_x000A_b">1</I32><I32 N="name">2</I32>'
        .. '<I32 N="Name">3</I32></MS></Obj>')
      assert.same({ ["A\nb"] = 1, name = 2, Name = 3 }, object)
    end)

    it("takes a char for the character, also half of a pair", function()
      assert.equal("€", decode("<C>8364</C>"))
      assert.equal("\0", decode("<C>0</C>"))
      assert.equal("\xED\xA0\xB4", decode("<C>55348</C>"))
      assert.matches("not a character", refusal(objs("<C>65536</C>")))
    end)

    it("returns nil for null, for nothing, and the first of several objects", function()
      assert.is_nil(decode("<Nil />"))
      assert.is_nil(decode(""))
      assert.equal("one", decode("<S>one</S><S>two</S>"))
    end)

    it("takes queues, stacks and enumerables for lists", function()
      for _, container in ipairs({ "LST", "QUE", "STK", "IE" }) do
        local list = decode(('<Obj RefId="0"><%s><S>a</S></%s></Obj>'):format(container, container))
        assert.same({ "a" }, list)
        assert.is_true(value.is_list(list))
        local empty = decode(('<Obj RefId="0"><%s /></Obj>'):format(container))
        assert.is_true(value.is_list(empty))
        assert.equal(0, #empty)
      end
    end)

    it("turns every key of a dictionary into a string", function()
      local map = decode([[<Obj RefId="0"><DCT>
        <En><I32 N="Key">5</I32><S N="Value">integer</S></En>
        <En><B N="Key">true</B><S N="Value">boolean</S></En>
        <En><Db N="Key">1.5</Db><S N="Value">float</S></En>
        <En><Obj N="Key" RefId="1"><TN RefId="0"><T>System.DayOfWeek</T><T>System.Enum</T></TN>
          <ToString>Friday</ToString><I32>5</I32></Obj><S N="Value">enum</S></En>
        <En><Obj N="Key" RefId="2"><ToString>X</ToString><MS><S N="a">b</S></MS></Obj><S N="Value">object</S></En>
        </DCT></Obj>]])
      assert.same({ ["5"] = "integer", ["true"] = "boolean", ["1.5"] = "float", Friday = "enum", X = "object" }, map)
    end)

    it("lets the last of two equal names win", function()
      assert.same({ a = 2 }, decode('<Obj RefId="0"><MS><I32 N="a">1</I32><I32 N="a">2</I32></MS></Obj>'))
      assert.same({ a = 2, b = 3 }, decode(
        '<Obj RefId="0"><MS><I32 N="a">2</I32></MS><Props><I32 N="a">1</I32><I32 N="b">3</I32></Props></Obj>'))
    end)

    it("prefers a primitive value to the properties that were added to it", function()
      assert.equal("text", decode('<Obj RefId="0"><S>text</S><MS><S N="PSPath">C:\\x</S></MS></Obj>'))
    end)

    it("knows enumerations by types that came before or were read before", function()
      local list = decode([[<Obj RefId="0"><LST>
        <Obj RefId="1"><TN RefId="7"><T>X</T><T>System.Enum</T></TN><ToString>A, B</ToString><I32>3</I32></Obj>
        <Obj RefId="2"><TNRef RefId="7" /><ToString>A</ToString><I32>1</I32></Obj>
        <Obj RefId="3"><TN RefId="8"><T>Deserialized.System.Enum</T></TN><ToString>C</ToString><I32>4</I32></Obj>
        <Obj RefId="4"><TN RefId="9"><T>System.Int32</T></TN><ToString>5</ToString><I32>5</I32></Obj>
        </LST></Obj>]])
      assert.same({ "A, B", "A", "C", 5 }, list)
    end)

    it("takes an object without properties for what it says of itself", function()
      assert.equal("System.Object", decode('<Obj RefId="0"><TN RefId="0"><T>System.Object</T></TN>'
        .. "<ToString>System.Object</ToString></Obj>"))
      assert.same({}, decode('<Obj RefId="0"><TN RefId="0"><T>X</T></TN></Obj>'))
      assert.same({}, decode('<Obj RefId="0"><ToString>@{}</ToString><MS /></Obj>'))
    end)

    it("follows references, and breaks circles", function()
      local list = decode([[<Obj RefId="0"><LST><Obj RefId="1"><MS><S N="a">b</S></MS></Obj><Ref RefId="1" />
        <Obj RefId="2"><MS><Ref N="me" RefId="2" /><Ref N="all" RefId="0" /></MS></Obj></LST></Obj>]])
      assert.same({ { a = "b" }, { a = "b" }, { me = null, all = null } }, list)
      assert.matches("<Ref>: refers to nothing", refusal(objs('<Ref RefId="5" />')))
    end)

    it("ignores progress records", function()
      assert.same({ SourceId = 1, Record = null }, decode([[<Obj S="progress" RefId="0"><MS><I64 N="SourceId">1</I64>
        <PR N="Record"><AV>Preparing modules for first use.</AV><AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC>
        <T>Completed</T><SR>-1</SR><SD> </SD></PR></MS></Obj>]]))
    end)

    it("drops a SecureString whatever is in it", function()
      assert.equal("[REDACTED]", decode("<SS>67006500</SS>"))
      assert.equal("[REDACTED]", decode("<SS />"))
    end)
  end)

  describe("decode refuses", function()
    it("what is not XML, and says where", function()
      assert.equal("CLIXML cannot be read: line 1, column 1: no element found", refusal(""))
      assert.equal("CLIXML cannot be read: line 1, column 1: syntax error", refusal("IDLE"))
      assert.matches("line 2, column %d+: mismatched tag", refusal("<Objs>\n<S></Objs>"))
      assert.matches("no element found", refusal("<Objs><S>cut"))
      assert.matches("not well%-formed", refusal("<Objs><S>\xFF</S></Objs>"))
      assert.matches("junk after document", refusal("<Objs /><Objs />"))
    end)

    it("what is no CLIXML", function()
      assert.equal("CLIXML cannot be read: the root is no <Objs>", refusal("<S>x</S>"))
      assert.equal("CLIXML cannot be read: line 1, column 7: unknown element Foo", refusal("<Objs><Foo/></Objs>"))
      assert.matches("unknown element html", refusal("<html><body/></html>"))
      assert.matches("<LST>: is no value", refusal(objs("<LST />")))
      assert.matches("<S>: holds elements", refusal(objs("<S><S>x</S></S>")))
      assert.matches("<T>: does not belong into an <Obj>", refusal(objs("<Obj><T>x</T></Obj>")))
      assert.matches("<S>: a property without a name", refusal(objs("<Obj><MS><S>x</S></MS></Obj>")))
      assert.matches("<En>: no entry with Key and Value",
        refusal(objs('<Obj><DCT><En><S N="Key">a</S></En></DCT></Obj>')))
      assert.matches("a key that is no text",
        refusal(objs('<Obj><DCT><En><Nil N="Key" /><S N="Value" /></En></DCT></Obj>')))
    end)

    it("values that are not of their type", function()
      assert.equal("CLIXML cannot be read: line 1, column 81, <I32>: not an integer of 64 bits",
        refusal(objs("<I32>x</I32>")))
      for _, text in ipairs({ "", "1.0", "9223372036854775808", "0x10", " 1", "1 ", "+1", "-", "1_x0000_" }) do
        assert.matches("not an integer", refusal(objs("<I64>" .. text .. "</I64>")))
      end
      for _, text in ipairs({ "", "x", "0x10", "inf", "nan", "1,5" }) do
        assert.matches("not a number", refusal(objs("<Db>" .. text .. "</Db>")))
      end
      assert.matches("neither true nor false", refusal(objs("<B>True</B>")))
      assert.matches("not base64", refusal(objs("<BA>A</BA>")))
    end)

    it("a DOCTYPE, and with it entities", function()
      local laughs = [[<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>]]
      assert.matches("a DOCTYPE is not allowed", refusal(laughs .. "<Objs><S>&b;</S></Objs>"))
      assert.matches("undefined entity", refusal("<Objs><S>&b;</S></Objs>"))
    end)

    it("objects that are nested too deeply", function()
      local function nested(levels)
        return objs(("<Obj><LST>"):rep(levels) .. ("</LST></Obj>"):rep(levels))
      end
      assert.is_table(clixml.decode(nested(100)))
      assert.matches("<Obj>: nested too deeply", refusal(nested(101)))
      assert.is_table(clixml.decode(nested(3), 3))
      assert.matches("<Obj>: nested too deeply", refusal(nested(4), 3))
      assert.matches("elements are nested too deeply", refusal("<Objs>" .. ("<Obj>"):rep(100000)))
      assert.error_matches(function() clixml.decode("", 301) end, "1 to 300")
    end)

    it("references that multiply", function()
      local parts = { '<Obj RefId="0"><LST><S>ha</S></LST></Obj>' }
      for i = 1, 30 do
        local references = ('<Ref RefId="%d" />'):format(i - 1):rep(10)
        parts[#parts + 1] = ('<Obj RefId="%d"><LST>%s</LST></Obj>'):format(i, references)
      end
      assert.matches("too many values", refusal(objs("<Obj><LST>" .. table.concat(parts) .. "</LST></Obj>")))
    end)
  end)

  it("decodes damaged documents to a value or a clean error", function()
    local values, refusals = 0, 0
    for text in support.damaged(5000, 42) do
      local v, err = clixml.decode(text)
      if err then
        assert.is_nil(v)
        assert.equal("remote.protocol", err.kind)
        assert.matches("^CLIXML cannot be read: .", err.message)
        refusals = refusals + 1
      else
        values = values + 1
      end
    end
    assert.is_true(values > 100)
    assert.is_true(refusals > 1000)
  end)
end)
