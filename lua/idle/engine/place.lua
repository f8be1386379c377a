--- Lines and columns of positions in a text.
local place = {}

local function column_of(text, line_start, pos)
  local before = text:sub(line_start, pos - 1)
  return (utf8.len(before, 1, -1, true) or #before) + 1
end

--- The line and column of a position; columns count characters, not bytes.
---@param text string  UTF-8
---@param pos  integer
---@return integer line
---@return integer column
function place.of(text, pos)
  local _, breaks = text:sub(1, pos - 1):gsub("\n", "")
  local line_start = pos
  while line_start > 1 and text:byte(line_start - 1) ~= 0x0A do line_start = line_start - 1 end
  return breaks + 1, column_of(text, line_start, pos)
end

---@class idle.Lines  the lines of a text, to find many positions in it
---@field private text   string
---@field private starts integer[]  where each line begins
local Lines = {}
Lines.__index = Lines

---@param text string
---@return idle.Lines
function place.lines(text)
  local starts = { 1 }
  for after in text:gmatch("\n()") do starts[#starts + 1] = after end
  return setmetatable({ text = text, starts = starts }, Lines)
end

--- The line and column of a position.
---@param pos integer
---@return integer line
---@return integer column
function Lines:of(pos)
  local low, high = 1, #self.starts
  while low < high do
    local middle = (low + high + 1) // 2
    if self.starts[middle] <= pos then low = middle else high = middle - 1 end
  end
  return low, column_of(self.text, self.starts[low], pos)
end

return place
