--- The run history of a sync server, merged from many looks: which cycle
--- carries a change that was made before the first look (DESIGN §6.2, rule 2).
local look_reader = require("idle.engine.sync_look")
local results = require("idle.engine.sync_results")
local utc = require("idle.engine.utc")

local field = look_reader.field

---@class idle.SyncRun
---@field id          string
---@field raw         table    the entry as it came last
---@field connector   string   what tells connectors apart
---@field kind        "ad"|"entra"|"other"
---@field act?        "import"|"sync"|"export"
---@field is_full     boolean
---@field start?      number   seconds since 1970, server's clock
---@field finish?     number
---@field is_complete boolean
---@field result      string   lower case
---@field is_new      boolean  the baseline does not have it
---@field is_gone     boolean  it was purged before it was seen to be over

---@class idle.SyncCycle
---@field key      idle.SyncRun  its first AD import
---@field runs     idle.SyncRun[]
---@field imports  table<string, idle.SyncRun>  AD imports by connector
---@field syncs    table<string, idle.SyncRun>  AD synchronizations by connector
---@field exports  idle.SyncRun[]  to Entra
---@field is_importing boolean  nothing was synchronized yet
---@field is_carrier boolean  every AD import of it began after the baseline was taken

---@class idle.SyncHistory
---@field carrier?       idle.SyncCycle  the cycle that carries the change
---@field has_later      boolean  a cycle follows the carrier
---@field has_new        boolean  entries appeared that the baseline does not have
---@field has_stale      boolean  new AD imports appeared that are dated before the baseline
---@field is_implausible boolean  an entry is dated ahead of the server's own clock
local History = {}
History.__index = History

local sync_history = {}

-- The Entra connector has this id in every installation.
local ENTRA_CONNECTOR = "b891884f-051e-4a83-95af-2544101c9083"

local PROFILES = {
  ["delta import"] = { act = "import", is_full = false },
  ["full import"] = { act = "import", is_full = true },
  ["delta synchronization"] = { act = "sync", is_full = false },
  ["full synchronization"] = { act = "sync", is_full = true },
  ["export"] = { act = "export", is_full = false },
}
local NO_PROFILE = { is_full = false }

-- Dates that run ahead of the server's clock by more than this are dates of
-- another time zone, not the moment between reading the clock and the history.
local PLAUSIBLE_LEAD = 600

---@param policy_type "Delta"|"Initial"
---@return idle.SyncHistory
function sync_history.new(policy_type)
  return setmetatable({
    wants_full = policy_type == "Initial",
    by_id = {}, timeline = {}, unfinished = {}, merges = 0, kinds = {}, types = {}, known = nil, since = nil,
    carrier = nil, has_later = false, has_new = false, has_stale = false, is_implausible = false,
  }, History)
end

local function text(v)
  return type(v) == "string" and v or nil
end

local function id_of(raw)
  return text(raw.RunHistoryId) or table.concat({
    tostring(raw.ConnectorName), tostring(raw.RunProfileName), tostring(raw.RunNumber), tostring(raw.StartDate),
  }, "|")
end

local function is_entra(id, name)
  return id == ENTRA_CONNECTOR or (name ~= nil and name:lower():find(" %- aad$") ~= nil)
end

--- Learns the types of connectors, so that a connector to some other system is
--- not taken for one to AD. Without them, all but the Entra connector count as AD.
---@param connectors any  list of { Identifier, Name, ConnectorTypeName }
function History:learn(connectors)
  if type(connectors) ~= "table" or connectors == self.connectors then return end
  self.connectors = connectors
  for _, connector in ipairs(connectors) do
    local id = type(connector) == "table" and text(connector.Identifier)
    if id then self.types[id:lower()] = text(connector.ConnectorTypeName) end
  end
end

function History:kind_of(id, name)
  if is_entra(id, name) then return "entra" end
  local connector_type = id and self.types[id]
  return (connector_type == nil or connector_type:upper() == "AD") and "ad" or "other"
end

local function is_complete(raw, result)
  if result == "in-progress" then return false end
  local complete = field(raw, "IsRunComplete")
  if type(complete) == "boolean" then return complete end
  return utc.parse(field(raw, "EndDate")) ~= nil
end

local function update(run, raw)
  local result = text(raw.Result)
  run.raw, run.result = raw, result and result:lower() or ""
  run.is_complete = is_complete(raw, run.result)
  run.start = utc.parse(field(raw, "StartDate"))
  run.finish = run.is_complete and utc.parse(field(raw, "EndDate")) or nil
end

function History:read(id, raw)
  local connector_id, name = text(raw.ConnectorId), text(raw.ConnectorName)
  local connector = connector_id and connector_id:lower() or name or "?"
  local kind = self.kinds[connector]
  if not kind then
    kind = self:kind_of(connector, name)
    self.kinds[connector] = kind
  end
  local profile_name = text(raw.RunProfileName)
  local profile = profile_name and PROFILES[profile_name:lower()] or NO_PROFILE
  local run = {
    id = id, connector = connector, kind = kind, act = profile.act, is_full = profile.is_full,
    is_new = self.known ~= nil and not self.known[id], is_gone = false,
  }
  update(run, raw)
  return run
end

-- Kept in the order of their beginning; a run without a date belongs to no cycle.
local function insert(timeline, run)
  if not run.start then return end
  local at = #timeline + 1
  while at > 1 and timeline[at - 1].start > run.start do at = at - 1 end
  table.insert(timeline, at, run)
end

local function is_ad_import(run) return run.kind == "ad" and run.act == "import" end

function History:note_new(run, clock)
  if not run.is_new then return end
  self.has_new = true
  if run.start and is_ad_import(run) and run.start < self.since then self.has_stale = true end
  local now = run.start and utc.parse(clock)
  if now and run.start > now + PLAUSIBLE_LEAD then self.is_implausible = true end
end

function History:add(id, raw, clock)
  local run = self:read(id, raw)
  self.by_id[id] = run
  insert(self.timeline, run)
  self:note_new(run, clock)
  if not run.is_complete then self.unfinished[run] = true end
  return run
end

-- Says whether an entry that is known but was not over has changed.
function History:refresh(run, raw)
  local result, start, was_complete = run.result, run.start, run.is_complete
  update(run, raw)
  if start == nil then insert(self.timeline, run) end
  if start ~= nil then run.start = start end
  return run.result ~= result or run.is_complete ~= was_complete or start ~= run.start
end

-- An entry that was not over and is no longer listed never will be.
function History:note_gone()
  local has_changed = false
  for run in pairs(self.unfinished) do
    if run.is_complete then
      self.unfinished[run] = nil
    elseif run.is_gone ~= (run.listed ~= self.merges) then
      run.is_gone, has_changed = not run.is_gone, true
    end
  end
  return has_changed
end

--- Merges the entries of one look.
---@param runs  table[]  newest first
---@param clock any      the server's clock at that look
---@return boolean has_changed
function History:merge(runs, clock)
  local has_changed = false
  self.merges = self.merges + 1
  for index = #runs, 1, -1 do
    local raw = runs[index]
    if type(raw) == "table" then
      local id = id_of(raw)
      local run = self.by_id[id]
      if not run then
        run, has_changed = self:add(id, raw, clock), true
      elseif not run.is_complete then
        has_changed = self:refresh(run, raw) or has_changed
      end
      run.listed = self.merges
    end
  end
  has_changed = self:note_gone() or has_changed
  if has_changed and self.known then self:find_carrier() end
  return has_changed
end

--- Whether all entries of the carrier are still listed; if not, others may be
--- gone that nobody has seen.
---@return boolean
function History:is_carrier_listed()
  for _, run in ipairs(self.carrier.runs) do
    if run.listed ~= self.merges then return false end
  end
  return true
end

--- Whether an entry is dated after a moment of the server's clock.
---@param moment number
---@return boolean
function History:has_run_after(moment)
  local last = self.timeline[#self.timeline]
  return last ~= nil and last.start > moment
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
    if (a.start or 0) ~= (b.start or 0) then return (a.start or 0) > (b.start or 0) end
    return a.id < b.id
  end)
  for index, run in ipairs(runs) do runs[index] = run.id end
  return runs
end

-- An import began after the change was made if its date says so. The baseline
-- alone does not tell: an entry may appear only when its run is over, or later.
function History:carries(import)
  return import.is_new and (self.ignores_dates or import.start >= self.since)
    and (import.is_full or not self.wants_full)
end

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

local function add_to_cycle(cycle, run)
  cycle.runs[#cycle.runs + 1] = run
  if is_ad_import(run) then return add_import(cycle, run) end
  if run.act == "sync" or run.act == "export" then cycle.is_importing = false end
  if run.kind == "entra" and run.act == "export" then
    cycle.exports[#cycle.exports + 1] = run
  elseif run.kind == "ad" and run.act == "sync" then
    cycle.syncs[run.connector] = run
    -- Its import is missing in the history: nobody knows when it was.
    if not cycle.imports[run.connector] then cycle.is_carrier = false end
  end
end

-- Several connectors import in one cycle, and the change may be in any of them.
function History:close_cycle(cycle)
  for _, import in pairs(cycle.imports) do
    if not cycle.key or import.start < cycle.key.start then cycle.key = import end
    if not self:carries(import) then cycle.is_carrier = false end
  end
end

function History:cycles()
  local cycles, current = {}, nil
  for _, run in ipairs(self.timeline) do
    if is_ad_import(run) and not (current and current.is_importing) then
      current = new_cycle()
      cycles[#cycles + 1] = current
    end
    if current then add_to_cycle(current, run) end
  end
  for _, cycle in ipairs(cycles) do self:close_cycle(cycle) end
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

function History:find_carrier()
  self.carrier, self.has_later = nil, false
  for _, cycle in ipairs(self:cycles()) do
    if self.carrier and (is_telling(self.carrier) or not cycle.is_carrier) then
      self.has_later = true
      return
    elseif cycle.is_carrier then
      self.carrier = cycle
    end
  end
end

return sync_history
