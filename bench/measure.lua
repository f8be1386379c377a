--- What the benchmarks share: medians and a table of ratios against limits.
local measure = {}

---@param samples number[]  sorted in place
---@return number
function measure.median(samples)
  table.sort(samples)
  local middle = #samples // 2
  return #samples % 2 == 1 and samples[middle + 1] or (samples[middle] + samples[middle + 1]) / 2
end

--- What a call costs, of the time of the processor.
---@param f fun(...): any
---@param ... any  its arguments
---@return number seconds
function measure.processor_seconds(f, ...)
  collectgarbage()
  local started = os.clock()
  f(...)
  return os.clock() - started
end

--- The same, in the median.
---@param rounds integer
---@param f fun(...): any
---@param ... any
---@return number seconds
function measure.median_processor_seconds(rounds, f, ...)
  local samples = {}
  for round = 1, rounds do samples[round] = measure.processor_seconds(f, ...) end
  return measure.median(samples)
end

--- Runs the functions in turns, so that a change of the machine's mood meets all alike.
---@param rounds    integer
---@param functions table<string, fun()>
---@return table<string, number> medians  seconds
function measure.in_turns(rounds, functions)
  local idle = require "idle"
  local samples = {}
  for name in pairs(functions) do samples[name] = {} end
  for _ = 1, rounds do
    for name, f in pairs(functions) do
      local started = idle.monotonic()
      f()
      table.insert(samples[name], idle.monotonic() - started)
    end
  end
  local medians = {}
  for name, list in pairs(samples) do medians[name] = measure.median(list) end
  return medians
end

--- Prints a line: what was measured, its ratio to a peer, the limit, and whether it is kept.
---@param what  string
---@param ratio number
---@param limit number
---@param at    "at most"|"at least"
function measure.report(what, ratio, limit, at)
  local is_kept = at == "at most" and ratio <= limit or at == "at least" and ratio >= limit
  print(("%-58s %8.2f  (%s %g)  %s"):format(what, ratio, at, limit, is_kept and "kept" or "MISSED"))
end

--- Kilobytes of this kind that a process holds.
---@param pid   integer|"self"
---@param field string  of /proc/PID/smaps_rollup, such as "Private_Dirty"
---@return integer
function measure.memory_kib(pid, field)
  local file <close> = assert(io.open(("/proc/%s/smaps_rollup"):format(pid)))
  return math.tointeger(tonumber(file:read("a"):match(field .. ":%s+(%d+) kB")))
end

return measure
