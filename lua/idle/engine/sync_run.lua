--- Reads an entry of the run history: one run profile that ran on one connector.
local look_reader = require("idle.engine.sync_look")
local utc = require("idle.engine.utc")

local field = look_reader.field

local sync_run = {}

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
---@field is_listed   boolean  the last look had it

--- The Entra connector has this id in every installation.
sync_run.ENTRA_CONNECTOR = "b891884f-051e-4a83-95af-2544101c9083"

local PROFILES = {
  ["delta import"] = { act = "import", is_full = false },
  ["full import"] = { act = "import", is_full = true },
  ["delta synchronization"] = { act = "sync", is_full = false },
  ["full synchronization"] = { act = "sync", is_full = true },
  ["export"] = { act = "export", is_full = false },
}
local NO_PROFILE = { is_full = false }

local function text(v) return type(v) == "string" and v or nil end

--- What tells entries apart, also where a provider leaves the id out.
---@param raw table
---@return string
function sync_run.id_of(raw)
  return text(raw.RunHistoryId) or table.concat({
    tostring(raw.ConnectorName), tostring(raw.RunProfileName), tostring(raw.RunNumber), tostring(raw.StartDate),
  }, "|")
end

-- Connectors of an unknown type count as AD: a change may be in any of them.
local function kind_of(connector, name, types)
  if connector == sync_run.ENTRA_CONNECTOR or (name and name:lower():find(" %- aad$")) then return "entra" end
  local connector_type = types[connector]
  return (connector_type == nil or connector_type:upper() == "AD") and "ad" or "other"
end

local function is_over(raw, result)
  if result == "in-progress" then return false end
  local complete = field(raw, "IsRunComplete")
  if type(complete) == "boolean" then return complete end
  return utc.parse(field(raw, "EndDate")) ~= nil
end

--- Takes in the entry once more, for the run may have gone on.
---@param run idle.SyncRun
---@param raw table
function sync_run.update(run, raw)
  local result = text(raw.Result)
  run.raw, run.result = raw, result and result:lower() or ""
  run.is_complete = is_over(raw, run.result)
  run.start = run.start or utc.parse(field(raw, "StartDate"))
  run.finish = run.is_complete and utc.parse(field(raw, "EndDate")) or nil
end

--- Reads an entry.
---@param id    string
---@param raw   table
---@param types table<string, string>  of connectors by id, as far as they are known
---@return idle.SyncRun
function sync_run.read(id, raw, types)
  local connector_id, name = text(raw.ConnectorId), text(raw.ConnectorName)
  local connector = connector_id and connector_id:lower() or name or "?"
  local profile_name = text(raw.RunProfileName)
  local profile = profile_name and PROFILES[profile_name:lower()] or NO_PROFILE
  local run = {
    id = id, connector = connector, kind = kind_of(connector, name, types), act = profile.act,
    is_full = profile.is_full, is_new = false, is_gone = false, is_listed = true,
  }
  sync_run.update(run, raw)
  return run
end

---@param run idle.SyncRun
---@return boolean
function sync_run.is_ad_import(run)
  return run.kind == "ad" and run.act == "import"
end

return sync_run
