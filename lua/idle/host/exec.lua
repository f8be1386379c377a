--- idle.exec: a local program, run to its end, no shell in between.
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local loop = require("idle.loop")
local process = require("idle.process")

local FIELDS = { "command", "stdin", "timeout", "env", "cwd" }
local DEFAULT_TIMEOUT_SECONDS = 300
local MAX_OUTPUT_BYTES = 64 * 1024 * 1024

local function check_options(options)
  fields.check(options, FIELDS, "exec", "input.parameter")
  local stdin, timeout = options.stdin or "", options.timeout or DEFAULT_TIMEOUT_SECONDS
  if type(stdin) ~= "string" then error("exec: stdin must be a string", 3) end
  if type(timeout) ~= "number" or timeout < 0 then error("exec: timeout must be a number of seconds", 3) end
  return stdin, timeout
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
