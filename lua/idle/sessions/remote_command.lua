--- A plain command behind a pipe: its input sent, its outputs and its exit status collected.
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")

local remote_command = {}

--- Checks the options of `session:run` before anything is sent.
---@param options any
function remote_command.check(options)
  fields.check(options, { "command", "stdin" }, "run", "input.session")
  local command = options.command
  if type(command) ~= "string" or command == "" or command:find("\0", 1, true) then
    errors.raise("input.session", "run: 'command' must be a text")
  elseif options.stdin ~= nil and type(options.stdin) ~= "string" then
    errors.raise("input.session", "run: 'stdin' must be a string")
  end
end

-- The command was started, so whatever went wrong, it may have taken effect.
local function failure(command, limit, err)
  local shown = errors.escape(command:sub(1, 60))
  if err.kind == "timeout" then
    return errors.new("timeout", ("'%s' did not end within %g s"):format(shown, limit.seconds), { effect = "unknown" })
  elseif err.kind == "pipe.too_large" then
    return errors.new("remote.too_large", ("'%s': %s"):format(shown, err.message))
  end
  return errors.new(err.kind, ("%s, while '%s' ran there"):format(err.message, shown),
    { effect = "unknown", transient = false })
end

--- Sends the input and waits for the end of the command.
---@param pipe    table          of idle.ssh or idle.process
---@param options { command: string, stdin?: string }
---@param limit   idle.Deadline
---@return { stdout: string, stderr: string, exit_code: integer?, signal: string? }
function remote_command.finish(pipe, options, limit)
  local function check(result, err)
    if result == nil then error(failure(options.command, limit, err), 0) end
    return result
  end
  if options.stdin then
    local written, err = pipe:write(options.stdin, limit:remaining_ms())
    -- A command need not read all of its input.
    if not written and err.kind ~= "pipe.eof" then check(nil, err) end
  end
  pipe:finish()
  local stdout = check(pipe:read_all(limit:remaining_ms()))
  local exit = check(pipe:wait_exit(limit:remaining_ms()))
  return { stdout = stdout, stderr = pipe:stderr(true), exit_code = exit.exit_code, signal = exit.signal }
end

return remote_command
