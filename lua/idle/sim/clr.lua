--- Values of .NET types for which Lua has none, as the simulated server answers with them.
local clr = {}

---@class idle.ClrValue
---@field clr "date"|"span"|"guid"|"enum"|"object"|"row"|"map"|"null"

local Clr = { __name = "idle.sim.clr" }

local function new(fields) return setmetatable(fields, Clr) end

---@param v any
---@return boolean
function clr.is(v) return getmetatable(v) == Clr end

clr.null = new({ clr = "null" })

--- A DateTime, given as it is serialised. What Get-Date returns carries a display hint.
---@param text      string
---@param has_hint? boolean
function clr.date(text, has_hint) return new({ clr = "date", text = text, has_hint = has_hint }) end

--- A TimeSpan, given as XML writes it.
---@param xml_text string
function clr.span(xml_text) return new({ clr = "span", text = xml_text }) end

---@param text string
function clr.guid(text) return new({ clr = "guid", text = text }) end

---@param type_name string
---@param name      string
---@param number    integer
function clr.enum(type_name, name, number)
  return new({ clr = "enum", type = type_name, name = name, number = number })
end

--- An object with properties in their order.
---@param type_name  string
---@param properties { [1]: string, [2]: any }[]
function clr.object(type_name, properties)
  return new({ clr = "object", type = type_name, properties = properties })
end

--- An object of which there are many. The values are those that arrive at the other end.
---@param columns { type: string, [integer]: { [1]: string, [2]: nil|fun(v: any): idle.ClrValue } }  names, in their
---                order, and what makes a .NET value of a field; shared by all rows
---@param values  any[]    plain ones, and idle.null
---@param nested? string   name of the one field that holds a ClrValue or a list of them
function clr.row(columns, values, nested)
  return new({ clr = "row", columns = columns, values = values, nested = nested })
end

--- A list of rows of the same columns, none of them with a nested value.
---@param columns table
---@param rows    idle.List
---@return idle.List rows
function clr.rows(columns, rows)
  rows.columns = columns
  return rows
end

--- A Hashtable with its entries in an order.
---@param entries { [1]: string, [2]: any }[]
function clr.map(entries) return new({ clr = "map", entries = entries }) end

return clr
