--- Puts the parts of a data file together: maps, lists, and what stands in them.
--- Every nesting is counted, so that no file can fill the stack.
local data = require("idle.engine.data")
local fold = require("idle.engine.fold")
local lexer = require("idle.engine.psd1_lexer")
local lpeg = require("lpeg")
local refusal = require("idle.engine.psd1_refusal")
local scalars = require("idle.engine.psd1_scalars")
local value = require("idle.engine.value")

local match = lpeg.match
local NULL = scalars.NULL

local COMMA, CLOSE_MAP, CLOSE_LIST = (","):byte(), ("}"):byte(), (")"):byte()

-- What may stand right after a finished value.
local ENDS = { [("\r"):byte()] = true, [("\n"):byte()] = true, [(";"):byte()] = true, [CLOSE_MAP] = true,
  [CLOSE_LIST] = true }

---@class idle.Psd1Parser
---@field text    string
---@field null    any      stands for $null; nil = such entries are left out
---@field report  fun(pos: integer, message: string)  raises
---@field places? table<table, table<any, integer>>   position of every entry, by container and key
---@field folded  table<string, string>               what keys are compared by, computed once each
local Parser = {}
Parser.__index = Parser

--- Says what is wrong at a position, and reads no further.
---@param pos     integer
---@param message string
function Parser:fail(pos, message)
  self.report(pos, message)
end

local function record(self, container, key, pos)
  local entries = self.places[container]
  if not entries then
    entries = {}
    self.places[container] = entries
  end
  entries[key] = pos
end

-- Two values on one line are no list, and a forgotten bracket shows only here.
local function check_end(self, pos, opener)
  local byte = self.text:byte(pos)
  if ENDS[byte] then return end
  if byte == nil then self:fail(opener, refusal.unclosed(self.text, opener)) end
  self:fail(pos, refusal.after_value(self.text, pos))
end

local function append(self, list, item, pos)
  if item == NULL then item = self.null end
  if item == nil then return end
  local index = #list + 1
  list[index] = item
  if self.places then record(self, list, index, pos) end
end

local operand -- of any kind; it and the containers call each other

-- Values joined by commas, from the first comma on.
local function comma_list(self, first, first_pos, pos, depth)
  local list, text = value.list(), self.text
  append(self, list, first, first_pos)
  while text:byte(pos) == COMMA do
    local item_pos, item, after = match(lexer.next_item, text, pos)
    if item == nil then
      item, after = operand(self, after, depth)
      after = match(lexer.blank, text, after)
    end
    append(self, list, item, item_pos)
    pos = after
  end
  return list, pos
end

-- A value, or several joined by commas; the position returned is past blanks.
local function expression(self, pos, depth)
  local first, after = operand(self, pos, depth)
  after = match(lexer.blank, self.text, after)
  if self.text:byte(after) ~= COMMA then return first, after end
  return comma_list(self, first, pos, after, depth)
end

-- A key and its equals sign that the fast path does not know; nil at the end of the map.
local function read_key(self, pos, opener)
  pos = match(lexer.separators, self.text, pos)
  local byte = self.text:byte(pos)
  if byte == CLOSE_MAP then return nil, pos + 1 end
  if byte == nil then self:fail(opener, refusal.unclosed(self.text, opener)) end
  local key, after = scalars.key(self, pos)
  if key == nil then self:fail(pos, refusal.key(self.text, pos)) end
  after = match(lexer.blank, self.text, after)
  if self.text:byte(after) ~= ("="):byte() then self:fail(after, refusal.no_equals(self.text, after, key)) end
  return key, match(lexer.skip, self.text, after + 1), pos
end

local function refuse_duplicate(self, pos, key, first_pos)
  self:fail(pos, ("the key %s stands in this map already, in line %d; keys are the same whatever their case"):format(
    data.quote(key), refusal.line(self.text, first_pos)))
end

local function add_entry(self, map, seen, key, field, pos)
  local folded = self.folded[key]
  if not folded then
    folded = fold.case(key)
    self.folded[key] = folded
  end
  if seen[folded] then refuse_duplicate(self, pos, key, seen[folded]) end
  seen[folded] = pos
  if field == NULL then field = self.null end
  map[key] = field
  if self.places then record(self, map, key, pos) end
end

local function read_map(self, opener, depth)
  local map, seen = {}, {}
  local pos = opener + 2
  while true do
    local key_pos, key, field, after = match(lexer.entry, self.text, pos)
    if key_pos == nil then
      key, after, key_pos = read_key(self, pos, opener)
      if key == nil then return map, after end
    end
    if field == nil then field, after = expression(self, after, depth) end
    check_end(self, after, opener)
    if self.text:byte(after) == CLOSE_LIST then self:fail(after, refusal.wrong_bracket(self.text, opener)) end
    add_entry(self, map, seen, key, field, key_pos)
    pos = after
  end
end

-- A line that holds a list adds its elements, not the list (contracts §20).
local function join(self, list, item, pos)
  if not value.is_list(item) then
    append(self, list, item, pos)
    return list
  end
  if #list == 0 then return item end
  for index = 1, #item do
    local place = self.places and self.places[item] and self.places[item][index]
    append(self, list, item[index], place or pos)
  end
  return list
end

local function read_list(self, opener, depth)
  local list = value.list()
  local pos = opener + 2
  while true do
    local item_pos, item, after = match(lexer.item, self.text, pos)
    if item == nil then
      local byte = self.text:byte(after)
      if byte == CLOSE_LIST then return list, after + 1 end
      if byte == nil then self:fail(opener, refusal.unclosed(self.text, opener)) end
      item, after = expression(self, after, depth)
    elseif self.text:byte(after) == COMMA then
      item, after = comma_list(self, item, item_pos, after, depth)
    end
    check_end(self, after, opener)
    if self.text:byte(after) == CLOSE_MAP then self:fail(after, refusal.wrong_bracket(self.text, opener)) end
    list = join(self, list, item, item_pos)
    pos = after
  end
end

local function read_parentheses(self, opener, depth)
  local inside, after = expression(self, match(lexer.skip, self.text, opener + 1), depth)
  after = match(lexer.skip, self.text, after)
  if self.text:byte(after) == CLOSE_LIST then return inside, after + 1 end
  check_end(self, after, opener)
  self:fail(after, self.text:byte(after) == CLOSE_MAP and refusal.wrong_bracket(self.text, opener)
    or "parentheses hold one value")
end

-- A comma before a value makes a list of it alone.
local function read_list_of_one(self, pos, depth)
  local item_pos = match(lexer.skip, self.text, pos + 1)
  local item, after = operand(self, item_pos, depth)
  local list = value.list()
  append(self, list, item, item_pos)
  return list, after
end

local function read_negated(self, pos, depth, is_negative)
  local inside, after = read_parentheses(self, pos, depth)
  if type(inside) ~= "number" then self:fail(pos, "a sign must stand before a number") end
  return is_negative and -inside or inside, after
end

local NESTED = {
  ["@{"] = read_map,
  ["@("] = read_list,
  ["("] = read_parentheses,
  [","] = read_list_of_one,
}

local function deeper(self, pos, depth)
  if depth >= data.MAX_DEPTH then self:fail(pos, ("nested deeper than %d levels"):format(data.MAX_DEPTH)) end
  return depth + 1
end

function operand(self, pos, depth)
  local nested = NESTED[self.text:sub(pos, pos + 1)] or NESTED[self.text:sub(pos, pos)]
  if not nested then
    local scalar, after, is_negative = scalars.read(self, pos)
    if after then return scalar, after end
    if is_negative ~= nil then return read_negated(self, scalar, deeper(self, pos, depth), is_negative) end
    self:fail(pos, refusal.before_value(self.text, pos))
  end
  return nested(self, pos, deeper(self, pos, depth))
end

local function refuse_root(self, pos)
  local opener = self.text:match("^@%(", pos) or self.text:match("^{", pos)
  local why = opener and ("it begins with '%s'"):format(opener) or refusal.before_value(self.text, pos)
  self:fail(pos, "the file must hold one map (a hashtable), '@{ … }': " .. why)
end

--- Reads the one map that a data file holds.
---@param options { text: string, null: any, report: function, places?: table }
---@return table
local function parse(options)
  local self = setmetatable({
    text = options.text, null = options.null, report = options.report, places = options.places, folded = {},
  }, Parser)
  local pos = match(lexer.separators, self.text, 1)
  if self.text:sub(pos, pos + 1) ~= "@{" then refuse_root(self, pos) end
  local root, after = read_map(self, pos, 1)
  after = match(lexer.separators, self.text, after)
  if after <= #self.text then self:fail(after, "the file must hold one map and nothing after it") end
  return root
end

return { parse = parse }
