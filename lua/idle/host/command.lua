--- The commands: finds the word, reads the options, and says with what exit
--- status it ended.
local arguments = require("idle.host.arguments")
local document = require("idle.host.document")
local errors = require("idle.engine.errors")
local suggest = require("idle.engine.suggest")
local table_of_commands = require("idle.host.command_table")

local command = {}

local STATUS_OF_CTRL_C = 130

local function show_help(word)
  local help = require("idle.host.help")
  local row = word and table_of_commands.find(word)
  if word and not row and word ~= "help" then command.refuse_word(word) end
  io.stdout:write(row and help.of_command(row) or help.of_program())
  return 0
end

--- Raises for a word that is no command of this version.
---@param word string
function command.refuse_word(word)
  for _, absent in ipairs(table_of_commands.absent) do
    if absent == word then
      errors.raise("input.option", ("the command '%s' is not in this version; a script of that name is run as './%s'")
        :format(word, word))
    end
  end
  local names = { "help", table.unpack(table_of_commands.absent) }
  for _, row in ipairs(table_of_commands.commands) do names[#names + 1] = row.name end
  errors.raise("input.option", ("unknown command '%s'%s"):format(errors.escape(word), suggest.hint(word, names)))
end

local function check_words(row, words)
  local at_most = row.words and row.words.at_most or 0
  if #words > at_most then
    errors.raise("input.option", ("unexpected argument '%s'%s"):format(errors.escape(words[at_most + 1]),
      row.stray_hint or ""))
  elseif row.words and #words == 0 then
    errors.raise("input.option", ("%s needs a %s: idle-lua %s"):format(row.name, row.words.what, row.usage))
  end
end

local function run_row(row, list)
  if row.passes_arguments then
    local rest, common = arguments.without(list, table_of_commands.common)
    if common.help then return show_help(row.name) end
    return require(row.module).main(rest, common)
  end
  local options, words = arguments.parse(list, table_of_commands.options_of(row))
  if options.help then return show_help(row.name) end
  check_words(row, words)
  return require(row.module).main(options, words)
end

local function dispatch(argv)
  local word, rest = arguments.take_word(argv, table_of_commands.common)
  if not word then return show_help() end
  if word == "help" then return show_help(select(2, arguments.parse(rest, table_of_commands.common))[1]) end
  local row = table_of_commands.find(word)
  if not row then command.refuse_word(word) end
  return run_row(row, rest)
end

local function wants_json(argv)
  for _, argument in ipairs(argv) do
    if argument == "--" then return false end
    if argument == "--json" then return true end
  end
  return false
end

--- An error as the one document that --json promises.
---@param err idle.Error
---@return table
function command.error_document(err)
  return {
    Status = "Failed", Error = tostring(err), ErrorKind = err.kind, Effect = err.effect, Transient = err.transient,
    Data = err.data,
  }
end

-- Where to read on after wrong usage.
local function help_words(argv)
  local ok, word = pcall(arguments.take_word, argv, table_of_commands.common)
  return ok and word and table_of_commands.find(word) and "help " .. word or "--help"
end

local function report(err, argv)
  local terminal = require("idle.host.terminal").stderr()
  terminal:clear()
  terminal:say("idle-lua: " .. tostring(err))
  if err.kind == "input.option" then terminal:say(("idle-lua: see 'idle-lua %s'"):format(help_words(argv))) end
  if err.kind == "internal" then terminal:say((err.traceback:gsub("[^\n\t]+", errors.escape))) end
end

-- Plain Lua errors are mistakes of ours here: no script of a user runs. A
-- command counts as one step.
local function to_error(raised, traceback)
  local err = errors.from(raised)
  if err.kind == "script.error" then err.kind = "internal" end
  err.traceback = err.traceback or traceback
  err.step = err.step or "command"
  return err
end

-- Ctrl-C, as lua raises it, or with what a command has to say about it. Whoever
-- presses it wants no traceback.
local function ctrl_c_of(raised)
  if errors.is_ctrl_c(raised) then return errors.new("cancelled", "interrupted", { effect = "unknown" }) end
  return errors.is(raised) and raised.is_ctrl_c and raised or nil
end

local function end_by_ctrl_c(err, argv)
  report(err, argv)
  if wants_json(argv) and not document.is_printed() then document.print(command.error_document(err)) end
  return STATUS_OF_CTRL_C
end

--- Runs a command.
---@param argv string[]  all arguments of the program
---@return integer exit_status
function command.main(argv)
  local traceback
  local ok, outcome = xpcall(dispatch, function(raised)
    traceback = debug.traceback(nil, 2)
    return raised
  end, argv)
  if ok then return outcome end
  local ctrl_c = ctrl_c_of(outcome)
  if ctrl_c then return end_by_ctrl_c(ctrl_c, argv) end
  -- What ends the program from outside is reported by whoever called.
  local err, is_interrupted = to_error(outcome, traceback), errors.is_interruption(outcome)
  if not is_interrupted then report(err, argv) end
  if wants_json(argv) and not document.is_printed() then document.print(command.error_document(err)) end
  if is_interrupted then error(outcome, 0) end
  return errors.exit_status(err)
end

return command
