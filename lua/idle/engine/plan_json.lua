--- Writes JSON byte for byte as IdLE's exports are (contracts §9.4): the fields of a shape in
--- their order, keys of maps sorted, lists always lists, two blanks a level, text as it is.
local data = require("idle.engine.data")
local trail = require("idle.engine.trail")
local value = require("idle.engine.value")

local plan_json = {}

--- What reads JSON here takes no deeper nesting, so none is written.
plan_json.MAX_DEPTH = 2000

--- Makes a kind of object whose fields have an order; one without a value is null.
---@param ... string  names of the fields
---@return fun(fields: table): table  marks a table as such an object
function plan_json.shape(...)
  local meta = { __name = "idle.engine.shape", names = { ... } }
  return function(fields) return setmetatable(fields, meta) end
end

local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
  ["\u{85}"] = "\\u0085", ["\u{2028}"] = "\\u2028", ["\u{2029}"] = "\\u2029",
}

local function escape_control(char)
  return ESCAPES[char] or ("\\u%04x"):format(char:byte())
end

-- Line ends of Unicode are written as IdLE's writer does.
local function quote(text, state)
  if text:find('[%c"\\]') then text = text:gsub('[\0-\x1F"\\]', escape_control) end
  if text:find("[\x80-\xFF]") then
    if not utf8.len(text) then state:fail("a text that is not UTF-8 cannot be exported") end
    text = text:gsub("\xC2\x85", ESCAPES):gsub("\xE2\x80[\xA8\xA9]", ESCAPES)
  end
  return '"' .. text .. '"'
end

-- The shortest form that reads back as the same number, and as a float.
local function write_number(v, state)
  if math.type(v) == "integer" then return ("%d"):format(v) end
  if v ~= v or v == math.huge or v == -math.huge then state:fail("%s is no number of JSON", tostring(v)) end
  for digits = 15, 17 do
    local text = ("%%.%dg"):format(digits):format(v)
    if tonumber(text) == v then return text:find("[.e]") and text or text .. ".0" end
  end
end

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  local padding = -#bytes % 3
  local text = (bytes .. ("\0"):rep(padding)):gsub("...", function(three)
    local bits, quad = (">I3"):unpack(three), {}
    for index = 1, 4 do
      local six = bits >> (24 - 6 * index) & 63
      quad[index] = ALPHABET:sub(six + 1, six + 1)
    end
    return table.concat(quad)
  end)
  return text:sub(1, #text - padding) .. ("="):rep(padding)
end

local write

-- Writes what stands between two brackets, each item on a line of its own.
local function write_items(state, open, close, count, write_item)
  local out = state.out
  if count == 0 then
    out[#out + 1] = open .. close
    return
  end
  local outer = state.line
  state.line = outer .. state.step
  for index = 1, count do
    out[#out + 1] = (index == 1 and open or ",") .. state.line
    write_item(index)
  end
  state.line = outer
  out[#out + 1] = outer .. close
end

local function write_list(list, state)
  write_items(state, "[", "]", #list, function(index)
    state:push(index)
    write(list[index], state)
    state:pop()
  end)
end

local function keys_of(map, state)
  local meta = getmetatable(map)
  local names = type(meta) == "table" and rawget(meta, "names")
  if not names then return data.sorted_keys(map) end
  if not state.is_canonical then return names end
  local sorted = table.move(names, 1, #names, 1, {})
  table.sort(sorted)
  return sorted
end

local function write_map(map, state)
  local keys = keys_of(map, state)
  write_items(state, "{", "}", #keys, function(index)
    local key = keys[index]
    state:push(key)
    state.out[#state.out + 1] = quote(tostring(key), state) .. state.colon
    write(map[key], state)
    state:pop()
  end)
end

local function write_table(t, state)
  if state.inside[t] then state:fail("%s", trail.CYCLE) end
  if state.depth > state.max_depth then state:fail("nested deeper than %d levels", state.max_depth) end
  state.inside[t] = true
  (data.is_list(t) and write_list or write_map)(t, state)
  state.inside[t] = nil
end

local function write_scalar(v, state)
  if data.is_null(v) then return "null" end
  if type(v) == "string" then return quote(v, state) end
  if type(v) == "number" then return write_number(v, state) end
  if type(v) == "boolean" then return tostring(v) end
  if value.is_bytes(v) then return '"' .. base64(v[1]) .. '"' end
  state:fail("%s cannot be exported", data.kind(v))
end

function write(v, state)
  local is_container = type(v) == "table" and not (value.is_bytes(v) or data.is_null(v) or data.is_code(v))
  if is_container then return write_table(v, state) end
  state.out[#state.out + 1] = write_scalar(v, state)
end

local State = {}
State.__index = State

function State:push(key)
  self.depth = self.depth + 1
  self.keys[self.depth] = key
end

function State:pop() self.depth = self.depth - 1 end

function State:fail(format, ...)
  trail.raise("input.plan", self.root, self.keys, self.depth, format:format(...))
end

local function new_state(options)
  return setmetatable({
    out = {}, keys = {}, inside = {}, depth = 0, line = "", step = "", colon = ":", root = options.root or "",
    max_depth = options.max_depth or plan_json.MAX_DEPTH, is_canonical = options.is_canonical,
  }, State)
end

---@class idle.PlanJsonOptions
---@field max_depth? integer  containers within each other; default 2000
---@field root?      string   names the value in errors

--- Writes a value for people and reviews. Raises `input.plan` for what JSON cannot hold, naming the place.
---@param v any
---@param options? idle.PlanJsonOptions
---@return string
function plan_json.pretty(v, options)
  local state = new_state(options or {})
  state.line, state.step, state.colon = "\n", "  ", ": "
  write(v, state)
  return table.concat(state.out)
end

--- Writes a value without blanks and with all keys sorted, so that equal values give equal bytes.
---@param v any
---@param options? idle.PlanJsonOptions
---@return string
function plan_json.canonical(v, options)
  options = options or {}
  local state = new_state({ max_depth = options.max_depth, root = options.root, is_canonical = true })
  write(v, state)
  return table.concat(state.out)
end

return plan_json
