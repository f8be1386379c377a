--- idle.exec: a local program, run to its end, no shell in between.
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local loop = require("idle.loop")
local parameter = require("idle.engine.parameter")
local process = require("idle.process")
local value = require("idle.engine.value")

local FIELDS = { "command", "stdin", "timeout", "env", "cwd" }
local DEFAULT_TIMEOUT_SECONDS = 300
local MAX_OUTPUT_BYTES = 64 * 1024 * 1024

local WORD = "a text without zero bytes"

local function is_word(v) return type(v) == "string" and not v:find("\0", 1, true) end

local function check_command(command)
  if not value.is_sequence(command) then
    parameter.refuse("exec: command", "a list: the program, then its arguments", command)
  end
  for index, word in ipairs(command) do
    if not is_word(word) then parameter.refuse(("exec: command[%d]"):format(index), WORD, word) end
  end
end

local function check_env(env)
  for name, v in pairs(parameter.options(env, "exec: env")) do
    if not is_word(name) then parameter.refuse("exec: a name in env", WORD, name) end
    if not is_word(v) then parameter.refuse(("exec: env['%s']"):format(errors.escape(name)), WORD, v) end
  end
end

local function check_options(options)
  fields.check(options, FIELDS, "exec", "input.parameter")
  local stdin, timeout = options.stdin or "", options.timeout or DEFAULT_TIMEOUT_SECONDS
  check_command(options.command)
  check_env(options.env)
  if options.cwd ~= nil and not is_word(options.cwd) then parameter.refuse("exec: cwd", WORD, options.cwd) end
  return parameter.text(stdin, "exec: stdin"), parameter.seconds(timeout, "exec: timeout")
end

-- Whatever ends the wait for a program that runs, what it did is not known.
local function new_doubt()
  return setmetatable({}, {
    __close = function(_, err)
      if errors.is(err) then err.effect = "unknown" end
    end,
  })
end

-- A program that does not read all of its input is no mistake of ours.
local function feed(pipe, stdin, left_ms)
  local ok, err = pipe:write(stdin, left_ms())
  if not ok and err.kind ~= "pipe.eof" then errors.check(nil, err) end
  pipe:finish()
end

---@class idle.ExecResult
---@field stdout    string
---@field stderr    string
---@field exit_code integer?  nil if a signal ended it
---@field signal    string?   as "TERM"

--- Runs a program and waits for its end. An exit code that is not 0 is no
--- error; a program that can't be started, or takes too long, is.
---@param options { command: string[], stdin?: string, timeout?: number, env?: table<string, string>, cwd?: string }
---@return idle.ExecResult
local function exec(options)
  local stdin, timeout = check_options(options)
  local deadline = loop.monotonic() + timeout
  local function left_ms() return math.max(0, (deadline - loop.monotonic()) * 1000) end
  local pipe <close> = errors.check(process.spawn({
    command = options.command, env = options.env, cwd = options.cwd, stderr_limit = MAX_OUTPUT_BYTES,
  }))
  local _ <close> = new_doubt()
  feed(pipe, stdin, left_ms)
  local stdout = errors.check(pipe:read_all(left_ms(), MAX_OUTPUT_BYTES))
  local ending = errors.check(pipe:wait_exit(left_ms()))
  return { stdout = stdout, stderr = pipe:stderr(true), exit_code = ending.exit_code, signal = ending.signal }
end

return exec
