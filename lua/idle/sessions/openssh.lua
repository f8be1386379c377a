--- The system's ssh(1): whether it is there, and what it answers when it runs to its end.
local deadline = require("idle.sessions.deadline")
local errors = require("idle.engine.errors")
local file = require("idle.file")
local gate = require("idle.sessions.gate")
local process = require("idle.process")

local openssh = {}

-- It reads files; only a `Match exec` or a name that must be canonical can take longer.
local ANSWER_SECONDS = 15

-- Each takes five file descriptors, and a script may ask for hundreds of hosts at once.
local QUEUE_SECONDS = 60

--- Environment of every ssh that is started: nobody is ever asked anything, not even by the ssh that reaches a jump
--- host, which does not inherit BatchMode. (Its messages are English in every locale, and a locale set here would be
--- sent to the far end.)
---@type table<string, string>
openssh.ENVIRONMENT = { SSH_ASKPASS = "/bin/false", SSH_ASKPASS_REQUIRE = "force" }

--- Whether there is one on PATH.
---@return boolean
function openssh.is_installed()
  for folder in (os.getenv("PATH") or ""):gmatch("[^:]+") do
    if file.exists(folder .. "/ssh") then return true end
  end
  return false
end

--- What this machine needs in order to start an ssh, as open files or room for temporary ones. Without it nothing is
--- sent, and it may be there again soon.
---@generic T
---@param host   string  that was to be reached
---@param result T?
---@param err?   table   where it is not there
---@return T
function openssh.need(host, result, err)
  if result then return result end
  errors.raise("ssh.connect", ("can't start ssh for '%s': %s"):format(errors.escape(host), err.message))
end

--- Runs it and waits for its end.
---@param arguments string[]  the host last
---@return string? stdout  nil: it failed
---@return string  stderr
function openssh.ask(arguments)
  local pass <close> = gate.enter("ssh -G", "calls of")
  pass:wait(deadline.after(QUEUE_SECONDS))
  local command = table.move(arguments, 1, #arguments, 2, { "ssh" })
  local options = { command = command, env = openssh.ENVIRONMENT, leads_group = true }
  local child <close> = openssh.need(arguments[#arguments], process.spawn(options))
  child:finish()
  local limit = deadline.after(ANSWER_SECONDS)
  local stdout = child:read_all(limit:remaining_ms())
  local exit = stdout and child:wait_exit(limit:remaining_ms())
  if not exit then
    local shown = errors.escape(table.concat(arguments, " "))
    errors.raise("ssh.timeout", ("'ssh %s' did not answer within %d s; does the SSH configuration run a program?")
      :format(shown, ANSWER_SECONDS), { effect = "none", transient = true })
  end
  return exit.exit_code == 0 and stdout or nil, child:stderr(true)
end

--- Writes a value so that `-o NAME=VALUE` takes it as one word, spaces and tokens included.
---@param text string
---@return string
function openssh.quote(text)
  return '"' .. text:gsub("%%", "%%%%"):gsub('[\\"]', "\\%0") .. '"'
end

return openssh
