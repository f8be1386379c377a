--- The keys of With of IdLE.Step.TriggerDirectorySync (DESIGN §6.1).
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local utc = require("idle.engine.utc")
local value = require("idle.engine.value")
local with = require("idle.steps.with")

local sync_with = {}

local STEP = "TriggerDirectorySync"

local ACCEPTED = with.word({ "no", "maybe", "yes" })

local function given(v)
  if v == nil or value.is_null(v) then return nil end
  return v
end

local function is_text(v) return v == nil or type(v) == "string" end

local function is_list_of_texts(v)
  if type(v) ~= "table" then return false end
  for key, item in pairs(v) do
    if math.type(key) ~= "integer" or type(item) ~= "string" then return false end
  end
  return true
end

-- It may have been written to a file and read again, so nothing in it is taken on trust.
local function baseline(v)
  local what = "a former Data.Baseline"
  if type(v) ~= "table" then return nil, what end
  local former = { Accepted = ACCEPTED(given(v.Accepted)) }
  for _, name in ipairs({ "Server", "T0", "NextStart", "SentUtc", "RunIds" }) do former[name] = given(v[name]) end
  if not former.Accepted then return nil, what .. ", whose Accepted is 'no', 'maybe' or 'yes'" end
  if not (is_text(former.Server) and is_text(former.NextStart) and is_text(former.SentUtc)) then return nil, what end
  if former.T0 ~= nil and (not is_text(former.T0) or not utc.parse(former.T0)) then
    return nil, what .. ", whose T0 is a date"
  end
  if former.RunIds ~= nil and not is_list_of_texts(former.RunIds) then
    return nil, what .. ", whose RunIds are a list of texts"
  end
  former.RunIds = former.RunIds and value.list({ table.unpack(former.RunIds) })
  return former
end

---@type idle.WithKey[]
local KEYS = {
  { key = "AuthSessionName", read = with.text, required = true },
  { key = "PolicyType", read = with.word({ "Delta", "Initial" }), required = true },
  { key = "TimeoutSeconds", read = with.seconds, default = 600 },
  { key = "PollIntervalSeconds", read = with.seconds, default = 10 },
  { key = "Provider", read = with.text, default = "DirectorySync" },
  { key = "AuthSessionOptions", read = with.map, default = {} },
  { key = "ComputerName", read = with.text },
  { key = "Wait", read = with.boolean, default = false },
  { key = "OnBusy", read = with.word({ "Wait", "Fail" }), default = "Wait" },
  { key = "SettleSeconds", read = with.seconds, default = 45 },
  { key = "Until", read = with.word({ "CycleEnd", "Export" }), default = "CycleEnd" },
  { key = "AllowDisabled", read = with.boolean, default = false },
  { key = "Expect", read = with.text },
  { key = "Baseline", read = baseline },
}

-- Newer IdLE files name the server here; the broker may choose a session by it.
local function session_options(values)
  local options = {}
  for name, option in pairs(values.AuthSessionOptions) do options[name] = option end
  if options.ComputerName == nil then options.ComputerName = values.ComputerName end
  return options
end

local function find_provider(providers, alias)
  local provider = data.get(type(providers) == "table" and providers or {}, alias)
  if provider ~= nil then return provider end
  errors.raise("provider.missing", ("provider '%s' was not supplied; put one into the Providers"):format(
    errors.escape(alias)))
end

local function check_methods(provider, alias)
  for _, name in ipairs({ "StartSyncCycle", "GetSyncCycleState" }) do
    local ok, method = pcall(function() return provider[name] end)
    if not ok or method == nil then
      errors.raise("provider.missing", ("provider '%s' has no method %s"):format(errors.escape(alias), name))
    end
  end
  return provider
end

--- Reads and checks everything that a step needs before anything happens.
---@param raw       any    With
---@param providers table  of the context
---@return table values  by key; SessionOptions are those for the broker
---@return table provider
function sync_with.read(raw, providers)
  local values = with.read(STEP, raw, KEYS)
  values.SessionOptions = session_options(values)
  return values, check_methods(find_provider(providers, values.Provider), values.Provider)
end

return sync_with
