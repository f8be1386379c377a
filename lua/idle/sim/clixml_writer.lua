--- Writes CLIXML the way PSSerializer.Serialize does. Written for the simulator, apart from the
--- writer of idle.clixml, so that a mistake in the one isn't repeated by the other.
local clr = require("idle.sim.clr")
local memo = require("idle.engine.memo")
local records = require("idle.sim.records")
local value = require("idle.engine.value")

local writer = {}

local HEAD = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function escape_unit(unit) return ("_x%04X_"):format(unit) end

-- Every UTF-16 unit that XML can't hold, and both halves of every astral character; the two that
-- PSSerializer forgets to escape are refused by the XML writer below it.
local function escape_code(code)
  if code == 0xFFFE or code == 0xFFFF then records.raise(records.not_serializable(code)) end
  if code >= 0x10000 then
    local rest = code - 0x10000
    return escape_unit(0xD800 + (rest >> 10)) .. escape_unit(0xDC00 + (rest & 0x3FF))
  elseif code < 0x20 or (code >= 0x7F and code < 0xA0) or (code >= 0xD800 and code < 0xE000) then
    return escape_unit(code)
  end
  return utf8.char(code)
end

local function escape(text)
  text = text:gsub("_x(%x%x%x%x_)", "_x005F_x%1")
  if text:find("[^\x20-\x7E]") then
    local out = {}
    for _, code in utf8.codes(text, true) do out[#out + 1] = escape_code(code) end
    text = table.concat(out)
  end
  return (text:gsub('[&<>"]', ENTITIES))
end

-- Of properties and types there are few names, and each answer has them again.
local escape_name = memo.of(escape)
local attribute_of = memo.of(function(name) return (' N="%s"'):format(escape(name)) end)
local indent_of = memo.of(function(level) return ("  "):rep(level) end)

local Writer = {}
Writer.__index = Writer

function Writer:line(level, text)
  self.lines[#self.lines + 1] = indent_of(level) .. text
end

local function name_attribute(name) return name and attribute_of(name) or "" end

function Writer:leaf(level, tag, name, text)
  if text == "" and tag ~= "S" then
    self:line(level, "<" .. tag .. name_attribute(name) .. " />")
  else
    self:line(level, "<" .. tag .. name_attribute(name) .. ">" .. text .. "</" .. tag .. ">")
  end
end

function Writer:open_object(level, name)
  self:line(level, ('<Obj%s RefId="%d">'):format(name_attribute(name), self.objects))
  self.objects = self.objects + 1
end

-- A list of type names is written once and referred to afterwards.
function Writer:type_names(level, names)
  local key = names[1]
  if self.types[key] then return self:line(level, ('<TNRef RefId="%d" />'):format(self.types[key])) end
  self.types[key] = self.type_count
  self.type_count = self.type_count + 1
  self:line(level, ('<TN RefId="%d">'):format(self.types[key]))
  for _, type_name in ipairs(names) do self:leaf(level + 1, "T", nil, escape_name(type_name)) end
  self:line(level, "</TN>")
end

function Writer:list(level, name, items, depth)
  self:open_object(level, name)
  self:type_names(level + 1, { "System.Collections.ArrayList", "System.Object" })
  self:line(level + 1, "<LST>")
  for _, item in ipairs(items) do self:value(level + 2, nil, item, depth) end
  self:line(level + 1, "</LST>")
  self:line(level, "</Obj>")
end

local function sorted_entries(map)
  local entries = {}
  for key, v in pairs(map) do entries[#entries + 1] = { key, v } end
  table.sort(entries, function(a, b) return tostring(a[1]) < tostring(b[1]) end)
  return entries
end

function Writer:map(level, name, entries, depth)
  self:open_object(level, name)
  self:type_names(level + 1, { "System.Collections.Hashtable", "System.Object" })
  self:line(level + 1, "<DCT>")
  for _, entry in ipairs(entries) do
    self:line(level + 2, "<En>")
    self:value(level + 3, "Key", entry[1], depth)
    self:value(level + 3, "Value", entry[2], depth)
    self:line(level + 2, "</En>")
  end
  self:line(level + 1, "</DCT>")
  self:line(level, "</Obj>")
end

function Writer:integer(level, name, number)
  local fits = number >= -2147483648 and number <= 2147483647
  self:leaf(level, fits and "I32" or "I64", name, tostring(number))
end

local function float_text(number)
  if number ~= number then return "NaN" end
  if number == math.huge then return "INF" end
  if number == -math.huge then return "-INF" end
  return ("%.17g"):format(number)
end

function Writer:table(level, name, v, depth)
  if value.is_bytes(v) then
    self:leaf(level, "BA", name, require("idle.base64").encode(v[1]))
  elseif value.is_sequence(v) then
    self:list(level, name, v, depth)
  else
    self:map(level, name, sorted_entries(v), depth)
  end
end

local by_clr = {}

function by_clr:null(level, name) self:leaf(level, "Nil", name, "") end
function by_clr:span(level, name, v) self:leaf(level, "TS", name, v.text) end
function by_clr:guid(level, name, v) self:leaf(level, "G", name, v.text) end
function by_clr:map(level, name, v, depth) self:map(level, name, v.entries, depth) end

function by_clr:date(level, name, v)
  if not v.has_hint then return self:leaf(level, "DT", name, v.text) end
  self:open_object(level, name)
  self:leaf(level + 1, "DT", nil, v.text)
  self:line(level + 1, "<MS>")
  self:value(level + 2, "DisplayHint", clr.enum("Microsoft.PowerShell.Commands.DisplayHintType", "DateTime", 2), 1)
  self:line(level + 1, "</MS>")
  self:line(level, "</Obj>")
end

function by_clr:enum(level, name, v, depth)
  if depth < 1 then return self:leaf(level, "S", name, v.name) end
  self:open_object(level, name)
  self:type_names(level + 1, { v.type, "System.Enum", "System.ValueType", "System.Object" })
  self:leaf(level + 1, "ToString", nil, v.name)
  self:integer(level + 1, nil, v.number)
  self:line(level, "</Obj>")
end

-- Only objects with properties take a level of the depth; beyond it comes what ToString() says.
function by_clr:object(level, name, v, depth)
  if depth < 1 then return self:leaf(level, "S", name, escape_name(v.type)) end
  self:open_object(level, name)
  self:type_names(level + 1, { v.type, "System.Object" })
  self:leaf(level + 1, "ToString", nil, escape_name(v.type))
  self:line(level + 1, "<Props>")
  for _, property in ipairs(v.properties) do self:value(level + 2, property[1], property[2], depth - 1) end
  self:line(level + 1, "</Props>")
  self:line(level, "</Obj>")
end

function by_clr:row(level, name, v, depth)
  local properties = {}
  for index, column in ipairs(v.columns) do
    local field = v.values[index]
    properties[index] = { column[1], column[2] and not value.is_null(field) and column[2](field) or field }
  end
  by_clr.object(self, level, name, { type = v.columns.type, properties = properties }, depth)
end

local by_type = {}

function by_type:string(level, name, v) self:leaf(level, "S", name, escape(v)) end
function by_type:boolean(level, name, v) self:leaf(level, "B", name, tostring(v)) end
function by_type:userdata(level, name) self:leaf(level, "Nil", name, "") end

function by_type:number(level, name, v)
  if math.type(v) == "integer" then return self:integer(level, name, v) end
  self:leaf(level, "Db", name, float_text(v))
end

function by_type:table(level, name, v, depth)
  if clr.is(v) then return by_clr[v.clr](self, level, name, v, depth) end
  self:table(level, name, v, depth)
end

function Writer:value(level, name, v, depth)
  by_type[type(v)](self, level, name, v, depth)
end

--- Serialises one value. Lua's own values are written as what they came from: strings, numbers,
--- booleans, bytes, lists, maps, and `idle.null`.
---@param v     any      or an idle.ClrValue
---@param depth integer  how many levels of objects are kept
---@return string xml  raises as a command does (idle.sim.records) for what can't be written
function writer.write(v, depth)
  local self = setmetatable({ lines = { HEAD }, objects = 0, types = {}, type_count = 0 }, Writer)
  self:value(1, nil, v, depth)
  self:line(0, "</Objs>")
  return table.concat(self.lines, "\r\n")
end

return writer
