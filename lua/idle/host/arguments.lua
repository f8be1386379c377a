--- Reads a command's arguments as its table describes them.
local errors = require("idle.engine.errors")
local suggest = require("idle.engine.suggest")

local arguments = {}

local function fail(format, ...)
  errors.raise("input.option", format:format(...))
end

local function option_names(rows)
  local names = {}
  for index, row in ipairs(rows) do names[index] = row.name end
  return names
end

local function find_row(rows, name)
  for _, row in ipairs(rows) do
    if row.name == name then return row end
  end
  fail("unknown option '--%s'%s", errors.escape(name),
    suggest.hint(name, option_names(rows)):gsub("'(.-)'", "'--%1'"))
end

local function convert_choice(row, text)
  for _, choice in ipairs(row.choices) do
    if choice:lower() == text:lower() then return choice end
  end
  fail("--%s must be one of %s, not '%s'", row.name, table.concat(row.choices, ", "), errors.escape(text))
end

local converters = {
  number = function(row, text)
    local number = text:find("^[%d.]+$") and tonumber(text)
    if number and number > 0 then return number end
    fail("--%s needs a number above 0, not '%s'", row.name, errors.escape(text))
  end,
  duration = function(row, text)
    local number = text:find("^[%d.]+$") and tonumber(text)
    if number then return number end
    fail("--%s needs a number, 0 or more, not '%s'", row.name, errors.escape(text))
  end,
  port = function(row, text)
    local port = text:find("^%d+$") and math.tointeger(tonumber(text))
    if port and port >= 1 and port <= 65535 then return port end
    fail("--%s needs a port from 1 to 65535, not '%s'", row.name, errors.escape(text))
  end,
}

local function convert(row, text)
  if not text:find("%S") then fail("--%s needs a value that is not empty", row.name) end
  if row.choices then return convert_choice(row, text) end
  local converter = converters[row.type]
  return converter and converter(row, text) or text
end

local function keep(options, row, v)
  if row.repeated then
    options[row.name] = options[row.name] or {}
    table.insert(options[row.name], v)
  else
    options[row.name] = v
  end
end

-- Returns the index of the next argument.
local function read_option(rows, list, index, options)
  local name, text = list[index]:match("^%-%-([^=]+)=(.*)$")
  local row = find_row(rows, name or list[index]:sub(3))
  if not row.value then
    if text then fail("--%s takes no value", row.name) end
    keep(options, row, true)
    return index + 1
  end
  if not text then
    index = index + 1
    text = list[index] or fail("--%s needs a value: %s", row.name, row.example)
  end
  keep(options, row, convert(row, text))
  return index + 1
end

--- Reads a list of arguments.
---@param list string[]
---@param rows idle.OptionRow[]
---@return table options  by name; a repeated one is a list
---@return string[] words what is no option
function arguments.parse(list, rows)
  local options, words, index = {}, {}, 1
  while index <= #list do
    local argument = list[index]
    if argument == "--" then
      table.move(list, index + 1, #list, #words + 1, words)
      break
    elseif argument:find("^%-%-") then
      index = read_option(rows, list, index, options)
    elseif argument:find("^%-.") then
      fail("unknown option '%s'; options of commands begin with two dashes", errors.escape(argument))
    else
      words[#words + 1] = argument
      index = index + 1
    end
  end
  return options, words
end

local function row_of(rows, argument)
  local name = argument:match("^%-%-([^=]+)")
  for _, row in ipairs(rows) do
    if row.name == name then return row end
  end
end

--- Leaves out options that all commands have, for a command that reads its
--- arguments itself.
---@param list string[]
---@param rows idle.OptionRow[]
---@return string[] rest
---@return table    options  those that were left out, by name
function arguments.without(list, rows)
  local rest, options, index = {}, {}, 1
  while index <= #list and list[index] ~= "--" do
    if row_of(rows, list[index]) then
      index = read_option(rows, list, index, options)
    else
      rest[#rest + 1] = list[index]
      index = index + 1
    end
  end
  return table.move(list, index, #list, #rest + 1, rest), options
end

--- Takes the command's word out of a list of arguments. Before it stand only
--- options that all commands have.
---@param list string[]
---@param rows idle.OptionRow[]  the common options
---@return string? word
---@return string[] rest
function arguments.take_word(list, rows)
  local index = 1
  while index <= #list and list[index]:find("^%-%-.") do
    index = read_option(rows, list, index, {})
  end
  local rest = { table.unpack(list) }
  return table.remove(rest, index), rest
end

return arguments
