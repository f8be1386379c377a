--- Starts programs for specs of the interpreter: this idle-lua, or lua5.4 as
--- its model. A spec synchronises by the lines that a child prints.
local file = require("idle.file")
local loop = require("idle.loop")
local process = require("idle.process")

local child = {}

--- Milliseconds; long enough for any machine, and no spec that passes waits for it.
child.DEADLINE_MS = 20000

--- The program under test, and its name in front of its messages.
child.PROGRAM = assert(process.executable())

-- Whoever runs the specs may have set these for himself.
local NEUTRAL = {}
for _, name in ipairs({ "LUA_INIT", "LUA_PATH", "LUA_CPATH" }) do
  NEUTRAL[name], NEUTRAL[name .. "_5_4"] = false, false
end

---@class spec.ChildOptions
---@field [integer] string       arguments
---@field program?  string       default: the program under test
---@field stdin?    string       all of its input; nil: `run` gives none, `start` leaves it open
---@field env?      table<string, string|false>
---@field cwd?      string

---@class spec.Outcome
---@field stdout    string
---@field stderr    string
---@field exit_code integer?
---@field signal    string?   as "TERM"

---@class spec.Child
local Child = {}
Child.__index = Child

-- A program that does not read all of its input is no mistake.
local function feed(pipe, text)
  local ok, err = pipe:write(text, child.DEADLINE_MS)
  if not ok and err.kind ~= "pipe.eof" then error(err.message, 0) end
  pipe:finish()
end

--- Starts a program; close it with `<close>`.
---@param options spec.ChildOptions
---@return spec.Child
function child.start(options)
  local env = {}
  for name, value in pairs(NEUTRAL) do env[name] = value end
  for name, value in pairs(options.env or {}) do env[name] = value end
  local command = { options.program or child.PROGRAM, table.unpack(options) }
  local pipe, err = process.spawn({ command = command, env = env, cwd = options.cwd })
  if not pipe then error(err.message, 2) end
  if options.stdin then feed(pipe, options.stdin) end
  return setmetatable({ pipe = pipe, seen = {} }, Child)
end

function Child:__close() self.pipe:close() end

--- Reads the next line of its output.
---@param deadline_ms? integer  default: child.DEADLINE_MS
---@return string
function Child:read_line(deadline_ms)
  local line, err = self.pipe:read_line(deadline_ms or child.DEADLINE_MS)
  if not line then error(("no line: %s\nstderr: %s"):format(err.message, self.pipe:stderr()), 2) end
  self.seen[#self.seen + 1] = line .. "\n"
  return line
end

--- Reads lines up to this one.
---@param expected string
function Child:read_up_to(expected)
  while self:read_line() ~= expected do end
end

---@param text string
function Child:write(text)
  assert(self.pipe:write(text, child.DEADLINE_MS))
end

---@param name string  as "INT"
function Child:signal(name) self.pipe:signal(name) end

-- Numbers of Linux.
local SIGNALS = { INT = 2, TERM = 15 }

local function handles(pid, name)
  local mask = assert(file.read("/proc/" .. pid .. "/status")):match("SigCgt:\t(%x+)")
  return tonumber(mask, 16) >> (SIGNALS[name] - 1) & 1 == 1
end

--- Sends a signal, and waits until its handler has run and removed itself: two
--- that come at once are one.
---@param name string
function Child:signal_once(name)
  local deadline = loop.monotonic() + child.DEADLINE_MS / 1000
  self:signal(name)
  while handles(self.pipe:pid(), name) do
    if loop.monotonic() > deadline then error("the signal was not taken", 2) end
    loop.sleep(1)
  end
end

--- Ends its input and waits until it has ended.
---@param deadline_ms? integer  default: child.DEADLINE_MS
---@return spec.Outcome
function Child:outcome(deadline_ms)
  self.pipe:finish()
  local rest, err = self.pipe:read_all(deadline_ms or child.DEADLINE_MS)
  if not rest then error(err.message, 2) end
  local ending = assert(self.pipe:wait_exit(child.DEADLINE_MS))
  return {
    stdout = table.concat(self.seen) .. rest, stderr = self.pipe:stderr(true),
    exit_code = ending.exit_code, signal = ending.signal,
  }
end

--- Runs a program to its end.
---@param options spec.ChildOptions
---@return spec.Outcome
function child.run(options)
  local started <close> = child.start(options)
  return started:outcome()
end

-- The name of the program is all in which the outputs of both may differ.
local function rename(outcome, program)
  local pattern = program:gsub("%p", "%%%0")
  for _, stream in ipairs({ "stdout", "stderr" }) do
    outcome[stream] = outcome[stream]:gsub(pattern, "lua")
  end
  return outcome
end

--- Runs idle-lua and lua5.4 with the same arguments, input and environment,
--- and fails unless outputs, messages and exit status are the same. Both are
--- called `lua` in them.
---@param options spec.ChildOptions
---@return spec.Outcome  which a spec looks at, lest both fail for the same reason
function child.same_as_lua(options)
  local model = setmetatable({ program = "lua5.4", table.unpack(options) }, { __index = options })
  local expected = rename(child.run(model), "lua5.4")
  local outcome = rename(child.run(options), child.PROGRAM)
  require("luassert").same(expected, outcome)
  return outcome
end

--- Makes a folder with files, and gives its path. Who asks removes it with
--- idle.file's remove_all.
---@param files table<string, string>  names and contents; a name may have one folder in it
---@return string path
function child.folder(files)
  local path = assert(file.temp_dir("idle-spec-"))
  for name, text in pairs(files) do
    local folder = name:match("^(.+)/")
    if folder then assert(file.mkdir(path .. "/" .. folder)) end
    assert(file.write_private(path .. "/" .. name, text))
  end
  return path
end

return child
