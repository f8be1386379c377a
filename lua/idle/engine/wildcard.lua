--- Wildcards as PowerShell's -like has them: `*` any run, `?` one character,
--- `[a-z]` one of a set, a backtick before a character takes it as it is. The
--- whole text must match, whatever its case (contracts §3.3).
local fold = require("idle.engine.fold")

local wildcard = {}

---@class idle.Wildcard
---@field private items (string|table)[]
local Wildcard = {}
Wildcard.__index = Wildcard

local ANY_RUN, ANY_ONE = { kind = "run" }, { kind = "one" }

-- What a match costs grows with the length of the pattern.
local MAX_LENGTH = 1024

-- What is not UTF-8 is taken byte by byte.
local function characters(text)
  local list = {}
  for char in text:gmatch(utf8.len(text, 1, -1, true) and utf8.charpattern or ".") do list[#list + 1] = char end
  return list
end

local function code_of(char)
  return utf8.len(char, 1, -1, true) and utf8.codepoint(char, 1, 1, true) or char:byte()
end

local function folded_range(first, last)
  return { first = code_of(first), last = code_of(last), folded_first = code_of(fold.case(first)),
    folded_last = code_of(fold.case(last)) }
end

local function add_member(set, first, last)
  if last then
    set.ranges[#set.ranges + 1] = folded_range(first, last)
  else
    set.chars[fold.case(first)] = true
  end
end

-- One character of a set, a backtick before it or not.
local function read_member(chars, at)
  if chars[at] == "`" and chars[at + 1] then return chars[at + 1], at + 2 end
  return chars[at], at + 1
end

-- `at` stands on the opening bracket.
local function read_set(chars, at)
  local set = { kind = "set", chars = {}, ranges = {} }
  local opener = at
  at = at + 1
  while chars[at] ~= "]" do
    if chars[at] == nil then return nil, "'[' is never closed" end
    local first, after = read_member(chars, at)
    if chars[after] == "-" and chars[after + 1] and chars[after + 1] ~= "]" then
      local last
      last, after = read_member(chars, after + 1)
      if code_of(last) < code_of(first) then
        return nil, ("the range '%s-%s' runs backwards"):format(first, last)
      end
      add_member(set, first, last)
    else
      add_member(set, first)
    end
    at = after
  end
  if at == opener + 1 then return nil, "'[]' is empty" end
  return set, at + 1
end

--- Prepares a pattern.
---@param pattern string
---@return idle.Wildcard?
---@return string? problem  why it is malformed
function wildcard.compile(pattern)
  if #pattern > MAX_LENGTH then return nil, ("it is longer than %d bytes"):format(MAX_LENGTH) end
  local chars, items, at = characters(pattern), {}, 1
  while chars[at] do
    local char = chars[at]
    if char == "[" then
      local set, after = read_set(chars, at)
      if not set then return nil, after end
      items[#items + 1], at = set, after
    elseif char == "`" and chars[at + 1] then
      items[#items + 1], at = fold.case(chars[at + 1]), at + 2
    else
      local item = char == "*" and ANY_RUN or char == "?" and ANY_ONE or fold.case(char)
      -- One run after another is no more than one.
      if not (item == ANY_RUN and items[#items] == ANY_RUN) then items[#items + 1] = item end
      at = at + 1
    end
  end
  return setmetatable({ items = items }, Wildcard)
end

local function set_has(set, char, folded)
  if set.chars[folded] then return true end
  local code, folded_code = code_of(char), code_of(folded)
  for _, range in ipairs(set.ranges) do
    if (code >= range.first and code <= range.last)
      or (folded_code >= range.folded_first and folded_code <= range.folded_last) then
      return true
    end
  end
  return false
end

local function item_matches(item, char, folded)
  if type(item) == "string" then return item == folded end
  return item == ANY_ONE or (item.kind == "set" and set_has(item, char, folded))
end

--- Whether a text matches. Takes at most (length of the text) × (length of the pattern).
---@param text string
---@return boolean
function Wildcard:matches(text)
  local chars, items = characters(text), self.items
  -- Folding keeps the number of characters, but only of UTF-8.
  local folded = utf8.len(text, 1, -1, true) and characters(fold.case(text)) or characters(text:lower())
  local at, item_at, run_at, resume = 1, 1, nil, nil
  while at <= #chars do
    local item = items[item_at]
    if item == ANY_RUN then
      run_at, resume, item_at = item_at, at, item_at + 1
    elseif item and item_matches(item, chars[at], folded[at]) then
      at, item_at = at + 1, item_at + 1
    elseif run_at then
      -- The last run takes one character more; earlier runs never need to.
      resume = resume + 1
      at, item_at = resume, run_at + 1
    else
      return false
    end
  end
  if items[item_at] == ANY_RUN then item_at = item_at + 1 end
  return item_at > #items
end

return wildcard
