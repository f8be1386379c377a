--- What the mock providers keep in memory: records by key, whatever its case.
--- Nothing in it is shared with a caller.
local copy = require("idle.engine.copy")
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local fold = require("idle.engine.fold")

local mock_store = {}

---@class idle.MockStore
---@field private records table<string, table>  by folded key
---@field private new     fun(key: string): table
local Store = {}
Store.__index = Store

--- Copies a value that came from a caller, or that goes to one.
---@generic T
---@param v T
---@return T
function mock_store.copy(v)
  if type(v) ~= "table" then return v end
  return copy.deep(v, "value", { kind = "input.parameter" })
end

---@class idle.MockStoreOptions
---@field name     string    begins messages
---@field fields   string[]  that a record may have
---@field initial? table<string, table>
---@field new      fun(key: string): table             makes a record
---@field check    fun(record: table, where: string)   completes one of the initial records, or raises

--- Makes a store.
---@param options idle.MockStoreOptions
---@return idle.MockStore
function mock_store.new(options)
  local self = setmetatable({ records = {}, new = options.new }, Store)
  local initial = options.initial or {}
  local where = options.name .. ": InitialStore"
  if not data.is_map(initial) then
    errors.raise("input.setup", ("%s must be a map by key, got %s"):format(where, data.kind(initial)))
  end
  for _, key in ipairs(data.sorted_keys(initial)) do
    local of_record = ("%s, '%s'"):format(where, errors.escape(tostring(key)))
    fields.check(initial[key], options.fields, of_record)
    local record = self:obtain(tostring(key))
    for name, field in pairs(copy.deep(initial[key], of_record, { kind = "input.setup" })) do record[name] = field end
    options.check(record, of_record)
  end
  return self
end

---@param key string
---@return table? record  the store's own
function Store:find(key)
  return self.records[fold.case(key)]
end

--- Finds a record, or makes it.
---@param key string
---@return table record  the store's own
function Store:obtain(key)
  local folded = fold.case(key)
  self.records[folded] = self.records[folded] or self.new(key)
  return self.records[folded]
end

---@param key string
function Store:remove(key)
  self.records[fold.case(key)] = nil
end

--- All records.
---@return table<string, table>  a copy, by the keys as they are spelled
function Store:snapshot()
  local all = {}
  for _, record in pairs(self.records) do all[record.IdentityKey] = mock_store.copy(record) end
  return all
end

--- Refuses an argument that is no text or says nothing, before anything is done.
---@param operation string
---@param argument  string  its name
---@param v         any
---@return string v
function mock_store.check_text(operation, argument, v)
  if type(v) == "string" and not data.is_blank(v) then return v end
  errors.raise("input.parameter", ("%s: %s must be a text that is not empty, got %s"):format(operation, argument,
    data.kind(v)))
end

--- Refuses an IdentityKey that names nothing.
---@param operation string
---@param key       any
---@return string key
function mock_store.check_key(operation, key)
  return mock_store.check_text(operation, "IdentityKey", key)
end

--- What a method answers.
---@param operation string
---@param key       string
---@param changed   boolean
---@param more?     table   what only this operation says
---@return table
function mock_store.result(operation, key, changed, more)
  local result = more or {}
  result.Operation, result.IdentityKey, result.Changed = operation, key, changed
  return result
end

return mock_store
