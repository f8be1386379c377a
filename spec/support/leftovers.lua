--- What a program has open: for specs that see to it that nothing is left.
local lfs = require("lfs")
local loop = require("idle.loop")
local process = require("idle.process")
local processes = require("spec.support.processes")

local leftovers = {}

---@class spec.Level
---@field files    integer  open files
---@field children integer  processes that run or wait to be collected

local function count()
  local level = { files = 0, children = #processes.children(process.pid()) }
  for _ in lfs.dir("/proc/self/fd") do level.files = level.files + 1 end
  return level
end

--- What is open now.
---@return spec.Level
function leftovers.level()
  -- The first program that is started opens files that stay.
  local child <close> = assert(process.spawn({ command = { "true" } }))
  assert(child:wait_exit(20000))
  child:close()
  collectgarbage()
  return count()
end

--- Waits until no more is open than before, so many seconds at most.
---@param before  spec.Level
---@param seconds number
---@return spec.Level now
function leftovers.settle(before, seconds)
  local deadline = loop.monotonic() + seconds
  while true do
    local now = count()
    if now.files <= before.files and now.children <= before.children then return before end
    if loop.monotonic() > deadline then return now end
    loop.sleep(5)
  end
end

return leftovers
