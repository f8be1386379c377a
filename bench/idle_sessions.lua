-- Memory of 200 idle sessions in this process, each with its remote PowerShell open.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local measure = require "measure"
local idle = require "idle"

local COUNT = 200
local far_end <close> = idle.sim.far_end.sshd_server{}

local function open()
  local session = idle.ssh_session(far_end.session_options)
  session:InvokeCommand("Write-Output", { InputObject = "open" })
  return session
end

local function held_kib()
  collectgarbage()
  return measure.memory_kib("self", "Private_Dirty")
end

local sessions = { open() } -- the first one pays for what all share
local before = held_kib()
for _ = 1, COUNT do sessions[#sessions + 1] = open() end
local each = (held_kib() - before) / COUNT
for _, session in ipairs(sessions) do session:close() end

print(("%d idle sessions: %.1f KiB each, private to this process"):format(COUNT, each))
measure.report("memory: KiB of an idle session", each, 120, "at most")
