--- Lifecycle requests: what a caller wants done for which identity (contracts §1).
local copy = require("idle.engine.copy")
local data = require("idle.engine.data")
local data_only = require("idle.engine.data_only")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local suggest = require("idle.engine.suggest")
local value = require("idle.engine.value")

local request = {}

---@class idle.Request
---@field LifecycleEvent string
---@field CorrelationId  string
---@field Actor?         string
---@field IdentityKeys   table
---@field Intent         table
---@field Context        table

local TEXTS = { "LifecycleEvent", "CorrelationId", "Actor" }
local MAPS = { "IdentityKeys", "Intent", "Context" }
local FIELDS = { "LifecycleEvent", "CorrelationId", "Actor", "IdentityKeys", "Intent", "Context" }

local BY_FOLD = {}
for _, name in ipairs(FIELDS) do BY_FOLD[fold.case(name)] = name end

local FORMER = {
  desiredstate = "'DesiredState' is called 'Intent' since IdLE 0.9.6",
  input = "'Input' is called 'Intent' since IdLE 0.9.6",
  changes = "'Changes' has gone since IdLE 0.9.6; write what is wanted into 'Intent'",
}

local function add(problems, path, format, ...)
  problems[#problems + 1] = { Path = path, Message = format:format(...) }
end

local function note_unknown(key, problems, ignored)
  local word = data.shown(tostring(key))
  local nearest = suggest.nearest(word, FIELDS)
  if fold.equal(word, "Identity") then
    add(problems, word, "a request must not contain property 'Identity'; use IdentityKeys, or Context.Identity")
  elseif nearest then
    add(problems, word, "unknown field '%s' (a request has: %s); did you mean '%s'?", word, table.concat(FIELDS, ", "),
      nearest)
  else
    ignored[#ignored + 1] = FORMER[word:lower()] or ("'%s' is no field of a request"):format(word)
  end
end

-- The fields by their right spelling; null ones are left out.
local function read_fields(source, problems, ignored)
  local fields = {}
  for _, key in ipairs(data.sorted_keys(source)) do
    local name = BY_FOLD[fold.case(tostring(key))]
    if not name then
      note_unknown(key, problems, ignored)
    elseif not data.is_null(source[key]) then
      fields[name] = source[key]
    end
  end
  return fields
end

local function read_text(fields, name, problems)
  local field = fields[name]
  if type(field) == "table" or type(field) == "userdata" or type(field) == "function" then
    return add(problems, name, "%s must be a text, got %s", name, data.kind(field))
  end
  return not data.is_blank(field) and data.text(field) or nil
end

local function read_map(fields, name, problems)
  local field = fields[name]
  if field == nil or data.is_empty_table(field) then return {} end
  if not data.is_map(field) then
    add(problems, name, "%s must be a map, got %s", name, data.kind(field))
    return {}
  end
  data_only.check(field, name, { kind = "input.request", no_secrets = true })
  return copy.deep(field, name, { kind = "input.request" })
end

local function raise_problems(problems, source)
  local texts = {}
  for index, problem in ipairs(problems) do texts[index] = ("%s: %s"):format(problem.Path, problem.Message) end
  errors.raise("input.request", ("request%s: %s"):format(source and (" '%s'"):format(source) or "",
    table.concat(texts, "; ")), { data = { Errors = value.list(problems) } })
end

local function check_map(source, options)
  if data.is_map(source) then return end
  errors.raise("input.request", ("request%s: a request must be a map, got %s"):format(
    options.source and (" '%s'"):format(options.source) or "", data.kind(source)))
end

---@class idle.RequestOptions
---@field new_id  fun(): string  makes a correlation id for a request without one
---@field source? string         name of the file, for messages

--- Makes a request: checked, with defaults, and sharing nothing with its origin (W-10).
--- Raises `input.request` with everything that is wrong.
---@param source  table
---@param options idle.RequestOptions
---@return idle.Request
---@return string[] ignored  a note for every field that no request has
function request.new(source, options)
  check_map(source, options)
  local problems, ignored, made = {}, {}, {}
  local fields = read_fields(source, problems, ignored)
  for _, name in ipairs(TEXTS) do made[name] = read_text(fields, name, problems) end
  if fields.LifecycleEvent == nil then
    add(problems, "LifecycleEvent", "LifecycleEvent is missing; it says what happens: Joiner, Mover, Leaver …")
  elseif made.LifecycleEvent == nil and type(fields.LifecycleEvent) == "string" then
    add(problems, "LifecycleEvent", "LifecycleEvent must not be blank")
  end
  for _, name in ipairs(MAPS) do made[name] = read_map(fields, name, problems) end
  if #problems > 0 then raise_problems(problems, options.source) end
  made.CorrelationId = made.CorrelationId or options.new_id()
  return made, ignored
end

--- Checks what planning is handed: it must say its event and its correlation id.
--- What it says is taken over as `request.new` does.
---@param source   table
---@param options? { source?: string }
---@return idle.Request
---@return string[] ignored
function request.for_planning(source, options)
  options = options or {}
  check_map(source, options)
  local id = data.get(source, "CorrelationId")
  return request.new(source, { source = options.source, new_id = function()
    raise_problems({ {
      Path = "CorrelationId",
      Message = id == nil and "CorrelationId is missing" or "CorrelationId must not be blank",
    } }, options.source)
  end })
end

return request
