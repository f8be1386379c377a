local clixml = require("idle.clixml")
local clr = require("idle.sim.clr")
local json = require("idle.json")
local values = require("spec.support.values")
local value = require("idle.engine.value")
local writer = require("idle.sim.clixml_writer")

-- Text without the white space between elements.
local function compact(v, depth)
  return (writer.write(v, depth or 4):gsub(">%s+<", "><"):gsub("^<Objs[^>]*>", ""):gsub("</Objs>$", ""))
end

describe("idle.sim.clixml_writer", function()
  it("writes what PSSerializer writes (captured from a real one)", function()
    local policy = clr.enum("Pol", "Delta", 1)
    local run = clr.object("Run", { { "RunHistoryId", clr.guid("00000000-0000-0000-0000-000000000000") },
                                    { "Next", policy }, { "T", clr.span("PT30M") }, { "None", clr.null } })
    assert.equal('<Obj RefId="0"><TN RefId="0"><T>Run</T><T>System.Object</T></TN><ToString>Run</ToString><Props>'
      .. '<G N="RunHistoryId">00000000-0000-0000-0000-000000000000</G><Obj N="Next" RefId="1"><TN RefId="1"><T>Pol</T>'
      .. '<T>System.Enum</T><T>System.ValueType</T><T>System.Object</T></TN><ToString>Delta</ToString><I32>1</I32>'
      .. '</Obj><TS N="T">PT30M</TS><Nil N="None" /></Props></Obj>', compact(run))
  end)

  it("writes a date of Get-Date with its display hint", function()
    assert.equal('<Obj RefId="0"><DT>2026-11-24T17:19:15.8105981+00:00</DT><MS><Obj N="DisplayHint" RefId="1">'
      .. '<TN RefId="0"><T>Microsoft.PowerShell.Commands.DisplayHintType</T><T>System.Enum</T><T>System.ValueType</T>'
      .. '<T>System.Object</T></TN><ToString>DateTime</ToString><I32>2</I32></Obj></MS></Obj>',
      compact(clr.date("2026-11-24T17:19:15.8105981+00:00", true)))
  end)

  it("names a type once and refers to it afterwards", function()
    local xml = compact(value.list({ value.list(), value.list() }))
    assert.equal(1, select(2, xml:gsub("<TN ", "")))
    assert.equal(2, select(2, xml:gsub('<TNRef RefId="0" />', "")))
  end)

  it("keeps so many levels of objects and writes names beyond them; lists and maps are none", function()
    local function nest(levels)
      local inner = levels > 1 and value.list({ { a = nest(levels - 1) } }) or 1
      return clr.object("Level" .. levels, { { "Inner", inner } })
    end
    local shown = clixml.decode(writer.write(nest(3), 2))
    assert.equal("Level1", shown.Inner[1].a.Inner[1].a)
    assert.equal("Delta", clixml.decode(writer.write(clr.enum("Pol", "Delta", 1), 0)))
  end)

  it("writes Lua's own values so that they can be read back", function()
    assert.is_nil(values.difference(values.nasty, clixml.decode(writer.write(values.nasty, 4))))
    assert.equal('<I64>2147483648</I64>', compact(2147483648))
    assert.equal('<I32>-2147483648</I32>', compact(-2147483648))
    assert.equal('<Nil />', compact(json.null))
    assert.equal('<Db>NaN</Db>', compact(0 / 0))
  end)
end)
