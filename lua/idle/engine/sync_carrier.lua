--- Finds the cycle that carries a change which was made before the first look
--- (DESIGN §6.2, rule 2).
local results = require("idle.engine.sync_results")
local sync_run = require("idle.engine.sync_run")

local sync_carrier = {}

---@class idle.SyncCycle
---@field key        idle.SyncRun    its first AD import
---@field runs       idle.SyncRun[]
---@field imports    table<string, idle.SyncRun>  AD imports by connector
---@field syncs      table<string, idle.SyncRun>  AD synchronizations by connector
---@field exports    idle.SyncRun[]  to Entra
---@field is_importing boolean       nothing was synchronized yet
---@field is_carrier boolean         it carries the change, whichever connector has it

local function new_cycle()
  return { runs = {}, imports = {}, syncs = {}, exports = {}, is_importing = true, is_carrier = true }
end

local function remove(list, item)
  for index, other in ipairs(list) do
    if other == item then return table.remove(list, index) end
  end
end

-- A connector that imports again before anything was synchronized takes the
-- place of its earlier import: that one was run by hand, or its cycle was stopped.
local function add_import(cycle, run)
  local earlier = cycle.imports[run.connector]
  if earlier then remove(cycle.runs, earlier) end
  cycle.imports[run.connector] = run
end

local function add(cycle, run)
  cycle.runs[#cycle.runs + 1] = run
  if sync_run.is_ad_import(run) then return add_import(cycle, run) end
  if run.act == "sync" or run.act == "export" then cycle.is_importing = false end
  if run.kind == "entra" and run.act == "export" then
    cycle.exports[#cycle.exports + 1] = run
  elseif run.kind == "ad" and run.act == "sync" then
    cycle.syncs[run.connector] = run
    -- Its import is missing in the history: nobody knows when it was.
    if not cycle.imports[run.connector] then cycle.is_carrier = false end
  end
end

-- Of two that begin at once it is always the same one.
local function is_before(import, other)
  if import.start ~= other.start then return import.start < other.start end
  return import.connector < other.connector
end

-- Several connectors import in one cycle, and the change may be in any of them.
local function close(cycle, carries)
  for _, import in pairs(cycle.imports) do
    if not cycle.key or is_before(import, cycle.key) then cycle.key = import end
    if not carries(import) then cycle.is_carrier = false end
  end
end

-- A cycle imports before it does anything else, so the next AD import begins the next one.
local function cycles_of(timeline, carries)
  local cycles, current = {}, nil
  for _, run in ipairs(timeline) do
    if sync_run.is_ad_import(run) and not (current and current.is_importing) then
      current = new_cycle()
      cycles[#cycles + 1] = current
    end
    if current then add(current, run) end
  end
  for _, cycle in ipairs(cycles) do close(cycle, carries) end
  return cycles
end

local function has_failed_sync(cycle)
  for _, sync in pairs(cycle.syncs) do
    if sync.is_complete and results.class_of(sync.result) == "failed" then return true end
  end
  return false
end

-- A cycle that somebody stopped before all of it was synchronized leaves what
-- it read to the next one, and says nothing about it.
local function is_telling(cycle)
  for connector in pairs(cycle.imports) do
    if not cycle.syncs[connector] then return cycle.exports[1] ~= nil or has_failed_sync(cycle) end
  end
  return true
end

--- Finds the carrier.
---@param timeline idle.SyncRun[]  in the order of their beginning
---@param carries  fun(import: idle.SyncRun): boolean  whether an AD import began after the change
---@return idle.SyncCycle? carrier
---@return idle.SyncCycle? before  the cycle before it
---@return boolean has_later       a cycle follows it
function sync_carrier.find(timeline, carries)
  local carrier, before, previous
  for _, cycle in ipairs(cycles_of(timeline, carries)) do
    if carrier and (is_telling(carrier) or not cycle.is_carrier) then return carrier, before, true end
    if cycle.is_carrier then carrier, before = cycle, previous end
    previous = cycle
  end
  return carrier, before, false
end

return sync_carrier
