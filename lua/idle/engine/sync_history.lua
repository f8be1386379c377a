--- The run history of a sync server, merged from many looks.
local sync_carrier = require("idle.engine.sync_carrier")
local sync_run = require("idle.engine.sync_run")
local utc = require("idle.engine.utc")

---@class idle.SyncHistory
---@field timeline       idle.SyncRun[]  in the order of their beginning
---@field entries        (idle.SyncRun|false)[]  what the last look listed
---@field open           integer[]       indices of those that were not over
---@field by_id          table<string, idle.SyncRun>
---@field since?         number   the server's clock at the baseline
---@field carrier?       idle.SyncCycle  the cycle that carries the change
---@field before?        idle.SyncCycle  the cycle before the carrier
---@field has_later      boolean  a cycle follows the carrier
---@field has_new        boolean  entries appeared that the baseline does not have
---@field has_stale      boolean  new AD imports appeared that are dated before the baseline
---@field is_implausible boolean  an entry is dated ahead of the server's own clock
---@field ignores_dates? boolean  for specs
local History = {}
History.__index = History

local sync_history = {}

-- So many of the newest entries are listed, if there are so many (DESIGN §6).
local FULL_LIST = 50

-- Dates that run ahead of the server's clock by more than this are dates of
-- another time zone, not the moment between reading the clock and the history.
local PLAUSIBLE_LEAD = 600

---@param policy_type "Delta"|"Initial"
---@return idle.SyncHistory
function sync_history.new(policy_type)
  local history = setmetatable({
    timeline = {}, by_id = {}, unfinished = {}, types = {}, listed = 0, entries = {}, open = {},
    known = nil, since = nil,
    carrier = nil, before = nil, has_later = false, has_new = false, has_stale = false, is_implausible = false,
  }, History)
  -- An import began after the change was made if its date says so. That it is
  -- new does not tell: an entry may appear only when its run is over, or later.
  function history.carries(import)
    return import.is_new and (history.ignores_dates or import.start >= history.since)
      and (import.is_full or policy_type ~= "Initial")
  end
  return history
end

--- Learns the types of connectors, so that one to some other system is not taken for one to AD.
---@param connectors any  list of { Identifier, ConnectorTypeName }
function History:learn(connectors)
  if type(connectors) ~= "table" or connectors == self.connectors then return end
  self.connectors = connectors
  for _, connector in ipairs(connectors) do
    local id = type(connector) == "table" and connector.Identifier
    local type_name = id and connector.ConnectorTypeName
    if type(id) == "string" and type(type_name) == "string" then self.types[id:lower()] = type_name end
  end
end

-- A run without a date belongs to no cycle.
local function insert(timeline, run)
  if not run.start then return end
  local at = #timeline + 1
  while at > 1 and timeline[at - 1].start > run.start do at = at - 1 end
  table.insert(timeline, at, run)
end

function History:note_new(run, clock)
  if not run.is_new then return end
  self.has_new = true
  if run.start and sync_run.is_ad_import(run) and run.start < self.since then self.has_stale = true end
  local now = run.start and utc.parse(clock)
  if now and run.start > now + PLAUSIBLE_LEAD then self.is_implausible = true end
end

function History:add(id, raw, clock)
  local run = sync_run.read(id, raw, self.types)
  run.is_new = self.known ~= nil and not self.known[id]
  self.by_id[id] = run
  insert(self.timeline, run)
  self:note_new(run, clock)
  if not run.is_complete then self.unfinished[run] = true end
  return run
end

-- An entry that is known but was not over; says whether it has changed.
function History:refresh(run, raw)
  local result, was_complete, was_dated = run.result, run.is_complete, run.start ~= nil
  sync_run.update(run, raw)
  if not was_dated then insert(self.timeline, run) end
  return run.result ~= result or run.is_complete ~= was_complete or was_dated ~= (run.start ~= nil)
end

-- An entry that was not over and is no longer listed never will be.
function History:note_gone()
  local has_changed = false
  for run in pairs(self.unfinished) do
    if run.is_complete then
      self.unfinished[run] = nil
    elseif run.is_gone == run.is_listed then
      run.is_gone, has_changed = not run.is_gone, true
    end
  end
  return has_changed
end

function History:find_carrier()
  self.carrier, self.before, self.has_later = sync_carrier.find(self.timeline, self.carries)
end

-- Takes in the entry at an index of a look.
function History:merge_entry(runs, index, clock)
  local raw, has_changed = runs[index], false
  if type(raw) ~= "table" then
    self.entries[index] = false
    return false
  end
  local id = sync_run.id_of(raw)
  local run = self.by_id[id]
  if not run then
    run, has_changed = self:add(id, raw, clock), true
  elseif not run.is_complete then
    has_changed = self:refresh(run, raw)
  end
  self.entries[index], run.is_listed = run, true
  if not run.is_complete then self.open[#self.open + 1] = index end
  return has_changed
end

local function is_entry(raw, entry)
  return entry and type(raw) == "table" and raw.RunHistoryId == entry.id
end

-- How many entries a look lists in front of those of the last one; all of them, if it is another list.
local function count_in_front(runs, entries)
  local count, limit = 0, #runs
  while count < limit and not is_entry(runs[count + 1], entries[1]) do count = count + 1 end
  for index = count + 2, limit do
    if not is_entry(runs[index], entries[index - count]) then return limit end
  end
  return count
end

-- What fell off the end of the list, and the places of the others behind `count` new ones.
function History:move_entries(runs, count)
  local entries, kept = self.entries, #runs - count
  for index = kept + 1, #entries do
    if entries[index] then entries[index].is_listed = false end
  end
  self.entries = table.move(entries, 1, kept, count + 1, {})
end

--- Merges the entries of one look. Most looks list what the last one did, or a few entries in front of it, and of the
--- others only those that were not over can have changed.
---@param runs  table[]  newest first
---@param clock any      the server's clock at that look
---@return boolean has_changed
function History:merge(runs, clock)
  local count, open, has_changed = count_in_front(runs, self.entries), self.open, false
  self.listed, self.open = #runs, {}
  if count > 0 or #runs < #self.entries then self:move_entries(runs, count) end
  for _, index in ipairs(open) do
    if index + count <= #runs then has_changed = self:merge_entry(runs, index + count, clock) or has_changed end
  end
  for index = count, 1, -1 do has_changed = self:merge_entry(runs, index, clock) or has_changed end
  has_changed = self:note_gone() or has_changed
  if has_changed and self.known then self:find_carrier() end
  return has_changed
end

--- From now on entries are new unless their id is among these.
---@param ids   string[]
---@param since number  the server's clock when they were read
function History:set_baseline(ids, since)
  self.known, self.since = {}, since
  for _, id in ipairs(ids) do self.known[id] = true end
  for id, run in pairs(self.by_id) do
    run.is_new = not self.known[id]
    self:note_new(run)
  end
  self:find_carrier()
end

---@return string[] ids  of all entries seen, newest first
function History:ids()
  local runs = {}
  for _, run in pairs(self.by_id) do runs[#runs + 1] = run end
  table.sort(runs, function(a, b)
    if a.start ~= b.start then return (a.start or 0) > (b.start or 0) end
    return a.id < b.id
  end)
  for index, run in ipairs(runs) do runs[index] = run.id end
  return runs
end

--- Whether an entry is dated after a moment of the server's clock.
---@param moment number
---@return boolean
function History:has_run_after(moment)
  local last = self.timeline[#self.timeline]
  return last ~= nil and last.start > moment
end

--- Whether all entries of the carrier are still listed. If not, others may have
--- been purged that nobody has seen. A long list is cut at its old end, which says nothing.
---@return boolean
function History:is_listed()
  if self.listed >= FULL_LIST then return true end
  for _, run in ipairs(self.carrier.runs) do
    if not run.is_listed then return false end
  end
  return true
end

--- Whether the import of no connector is missing: entries that were seen count
--- also when they are purged later.
---@return boolean
function History:is_whole()
  if self:is_listed() or not self.before then return true end
  for connector in pairs(self.before.imports) do
    if not self.carrier.imports[connector] then return false end
  end
  return true
end

--- When the last AD import before the carrier began.
---@return number seconds  since 1970; minus infinity = there is none
function History:import_before_carrier()
  local first = self.carrier.key
  for index = #self.timeline, 1, -1 do
    local run = self.timeline[index]
    if sync_run.is_ad_import(run) and run.start < first.start then return run.start end
  end
  return -math.huge
end

return sync_history
