--- The texts of --help, made from the table of commands.
local table_of_commands = require("idle.host.command_table")

local help = {}

local WIDTH = 100
local COLUMN = 30

local function wrap(text, indent)
  local lines, line = {}, ""
  for word in text:gmatch("%S+") do
    if line ~= "" and #line + 1 + #word > WIDTH - indent then
      lines[#lines + 1], line = line, ""
    end
    line = line == "" and word or line .. " " .. word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n" .. (" "):rep(indent))
end

local function entry(left, text)
  local head = "  " .. left
  local gap = #head < COLUMN - 1 and (" "):rep(COLUMN - #head) or "\n" .. (" "):rep(COLUMN)
  return head .. gap .. wrap(text, COLUMN)
end

local function example_line(text) return "\n" .. (" "):rep(COLUMN) .. "e.g. " .. text end

local function option_entry(row)
  local value = row.is_value_optional and ("[=%s]"):format(row.value) or row.value and " " .. row.value or ""
  local left = "--" .. row.name .. value
  local text = row.help
  if row.choices then text = ("%s (%s)"):format(text, table.concat(row.choices, ", ")) end
  if row.default then text = ("%s [default: %s]"):format(text, row.default) end
  return entry(left, text) .. example_line(row.example)
end

local function add_options(lines, title, rows)
  lines[#lines + 1] = "\n" .. title .. ":"
  for _, row in ipairs(rows) do lines[#lines + 1] = option_entry(row) end
end

local function add_exit_statuses(lines)
  lines[#lines + 1] = "\nExit status:"
  for _, row in ipairs(table_of_commands.exit_statuses) do lines[#lines + 1] = entry(row[1], row[2]) end
end

-- Values are written as --set reads them.
local function setting_text(text, default)
  if type(default) == "table" then return text end
  return ("%s [default: %s]"):format(text, default)
end

local function add_settings(lines)
  local defaults = require("idle.sim.options").complete({}, true)
  lines[#lines + 1] = "\nWhat --set NAME=VALUE can be; a VALUE is JSON, or a word:"
  for _, row in ipairs(require("idle.sim.option_texts")) do
    lines[#lines + 1] = entry(row[1], setting_text(row[2], defaults[row[1]]))
  end
end

--- The help of the program.
---@return string
function help.of_program()
  local lines = {
    "usage: idle-lua [options] [script [args]]",
    "       idle-lua COMMAND [options]",
    "",
    "Runs Lua scripts that automate a hybrid Microsoft directory over SSH.",
    "",
    "Commands (a script of such a name is run as ./NAME):",
  }
  for _, row in ipairs(table_of_commands.commands) do lines[#lines + 1] = entry(row.name, row.summary) end
  lines[#lines + 1] = entry("help [COMMAND]", "show this text, or the options of a command")
  lines[#lines + 1] = "\nAs in lua:"
  for _, row in ipairs(table_of_commands.interpreter) do
    lines[#lines + 1] = entry(row.usage, row.help) .. example_line(row.example)
  end
  add_options(lines, "Also, before a script or around a command", table_of_commands.common)
  add_exit_statuses(lines)
  return table.concat(lines, "\n") .. "\n"
end

--- The help of a command.
---@param row idle.CommandRow
---@return string
function help.of_command(row)
  local lines = { "usage: idle-lua " .. row.usage, "", row.details or row.summary }
  for _, group in ipairs(row.groups) do add_options(lines, group.title, group) end
  if row.lists_settings then add_settings(lines) end
  add_options(lines, "Options of every command", table_of_commands.common)
  add_exit_statuses(lines)
  return table.concat(lines, "\n") .. "\n"
end

return help
