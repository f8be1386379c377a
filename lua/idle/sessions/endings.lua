--- Why a remote PowerShell ended, or never began: the errors that say so.
local assumptions = require("idle.sessions.assumptions")
local errors = require("idle.engine.errors")

local endings = {}

-- How long an exit status may come after the end of the output.
local EXIT_WAIT_MS = 1000
local MAX_STDERR_BYTES = 400

local function status_text(exit)
  if not exit then return nil end
  if exit.signal then return ("ended by signal %s"):format(exit.signal) end
  if not exit.exit_code then return "no exit status" end
  local status = exit.exit_code & 0xFFFFFFFF
  local shown = status > 0xFFFF and ("exit status 0x%08X"):format(status) or ("exit status %d"):format(status)
  local meaning = assumptions.exit_statuses[status]
  return meaning and ("%s: %s"):format(shown, meaning) or shown
end

local function stderr_text(pipe)
  local text = require("idle.clixml").stderr_text(pipe:stderr())
  text = text:gsub("%s+", " "):match("^%s*(.-)%s*$")
  if text == "" then return "" end
  return ("; on stderr: '%s'"):format(errors.escape(text:sub(1, MAX_STDERR_BYTES)))
end

-- Everything that the process left behind. It waits a little for the exit status.
local function last_words(pipe, noise)
  local status = status_text((pipe:wait_exit(EXIT_WAIT_MS)))
  return (status and (" (%s)"):format(status) or "") .. noise:describe() .. stderr_text(pipe)
end

local function is_lost(err) return err.kind:find("^ssh%.") ~= nil end

-- Its own application control, or the endpoint's role, keeps PowerShell from running our bootstrap.
local function refused_language(shell)
  local mode = shell.noise:match("IDLE%-REFUSED language%-mode (%w+)")
  if not mode then return nil end
  local message = "%s runs in language mode %s, but FullLanguage is needed; AppLocker, App Control or a JEA endpoint "
    .. "restricts this account: use an account or a rule without that restriction"
  return errors.new("remote.setup", message:format(shell.label, mode), { data = { language_mode = mode } })
end

-- A server of OpenSSH lets in who has the right password, and then runs nothing but the change of it.
local function expired_password(shell, words)
  if not words:find("Password change required but no TTY available", 1, true) then return nil end
  return errors.new("ssh.auth", ("%s was not started: the password has expired; change it there%s"):format(
    shell.label, words))
end

--- A PowerShell that did not come up. Nothing of a command was sent.
---@param shell idle.RemoteShell
---@param err   table  of the pipe
---@return idle.Error
function endings.of_start(shell, err)
  if err.kind == "pipe.eof" then
    local words = last_words(shell.pipe, shell.noise)
    -- What explains it stands behind a colon or a semicolon.
    local hint = words:find("[:;]") and "" or " and did not say why; start it there by hand to see"
    return refused_language(shell) or expired_password(shell, words)
      or errors.new("remote.setup", ("%s did not start%s%s"):format(shell.label, words, hint))
  elseif err.kind == "timeout" then
    return errors.new("timeout", ("%s did not answer within %g s of its start%s%s"):format(
      shell.label, shell.deadline.seconds, shell.noise:describe(), stderr_text(shell.pipe)), { effect = "none" })
  elseif is_lost(err) then
    return errors.new(err.kind, err.message, { effect = "none", transient = true })
  end
  return errors.new("remote.protocol", ("%s did not start as expected: %s%s"):format(
    shell.label, err.message, shell.noise:describe()), { effect = "none" })
end

--- A command that was sent and has no answer: nobody knows whether it took effect.
---@param shell   idle.RemoteShell
---@param command string
---@param err     table  of the pipe
---@return idle.Error
function endings.of_command(shell, command, err)
  if shell.is_closed then
    return endings.of_cancelled(shell, command, { message = "the session was closed" })
  elseif err.kind == "timeout" then
    return errors.new("timeout", ("'%s' on %s did not answer within %g s%s"):format(
      command, shell.label, shell.deadline.seconds, shell.noise:describe()), { effect = "unknown" })
  elseif is_lost(err) then
    return errors.new(err.kind, ("%s, while '%s' ran there"):format(err.message, command),
      { effect = "unknown", transient = false })
  elseif err.kind == "pipe.eof" then
    return errors.new("remote.protocol", ("%s ended without an answer to '%s'%s"):format(
      shell.label, command, last_words(shell.pipe, shell.noise)))
  end
  return errors.new("remote.protocol", ("instead of the answer to '%s', %s sent %s%s"):format(
    command, shell.label, err.message, shell.noise:describe()))
end

--- A task that was cancelled while its command was out.
---@param shell   idle.RemoteShell
---@param command string
---@param err     idle.Error  of kind `cancelled`
---@return idle.Error
function endings.of_cancelled(shell, command, err)
  return errors.new("cancelled", ("%s while '%s' ran on %s"):format(err.message, command, shell.label),
    { effect = "unknown" })
end

return endings
