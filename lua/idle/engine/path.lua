--- Reads `Request.Intent.Department` out of a value (contracts §3.4).
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local suggest = require("idle.engine.suggest")
local value = require("idle.engine.value")

local path = {}

---@class idle.PathOptions
---@field index? boolean  true = a number picks the element of a list, counted from 0

--- Splits a path into its segments.
---@param text string
---@return string[]? segments  nil = there is an empty one
function path.split(text)
  if text:find("..", 1, true) or text:find("^%.") or text:find("%.$") then return nil end
  local segments = {}
  for segment in text:gmatch("[^.]+") do segments[#segments + 1] = segment end
  return segments
end

local function text_member(text, name)
  if name:lower() == "length" then return true, utf8.len(text, 1, -1, true) or #text end
  return false
end

local function first_element(list)
  for index = 1, #list do
    if not data.is_null(list[index]) then return list[index] end
  end
end

-- The member of every element, if the first one has it.
local function enumerate(list, name)
  local first = first_element(list)
  local has_it = data.is_map(first) and select(2, data.get(first, name)) ~= nil
  if not has_it then return false end
  local members = value.list()
  for index = 1, #list do
    local element = list[index]
    if not data.is_null(element) then
      local field
      if data.is_map(element) then field = data.get(element, name) end
      members[#members + 1] = field == nil and data.NULL or field
    end
  end
  return true, members
end

local function list_member(list, name, options)
  local lowered = name:lower()
  if lowered == "count" or lowered == "length" then return true, #list end
  if options.index and name:find("^%d+$") then
    local element = list[tonumber(name) + 1]
    return element ~= nil, element
  end
  return enumerate(list, name)
end

local function member(container, name, options)
  if type(container) == "string" then return text_member(container, name) end
  if data.is_map(container) then
    local field, spelling = data.get(container, name)
    return spelling ~= nil, field
  end
  if data.is_list(container) then return list_member(container, name, options) end
  return false
end

local NO_OPTIONS = {}

--- Follows a path as far as it goes.
---@param root     any
---@param segments string[]
---@param options? idle.PathOptions
---@return integer reached    number of segments that were found
---@return any     container  the value that the last found segment leads to
function path.follow(root, segments, options)
  local here = root
  for index, name in ipairs(segments) do
    local found, field = member(here, name, options or NO_OPTIONS)
    if not found then return index - 1, here end
    here = field
  end
  return #segments, here
end

--- The value that a path leads to.
---@param root     any
---@param segments string[]
---@param options? idle.PathOptions
---@return any  nil = the path leads nowhere, or to null
function path.resolve(root, segments, options)
  local reached, field = path.follow(root, segments, options)
  if reached < #segments or data.is_null(field) then return nil end
  return field
end

--- Whether a path leads somewhere, be it to null. A list without elements has
--- every member, because nothing in it lacks it.
---@param root     any
---@param segments string[]
---@return boolean
function path.exists(root, segments)
  local reached, here = path.follow(root, segments)
  return reached == #segments or (data.is_list(here) and first_element(here) == nil)
end

-- Looking for the nearest of more keys would take longer than it helps.
local MAX_CANDIDATES = 1000

--- Says where a path breaks off, and which key was probably meant.
---@param root     any
---@param segments string[]
---@param options? idle.PathOptions
---@return string  empty, if it leads somewhere
function path.explain(root, segments, options)
  local reached, here = path.follow(root, segments, options)
  local lacking = segments[reached + 1]
  if lacking == nil then return "" end
  local names = data.is_map(here) and data.sorted_keys(here) or {}
  for index, key in ipairs(names) do names[index] = tostring(key) end
  local hint = #names <= MAX_CANDIDATES and errors.escape(suggest.key_hint(lacking, names)) or ""
  if reached == 0 then return ("there is no %s%s"):format(data.quote(lacking), hint) end
  return ("%s has no %s%s"):format(data.quote(table.concat(segments, ".", 1, reached)), data.quote(lacking), hint)
end

return path
