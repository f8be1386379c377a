--- The file of `sync --baseline`: there while a start may be under way whose
--- outcome nobody knows yet, so that a later call waits on instead of starting.
local errors = require("idle.engine.errors")
local file = require("idle.file")
local json = require("idle.json")

local baseline_file = {}

---@class idle.BaselineFile
---@field former? table  the baseline that was there; nil = nothing is under way
---@field package path   string
---@field package is_new boolean  nothing was sent that it would have to tell of
local BaselineFile = {}
BaselineFile.__index = BaselineFile

local MAX_BYTES = 1024 * 1024

-- What is certain needs no waiting on.
local CERTAIN = { Success = true, CompletedWithErrors = true, Unverified = true, NoExport = true, Failed = true }

local function read(path)
  if not file.exists(path) then return nil end
  local text, err = file.read(path, MAX_BYTES)
  if not text then
    errors.raise(err.kind == "file.too_large" and "input.json" or "input.file", "--baseline: " .. err.message)
  end
  -- A call that was killed before it sent anything.
  if text == "" then return nil end
  local former = errors.check(json.decode(text, path))
  if type(former) == "table" and former.Accepted ~= nil then return former end
  errors.raise("input.json", ("'%s' is no baseline of a sync; remove it, or name another file"):format(
    errors.escape(path)))
end

local function encoded(baseline)
  return errors.check(json.encode(baseline, { indent = 2 })) .. "\n"
end

-- What can't be noted keeps a start from being sent.
local function write(path, text)
  local ok, err = file.write_private(path, text)
  if not ok then errors.raise("input.file", "--baseline: " .. err.message) end
end

--- Reads the file. A new one is made at once, empty: that it can't be written
--- must show before a cycle is started, not after.
---@param path string
---@return idle.BaselineFile
function baseline_file.open(path)
  local former = read(path)
  if not former then write(path, "") end
  return setmetatable({ path = path, former = former, is_new = former == nil }, BaselineFile)
end

function BaselineFile:write(baseline)
  errors.check(file.write_private(self.path, encoded(baseline)))
  self.is_new = false
end

--- Keeps what a later call needs, before a start is sent; nil = the server refused it.
---@param intent? table
function BaselineFile:note_start(intent)
  write(self.path, intent and encoded(intent) or "")
  self.is_new = intent == nil
end

--- As an event sink: keeps the baseline as soon as the start is accepted.
---@param event idle.Event
function BaselineFile:WriteEvent(event)
  if event.Type == "DirectorySyncAccepted" and event.Data and event.Data.Baseline then
    self:write(event.Data.Baseline)
  end
end

--- Keeps or removes the file, once the step is over.
---@param data? table  the step's Data, also of one that failed
---@return boolean is_kept
function BaselineFile:settle(data)
  data = data or {}
  local baseline = data.Baseline
  if not CERTAIN[data.Outcome] and baseline and baseline.Accepted ~= "no" then self:write(baseline) end
  if CERTAIN[data.Outcome] or self.is_new then
    errors.check(file.remove(self.path))
    return false
  end
  return true
end

return baseline_file
