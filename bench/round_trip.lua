-- One InvokeCommand on an open session, through a real sshd, beside a line through an open `ssh host cat` and beside
-- one command through ssh's ControlMaster.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local measure = require "measure"
local file = require "idle.file"
local idle = require "idle"
local process = require "idle.process"

local far_end <close> = idle.sim.far_end.sshd_server{}
local reach = far_end.session_options

local function ssh_command(...)
  return { "ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "UserKnownHostsFile=" .. reach.known_hosts,
    "-o", "ControlPath=" .. far_end.sshd.dir .. "/control", "-i", reach.identity_file, "-p", tostring(reach.port),
    ("%s@%s"):format(reach.user, reach.host), ... }
end

local session <close> = idle.ssh_session(reach)
session:InvokeCommand("Write-Output", { InputObject = "warm" })

local cat <close> = assert(process.spawn{ command = ssh_command("cat") })
local line = ("x"):rep(80) .. "\n"
local function through_cat()
  assert(cat:write(line, 5000))
  assert(cat:read_line(5000))
end
through_cat()

local short = measure.in_turns(1000, {
  invoke = function() session:InvokeCommand("Write-Output", { InputObject = "x" }) end,
  cat = through_cat,
})

local master_command = ssh_command()
table.insert(master_command, 2, "-MN")
local master <close> = assert(process.spawn{ command = master_command }) -- luacheck: ignore master
idle.wait_until{
  check = function() return file.exists(far_end.sshd.dir .. "/control") end,
  timeout = 10, interval = 0.05, what = "ssh's ControlMaster",
}
local long = measure.in_turns(20, {
  control = function() assert(idle.exec{ command = ssh_command("true"), timeout = 10 }.exit_code == 0) end,
})

print(("InvokeCommand %.3f ms, a line through ssh cat %.3f ms, a ControlMaster command %.1f ms (medians)")
  :format(short.invoke * 1000, short.cat * 1000, long.control * 1000))
measure.report("round trip: InvokeCommand / line through ssh cat", short.invoke / short.cat, 3, "at most")
measure.report("round trip: ControlMaster command / InvokeCommand", long.control / short.invoke, 50, "at least")
