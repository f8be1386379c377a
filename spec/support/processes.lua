--- Processes of this machine, for specs that look after those of others.
local file = require("idle.file")

local processes = {}

--- Whether a process is there and not just waiting to be collected; its sockets are closed by then.
---@param pid integer
function processes.is_running(pid)
  local stat = file.read(("/proc/%d/stat"):format(pid))
  return stat ~= nil and stat:match("%) (%a)") ~= "Z"
end

--- Those that a process started and has not collected, in the order of their start.
---@param pid integer
---@return integer[]
function processes.children(pid)
  local pids = {}
  local list = file.read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""
  for child in list:gmatch("%d+") do pids[#pids + 1] = math.tointeger(child) end
  return pids
end

--- Its program and arguments, each with a zero behind it; nothing if it is gone.
---@param pid integer
---@return string
function processes.command_line(pid)
  return file.read(("/proc/%d/cmdline"):format(pid)) or ""
end

return processes
