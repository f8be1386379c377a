--- What a value of the simulated server looks like when it has arrived: as if `clixml_writer` had written it and
--- `idle.clixml` had read it, for plain values without going that way. Only a spec can tell the difference.
local clixml = require("idle.clixml")
local clr = require("idle.sim.clr")
local errors = require("idle.engine.errors")
local memo = require("idle.engine.memo")
local null = require("idle.json").null
local value = require("idle.engine.value")
local writer = require("idle.sim.clixml_writer")

local arrival = {}

-- Raised by what is not plain: then all of the value goes the long way.
local NOT_PLAIN = {}

local function by_wire(v, depth) return errors.check(clixml.decode(writer.write(v, depth))) end

local arrive
local by_type = {}

--- Whether a text has only characters that arrive as they are, whichever way it takes.
---@param text string
---@return boolean
function arrival.is_plain_text(text) return not text:find("[^\x20-\x7E]") end

--- The same of a name, which comes again and again.
---@type fun(name: string): boolean
arrival.is_plain_name = memo.of(arrival.is_plain_text)

local function plain_text(v)
  if not arrival.is_plain_text(v) then error(NOT_PLAIN, 0) end
  return v
end

-- Makes tables of one shape from the values of their fields, in order: several times faster than field by field.
local function new_maker(columns)
  local fields = {}
  for index, column in ipairs(columns) do fields[index] = ("[%q] = v[%d]"):format(column[1], index) end
  return load(("return function(v) return { %s } end"):format(table.concat(fields, ", ")))()
end

local makers = {} ---@type table<string, fun(v: any[]): table>  by the names of the fields

-- `columns` is a row's, or the properties of an object: it keeps its maker.
local function maker_of(columns)
  if columns.make then return columns.make end
  local names = {}
  for index, column in ipairs(columns) do names[index] = column[1] end
  local key = table.concat(names, "\n")
  makers[key] = makers[key] or new_maker(columns)
  columns.make = makers[key]
  return columns.make
end

local function arrive_row(row, depth)
  if depth < 1 then return row.columns.type end
  local object = maker_of(row.columns)(row.values)
  if row.nested then object[row.nested] = arrive(object[row.nested], depth - 1) end
  return object
end

local function arrive_rows(rows)
  local list, make = {}, maker_of(rows.columns)
  for index = 1, #rows do list[index] = make(rows[index].values) end
  return value.list(list)
end

local function arrive_list(items, depth)
  if depth > 0 and items.columns then return arrive_rows(items) end
  local list = {}
  for index = 1, #items do list[index] = arrive(items[index], depth) end
  return value.list(list)
end

local function arrive_map(map, depth)
  local copy = {}
  for key, field in next, map do
    if type(key) ~= "string" then error(NOT_PLAIN, 0) end
    copy[plain_text(key)] = arrive(field, depth)
  end
  return copy
end

local by_clr = {}

local span_text = memo.of(function(xml_text) return by_wire(clr.span(xml_text), 1) end)

function by_clr.null() return null end
function by_clr.guid(v) return plain_text(v.text) end
function by_clr.date(v) return plain_text(v.text) end
function by_clr.enum(v) return plain_text(v.name) end

function by_clr.span(v) return span_text(v.text) end

function by_clr.map(v, depth)
  local map = {}
  for _, entry in ipairs(v.entries) do
    if type(entry[1]) ~= "string" then error(NOT_PLAIN, 0) end
    map[plain_text(entry[1])] = arrive(entry[2], depth)
  end
  return map
end

local LEAVES = { date = true, enum = true, guid = true, null = true, span = true }

-- Whether no property takes a level of the depth.
local function is_flat(object)
  for _, property in ipairs(object.properties) do
    local v = property[2]
    if type(v) == "table" and not (clr.is(v) and LEAVES[v.clr]) then return false end
  end
  return true
end

local function arrived_values(object, depth)
  if object.arrived then return object.arrived end
  local values = {}
  for index, property in ipairs(object.properties) do values[index] = arrive(property[2], depth - 1) end
  if is_flat(object) then object.arrived = values end
  return values
end

-- The server answers with the same object as long as it shows the same.
function by_clr.object(v, depth)
  if depth < 1 then return plain_text(v.type) end
  return maker_of(v.properties)(arrived_values(v, depth))
end

by_clr.row = arrive_row

by_type.string = plain_text

function by_type.boolean(v) return v end
function by_type.userdata() return null end

function by_type.number(v)
  if math.type(v) == "float" then error(NOT_PLAIN, 0) end
  return v
end

function by_type.table(v, depth)
  if clr.is(v) then return by_clr[v.clr](v, depth) end
  if value.is_bytes(v) then return value.bytes(v[1]) end
  return (value.is_sequence(v) and arrive_list or arrive_map)(v, depth)
end

function arrive(v, depth) return by_type[type(v)](v, depth) end

--- A value as it arrives.
---@param v     any      or an idle.ClrValue, but no null
---@param depth integer  how many levels of objects are kept
---@return any  raises as a command does (idle.sim.records) for what can't be written
function arrival.of(v, depth)
  local is_plain, arrived = pcall(arrive, v, depth)
  if is_plain then return arrived end
  if arrived ~= NOT_PLAIN then error(arrived, 0) end
  return by_wire(v, depth)
end

return arrival
