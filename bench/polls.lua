-- 500 polls over one session: one connection, one remote process, memory level.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local measure = require "measure"
local idle = require "idle"

local far_end <close> = idle.sim.far_end.sshd_server{}
local session <close> = idle.ssh_session(far_end.session_options)
local provider = idle.providers.entra_connect()

local function poll() return provider:GetSyncCycleState(session) end
for _ = 1, 500 do poll() end -- until the allocator has the pages that it will ever need
collectgarbage()
local before = measure.memory_kib("self", "Private_Dirty")
local time = measure.in_turns(500, { poll = poll }).poll
collectgarbage()
local after = measure.memory_kib("self", "Private_Dirty")

print(("a poll takes %.2f ms (median of 500); private memory %d KiB before, %d KiB after"):format(
  time * 1000, before, after))
measure.report("memory: after 500 polls / before", after / before, 1.05, "at most")
