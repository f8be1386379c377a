-- Start-up time and memory of `idle-lua -e ''` beside `lua5.4 -e ''`.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local measure = require "measure"
local idle = require "idle"

local PRINT_MEMORY = [[io.stdout:write(io.open("/proc/self/smaps_rollup"):read("a"):match("Pss:%s+(%d+)"))]]
local programs = { ["idle-lua"] = arg[-1] or "idle-lua", ["lua5.4"] = "lua5.4" }

local function run(program, code)
  local result = idle.exec{ command = { program, "-e", code }, timeout = 10 }
  assert(result.exit_code == 0, result.stderr)
  return result.stdout
end

local starts = {}
for name, program in pairs(programs) do
  starts[name] = function() run(program, "") end
end
local medians = measure.in_turns(200, starts)
for name, program in pairs(programs) do
  print(("%-10s  %6.2f ms to start and end, %5d KiB (PSS)"):format(
    name, medians[name] * 1000, run(program, PRINT_MEMORY)))
end
measure.report("start-up: idle-lua / lua5.4", medians["idle-lua"] / medians["lua5.4"], 2.5, "at most")
