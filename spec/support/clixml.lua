--- Documents of CLIXML for specs.
local clixml = require("idle.clixml")
local file = require("idle.file")

local support = {}

--- A document around the XML of its objects.
function support.objs(content)
  return ('<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">%s</Objs>'):format(content)
end

--- The value of a document that a real PowerShell sent; its text is in spec/support/clixml.
function support.sample(name)
  local v, err = clixml.decode(assert(file.read(("spec/support/clixml/%s.xml"):format(name))))
  return assert(v, err and err.message)
end

local pieces = {
  "<", ">", "/", "<S>", "</S>", "<Obj>", "</Obj>", '<Ref RefId="0" />', "&", ";", '"', "_xD8", "\0", "\xFF",
  "<!DOCTYPE x>", "<PR>", 'N="Key"', "<LST>", "<![CDATA[", "<?", "9999999999999999999", "</Objs>", "",
}

local whole = {
  support.objs('<Obj RefId="0"><TN RefId="0"><T>System.Collections.Hashtable</T></TN><DCT><En><S N="Key">a</S>'
    .. '<Obj N="Value" RefId="1"><TN RefId="1"><T>System.Enum</T></TN><ToString>M</ToString><I32>1</I32></Obj></En>'
    .. '<En><I64 N="Key">-5</I64><Ref N="Value" RefId="1" /></En></DCT></Obj>'),
  support.objs('<Obj RefId="0"><LST><Db>1.5</Db><TS>P1DT2H</TS><BA>AQID</BA><SS>00</SS><Nil /><C>120</C>'
    .. '<S>_xD834__xDD1E_</S></LST><MS><S N="x">&lt;</S><PR N="p"><AV>x</AV></PR></MS></Obj>'
    .. '<S S="Error">_x001B_[31mx</S>'),
}

-- A generator of its own: the same numbers on every run, so that a failure can be repeated.
local function new_random(seed)
  return function(low, high)
    seed = (seed * 1103515245 + 12345) % 0x80000000
    return low + (seed >> 8) % (high - low + 1)
  end
end

local function damage(text, random)
  for _ = 1, random(1, 4) do
    local from = random(1, #text)
    local behind = random(0, 1) == 0 and from or math.min(#text, from + random(0, 12))
    text = text:sub(1, from - 1) .. pieces[random(1, #pieces)] .. text:sub(behind)
  end
  return text
end

--- Iterates over documents that are damaged at random.
function support.damaged(count, seed)
  local random, i = new_random(seed), 0
  return function()
    i = i + 1
    if i <= count then return damage(whole[i % #whole + 1], random) end
  end
end

return support
