--- Reads what string.dump writes (Lua 5.4): which lines of a chunk can run at all, in every function, called or not.
local bytecode = {}

---@class idle.test.Function
---@field first_line integer       where it is defined; 0: the main chunk
---@field last_line  integer
---@field lines      integer[]     of its own code, each once, ascending
---@field functions  idle.test.Function[]  those in it

local HEADER = "\27Lua\x54\0\x19\x93\r\n\x1a\n\4\8\8" .. string.pack("<i8d", 0x5678, 370.5)
local OP_TAILCALL, OP_CLOSURE = 69, 79
-- A distance between two lines that does not fit: the line itself stands in another list.
local ABSOLUTE = -128

local Reader = {}
Reader.__index = Reader

function Reader:byte()
  local byte = self.text:byte(self.at)
  self.at = self.at + 1
  return byte
end

function Reader:skip(count) self.at = self.at + count end

-- Seven bits a byte, the highest first; the last byte has its eighth bit set.
function Reader:number()
  local number = 0
  while true do
    local byte = self:byte()
    number = number << 7 | byte & 0x7F
    if byte & 0x80 ~= 0 then return number end
  end
end

function Reader:skip_string()
  local size = self:number()
  if size > 0 then self:skip(size - 1) end
end

function Reader:list(read)
  local list = {}
  for index = 1, self:number() do list[index] = read(self) end
  return list
end

function Reader:instruction()
  local instruction = string.unpack("<I4", self.text, self.at)
  self:skip(4)
  return instruction
end

-- By the type of the constant; nil, true and false have no content.
local constants = {
  [0x03] = function(reader) reader:skip(8) end,
  [0x13] = function(reader) reader:skip(8) end,
  [0x04] = Reader.skip_string,
  [0x14] = Reader.skip_string,
}

function Reader:constant()
  local skip = constants[self:byte()]
  if skip then skip(self) end
end

function Reader:upvalue() self:skip(3) end

function Reader:distance()
  local byte = self:byte()
  return byte < 128 and byte or byte - 256
end

function Reader:absolute_line()
  self:number()
  return self:number()
end

function Reader:local_variable()
  self:skip_string()
  self:number()
  self:number()
end

-- The line of every instruction.
local function lines_of(first_line, distances, absolute)
  local lines, line, next_absolute = {}, first_line, 1
  for index, distance in ipairs(distances) do
    if distance == ABSOLUTE then
      line, next_absolute = absolute[next_absolute], next_absolute + 1
    else
      line = line + distance
    end
    lines[index] = line
  end
  return lines
end

local function opcode_of(instruction) return instruction and instruction & 0x7F end

-- Neither the return that every function ends in nor the making of a function, both on a line with `end`, is anything
-- that a reader would call code; nor is the return behind a tail call, which never runs. What a vararg function begins
-- with is no line for the hook.
local function active_lines(code, lines, is_vararg)
  local seen, active = {}, {}
  for index = is_vararg and 2 or 1, #code - 1 do
    local line = lines[index]
    if not seen[line] and opcode_of(code[index]) ~= OP_CLOSURE and opcode_of(code[index - 1]) ~= OP_TAILCALL then
      seen[line] = true
      active[#active + 1] = line
    end
  end
  table.sort(active)
  return active
end

function Reader:a_function()
  self:skip_string()
  local first_line, last_line = self:number(), self:number()
  self:skip(1)
  local is_vararg = self:byte() ~= 0
  self:skip(1)
  local code = self:list(self.instruction)
  self:list(self.constant)
  self:list(self.upvalue)
  local functions = self:list(self.a_function)
  local distances = self:list(self.distance)
  local lines = lines_of(first_line, distances, self:list(self.absolute_line))
  self:list(self.local_variable)
  self:list(self.skip_string)
  return { first_line = first_line, last_line = last_line, functions = functions,
    lines = active_lines(code, lines, is_vararg) }
end

--- Reads a function's dump.
---@param dump string  with its lines, as string.dump(f) makes it
---@return idle.test.Function
function bytecode.read(dump)
  if dump:sub(1, #HEADER) ~= HEADER then error("no dump of this Lua, 5.4", 2) end
  local reader = setmetatable({ text = dump, at = #HEADER + 2 }, Reader) -- behind the number of upvalues
  return reader:a_function()
end

return bytecode
