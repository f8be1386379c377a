--- Collects what is wrong with a workflow, so that a user sees everything at once.
local data = require("idle.engine.data")
local fold = require("idle.engine.fold")
local suggest = require("idle.engine.suggest")
local trail = require("idle.engine.trail")

local workflow_report = {}

---@class idle.Violation
---@field Path    string    such as `Steps[2].With`
---@field Message string
---@field Line?   integer   where it stands, if the workflow was read from a data file
---@field Column? integer

---@class idle.WorkflowReport
---@field violations   idle.Violation[]
---@field is_data_file boolean  whether every list in the workflow is marked as one
---@field private keys  any[][]                the way to each violation
---@field private hints table<idle.KeyRules, table<string, string>>  by misspelled word
local Report = {}
Report.__index = Report

---@param is_data_file boolean
---@return idle.WorkflowReport
function workflow_report.new(is_data_file)
  return setmetatable({ violations = {}, is_data_file = is_data_file, keys = {}, hints = {} }, Report)
end

--- Adds a violation.
---@param keys any[]  the way from the root of the workflow; indexes count from 1
---@param format string
function Report:add(keys, format, ...)
  local index = #self.violations + 1
  self.violations[index] = { Path = trail.text("", keys), Message = format:format(...) }
  self.keys[index] = keys
end

--- The way from one place to a place in it.
---@param keys any[]
---@return any[]
function workflow_report.join(keys, ...)
  local joined = table.move(keys, 1, #keys, 1, {})
  return table.move({ ... }, 1, select("#", ...), #joined + 1, joined)
end

-- The known key that was probably meant, as the end of a message. The same
-- mistake in a thousand steps is looked up once.
local function hint_for(self, word, rules)
  local hints = self.hints[rules] or {}
  self.hints[rules] = hints
  local hint = rules.lenient and suggest.hint or suggest.key_hint
  if not hints[word] then hints[word] = hint(word, rules.names) end
  return hints[word]
end

---@class idle.KeyRules
---@field names    string[]                the known keys
---@field by_fold  table<string, string>   the same by their folded form
---@field what     string                  begins the message: "Unknown key" or "Unknown root key"
---@field notes?   table<string, string>   what to say about certain unknown keys, by folded key
---@field lenient? boolean                 true = only keys that resemble a known one are refused

---@param what    string
---@param names   string[]
---@param options? { notes?: table<string, string>, lenient?: boolean }
---@return idle.KeyRules
function workflow_report.rules(what, names, options)
  local by_fold = {}
  for _, name in ipairs(names) do by_fold[fold.case(name)] = name end
  options = options or {}
  return { what = what, names = names, by_fold = by_fold, notes = options.notes, lenient = options.lenient }
end

local function add_unknown(self, keys, key, rules)
  local word = data.shown(tostring(key))
  local note = rules.notes and rules.notes[fold.case(tostring(key))]
  local hint = note and "; " .. note or hint_for(self, word, rules)
  if rules.lenient and hint == "" then return end
  self:add(workflow_report.join(keys, key), "%s '%s' (allowed: %s)%s", rules.what, word,
    table.concat(rules.names, ", "), hint)
end

--- The fields of a map by the right spelling of their keys; null ones are left out.
--- Unknown keys are violations.
---@param map   table
---@param keys  any[]  the way to the map
---@param rules idle.KeyRules
---@return table<string, any>
function Report:fields(map, keys, rules)
  local fields, unknown = {}, nil
  for key, field in next, map do
    local name = rules.by_fold[key] or rules.by_fold[fold.case(tostring(key))]
    if not name then
      unknown = unknown or {}
      unknown[key] = true
    elseif not data.is_null(field) then
      fields[name] = field
    end
  end
  if unknown then
    for _, key in ipairs(data.sorted_keys(unknown)) do add_unknown(self, keys, key, rules) end
  end
  return fields
end

-- The entry that a way leads to, or the last one before it breaks off.
local function find_entry(root, keys)
  local container, found_in, found_key = root, nil, nil
  for _, key in ipairs(keys) do
    if type(container) ~= "table" then break end
    local field, spelling
    if data.is_list(container) then
      field, spelling = container[key], key
    else
      field, spelling = data.get(container, tostring(key))
    end
    if spelling == nil or field == nil then break end
    found_in, found_key, container = container, spelling, field
  end
  return found_in, found_key
end

--- Adds line and column to every violation.
---@param root   table             the workflow as it was read
---@param places idle.Psd1Places
function Report:locate(root, places)
  for index, violation in ipairs(self.violations) do
    local container, key = find_entry(root, self.keys[index])
    if container then violation.Line, violation.Column = places:of(container, key) end
  end
end

return workflow_report
