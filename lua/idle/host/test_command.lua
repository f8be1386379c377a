--- `idle-lua test`: busted, as a part of this program.
local document = require("idle.host.document")
local errors = require("idle.engine.errors")
local shell_word = require("idle.engine.shell_word")

local test_command = {}

local STATUS_OF_CTRL_C = 130
local COVERAGE_FILE = "lcov.info"

-- `--coverage` alone has no value: what stands behind it may be a spec.
local function split_coverage(argument)
  if argument == "--coverage=" then
    errors.raise("input.option", "--coverage= needs a FILE; --coverage alone writes lcov.info")
  end
  return argument:match("^%-%-coverage=(.+)$") or (argument == "--coverage" and COVERAGE_FILE)
end

local SWITCHES = { ["--coverage-specs"] = "counts_specs", ["--no-leak-check"] = "ignores_leaks" }

-- What is ours is taken out; busted refuses what it does not know.
local function take_options(list)
  local options, rest = {}, {}
  for index, argument in ipairs(list) do
    if argument == "--" then
      table.move(list, index, #list, #rest + 1, rest)
      break
    end
    local coverage = split_coverage(argument)
    if coverage then
      options.coverage = coverage
    elseif SWITCHES[argument] then
      options[SWITCHES[argument]] = true
    else
      rest[#rest + 1] = argument
    end
  end
  return options, rest
end

-- The seed stays among busted's options: it shuffles with it.
local function read_seed(list)
  local seed
  for index, argument in ipairs(list) do
    local text = argument:match("^%-%-seed=(.*)$") or (argument == "--seed" and (list[index + 1] or ""))
    if text then
      seed = math.tointeger(tonumber(text)) or
        errors.raise("input.option", ("--seed needs an integer, not '%s'"):format(errors.escape(text)))
    end
  end
  return seed
end

local function check_busted()
  if package.searchpath("busted.runner", package.path) then return end
  errors.raise("input.script", "busted is not installed: 'apt-get install lua-busted', "
    .. "or set LUA_PATH_5_4 to where it is")
end

-- The command line that would run the same specs, for a seed to be added to.
local function command_line(list)
  local words, skips = { "idle-lua", "test" }, false
  for _, argument in ipairs(list) do
    if skips or argument:find("^%-%-seed=") or argument == "--seed" then
      skips = argument == "--seed"
    else
      words[#words + 1] = shell_word(argument)
    end
  end
  return table.concat(words, " ")
end

-- Has `wrap(f)` stand for the function that a part of busted makes.
local function replace(name, wrap)
  local make = require(name)
  package.loaded[name] = function(...) return wrap(make(...)) end
end

-- What busted calls -c, or `coverage = true` in `.busted`, is ours, too; busted itself would want LuaCov.
local function take_coverage(options)
  replace("busted.modules.luacov", function()
    return function()
      options.coverage = options.coverage or COVERAGE_FILE
      return true
    end
  end)
end

-- busted makes a text of what a helper raises, and expects one.
local function take_helper_errors()
  replace("busted.modules.helper_loader", function(load_helper)
    return function(...)
      local ok, raised = load_helper(...)
      if ok then return ok end
      errors.pass_interruption(raised)
      return nil, tostring(raised)
    end
  end)
end

-- The harness needs busted's core. This part of busted is told it in every run,
-- after the helper of the user.
local function prepare(options)
  require("idle.test.harness").prepare(options)
  take_coverage(options)
  take_helper_errors()
  replace("busted.modules.filter_loader", function(load_filters)
    return function(core, ...)
      require("idle.test.harness").install(core)
      return load_filters(core, ...)
    end
  end)
end

-- Where busted would end the process, the command ends: a timeout, or output that could not be written, has its say.
local Exit = {}

local function exit(status) error(setmetatable({ status = status }, Exit), 0) end

-- What is given with -e.
local function load_text(text)
  local chunk, why = load(text, "=(-e)")
  if not chunk then errors.raise("input.option", errors.escape(why)) end
  return chunk
end

-- What a helper, an output or -e raises is no error inside this program: busted ends as lua does.
local function with_traceback(raised)
  local is_known = getmetatable(raised) == Exit or errors.is(raised) or errors.is_interruption(raised)
  if is_known then return raised end
  return setmetatable({ status = 1, text = debug.traceback(tostring(raised), 2) }, Exit)
end

local function run_busted()
  local compatibility = require("busted.compatibility")
  compatibility.exit, compatibility.loadstring = exit, load_text
  local exits = require("idle.test.exits").refuse() -- of a helper, too
  local ok, raised = xpcall(require("busted.runner"), with_traceback, { standalone = false })
  exits:close()
  if ok then return 0 end
  if getmetatable(raised) ~= Exit then error(raised, 0) end
  if raised.text then
    io.stdout:flush()
    io.stderr:write("idle-lua: busted: ", raised.text, "\n")
  end
  return raised.status == 0 and 0 or 1
end

-- One document is all that stdout holds then.
local function add_json_output(list)
  for _, argument in ipairs(list) do
    if argument == "--" then break end
    if argument:find("^%-o") or argument:find("^%-%-output") then
      errors.raise("input.option", ("--json is an output of its own; leave it out, or '%s'"):format(
        errors.escape(argument)))
    end
  end
  table.insert(list, 1, "--output=idle.test.json_output")
end

local function asks_for_help(list)
  for _, argument in ipairs(list) do
    if argument == "--" then return false end
    if argument == "-h" then return true end
  end
  return false
end

-- To busted its own help is an error.
local function show_busted_help()
  local cli = require("busted.modules.cli")({})
  cli:set_name("idle-lua test")
  local _, usage = cli:parse({ "-h" })
  io.stdout:write(usage:match("(Usage: .-)%s*; re%-run") or usage, "\n")
  return 0
end

-- With --no-leak-check; at the end of a script they would be waited for.
local function end_tasks()
  for _, left in ipairs(require("idle.live").tasks(0)) do left.task:cancel() end
end

--- Runs busted.
---@param list   string[]  the arguments, without those that all commands have
---@param common table     those
---@return integer exit_status
function test_command.main(list, common)
  document.check_stdout(common)
  local options, rest = take_options(list)
  options.seed = read_seed(rest)
  check_busted()
  if asks_for_help(rest) then return show_busted_help() end
  options.command_line = command_line(list)
  if common.json then add_json_output(rest) end
  -- `.busted` may name an interpreter; this is one already.
  rawset(_G, "arg", { [0] = "busted", "--ignore-lua", table.unpack(rest) })
  prepare(options)
  require("idle.host.options").progress = false -- what busted shows stands alone
  local status = run_busted()
  end_tasks()
  return package.loaded["idle.test.harness"].is_interrupted() and STATUS_OF_CTRL_C or status
end

return test_command
