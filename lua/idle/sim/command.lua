--- The commands `sim powershell` and `sim sshd`.
local errors = require("idle.engine.errors")
local options_of = require("idle.sim.options")
local shell_word = require("idle.engine.shell_word")
local suggest = require("idle.engine.suggest")

local command = {}

local POWERSHELL_USAGE = "sim powershell --state FILE [--set NAME=VALUE]… -- ARGV"
local SSHD_USAGE = "sim sshd --dir DIR [--port PORT] [--set NAME=VALUE]…"

local function refuse(message, usage)
  errors.raise("input.option", ("%s; usage: idle-lua %s"):format(message, usage))
end

-- Reads `--name value`, `--name=value` up to `--`; what follows it is returned apart.
local function parse(list, names, usage)
  local given, rest, index = { set = {} }, {}, 1
  while index <= #list and list[index] ~= "--" do
    local name, text = list[index]:match("^%-%-([%a-]+)=?(.*)$")
    if not names[name] then
      local known = {}
      for known_name in pairs(names) do known[#known + 1] = "--" .. known_name end
      table.sort(known)
      refuse(("unknown argument '%s'%s"):format(errors.escape(list[index]), suggest.hint(list[index], known)), usage)
    end
    if not list[index]:find("=", 1, true) then
      index = index + 1
      text = list[index] or refuse(("--%s needs a value"):format(name), usage)
    end
    if not text:find("%S") then refuse(("--%s needs a value that is not empty"):format(name), usage) end
    if name == "set" then given.set[#given.set + 1] = text else given[name] = text end
    index = index + 1
  end
  return given, table.move(list, index + 1, #list, 1, rest)
end

local function read_options(path, settings)
  local file, json = require("idle.file"), require("idle.json")
  local text, err = file.read(path)
  if not text then errors.raise("input.file", "--state: " .. err.message) end
  local given = errors.check(json.decode(text, path))
  for _, setting in ipairs(settings) do
    local name, v = options_of.parse_setting(setting)
    given[name] = v
  end
  return options_of.complete(given, true)
end

local function play_powershell(list)
  local given, argv = parse(list, { state = true, set = true }, POWERSHELL_USAGE)
  local path = given.state or refuse("--state is missing", POWERSHELL_USAGE)
  local loop, powershell = require("idle.loop"), require("idle.sim.powershell")
  local world = { clock = loop, store = require("idle.sim.store").files(path, loop), process = powershell.process() }
  return powershell.run(require("idle.sim.server").new(read_options(path, given.set), world), argv)
end

local function quote(v) return type(v) == "string" and ("%q"):format(v) or tostring(v) end

local function print_session(session_options)
  local names = {}
  for name in pairs(session_options) do names[#names + 1] = name end
  table.sort(names)
  print("idle.ssh_session{")
  for _, name in ipairs(names) do print(("  %s = %s,"):format(name, quote(session_options[name]))) end
  print("}")
end

-- As a comment of Lua's: whoever runs the output as a part of a script may take all of it.
local function print_command(session_options)
  local words = { "idle-lua", "sync", "--no-ssh-config", "--no-agent" }
  for _, row in ipairs({ { "host", "host" }, { "port", "port" }, { "user", "user" }, { "identity", "identity_file" },
    { "known-hosts", "known_hosts" } }) do
    words[#words + 1] = ("--%s %s"):format(row[1], shell_word(tostring(session_options[row[2]])))
  end
  print("-- or: " .. table.concat(words, " "))
  io.stdout:flush()
end

local STATUS_OF_CTRL_C = 130
local A_YEAR_MS = 365 * 24 * 3600 * 1000

-- Whoever started us with a pipe ends us by closing it. Nothing else is read: a job in the background that reads from
-- the terminal is stopped, and /dev/null, which a script's job has, is at its end from the start.
local READ_PIPE = 'test -p "$0" && exec cat "$0"'

-- A child reads, so that a signal finds this task in a wait that it can end.
local function wait_for_end()
  local process = require("idle.process")
  local reader = { "sh", "-c", READ_PIPE, ("/proc/%d/fd/0"):format(process.pid()) }
  local pipe <close> = errors.check(process.spawn({ command = reader, stderr = "inherit" }))
  pipe:read_all(A_YEAR_MS)
  if errors.check(pipe:wait_exit(A_YEAR_MS)).exit_code ~= 0 then require("idle.loop").sleep(A_YEAR_MS) end
end

-- A mistake on the command line, which leaves nothing in doubt.
local function make_folder(dir)
  local made, err = require("idle.file").mkdir(dir)
  if not made then errors.raise("input.file", "--dir: " .. err.message) end
end

local function run_sshd(list)
  local given, rest = parse(list, { dir = true, port = true, set = true }, SSHD_USAGE)
  if rest[1] then refuse(("unexpected argument '%s'"):format(errors.escape(rest[1])), SSHD_USAGE) end
  if not given.dir then refuse("--dir is missing", SSHD_USAGE) end
  local port = math.tointeger(tonumber(given.port or 0))
  if not port or port < 0 or port > 65535 then
    refuse(("--port must be a number from 1 to 65535, not '%s'"):format(errors.escape(given.port)), SSHD_USAGE)
  end
  local options = {}
  for _, setting in ipairs(given.set) do
    local name, v = options_of.parse_setting(setting)
    options[name] = v
  end
  make_folder(given.dir)
  local server <close> = require("idle.sim.far_end").sshd_server({ dir = given.dir, port = port, options = options })
  print_session(server.session_options)
  print_command(server.session_options)
  local ok, raised = pcall(wait_for_end)
  if ok then return 0 end
  if errors.is_ctrl_c(raised) then return STATUS_OF_CTRL_C end -- the usual way to end it: not a word
  error(raised, 0)
end

local COMMANDS = { powershell = play_powershell, sshd = run_sshd }

--- Runs `sim …`.
---@param list string[]  the arguments behind the word `sim`
---@return integer exit_status
function command.main(list)
  local word = list[1]
  local run = COMMANDS[word]
  if not run then
    local what = word and ("unknown simulator '%s'%s"):format(errors.escape(word),
      suggest.hint(word, { "sshd", "powershell" })) or "sim needs the word sshd or powershell"
    refuse(what, SSHD_USAGE .. ", or " .. POWERSHELL_USAGE)
  end
  return run(table.move(list, 2, #list, 1, {}))
end

return command
