--- Looks for a text in the memory of another process, as a debugger or the reader of a core file would.
local file = require("idle.file")

local memory = {}

local PIECE_BYTES = 1024 * 1024

-- Sanitizers reserve 256 MiB, and terabytes, for their own notes, which hold no text.
local LARGEST_BYTES = 64 * 1024 * 1024

---@class spec.Mapping
---@field from        integer
---@field to          integer
---@field name        string
---@field is_writable boolean
---@field is_hidden   boolean  left out of core files

--- All mappings of a process, as /proc/PID/smaps lists them.
---@param pid integer
---@return spec.Mapping[]
function memory.mappings(pid)
  local list = {}
  for line in assert(file.read(("/proc/%d/smaps"):format(pid))):gmatch("[^\n]+") do
    local from, to, mode, name = line:match("^(%x+)%-(%x+) (%S+) %x+ %S+ %d+%s*(.*)$")
    if from then
      list[#list + 1] = {
        from = tonumber(from, 16), to = tonumber(to, 16), name = name, is_writable = mode:sub(1, 2) == "rw",
      }
    end
    local flags = line:match("^VmFlags:(.*)$")
    if flags then list[#list].is_hidden = flags:find(" dd", 1, true) ~= nil end
  end
  return list
end

local function read_piece(handle, at, bytes)
  if not handle:seek("set", at) then return "" end
  return handle:read(bytes) or ""
end

-- AddressSanitizer copies the environment before anybody can take something out of it.
local function is_sanitized(list)
  for _, mapping in ipairs(list) do
    if mapping.name:find("/libasan", 1, true) then return true end
  end
  return false
end

local function occurs(piece, text, but_not_as_variable)
  local at = piece:find(text, 1, true)
  while at and but_not_as_variable and piece:sub(at - 1, at - 1) == "=" do at = piece:find(text, at + 1, true) end
  return at ~= nil
end

-- Pieces overlap, lest the text lies across two of them.
local function holds(handle, mapping, text, but_not_as_variable)
  local at = mapping.from
  while at < mapping.to do
    local piece = read_piece(handle, at, math.min(PIECE_BYTES, mapping.to - at))
    if occurs(piece, text, but_not_as_variable) then return true end
    at = at + PIECE_BYTES - #text - 1
  end
  return false
end

--- Names the writable mappings in which a text is found.
---@param pid      integer
---@param text     string
---@param in_core? boolean  only those that a core file would show
---@return string[]
function memory.find(pid, text, in_core)
  local found, list = {}, memory.mappings(pid)
  local skips_variables = is_sanitized(list)
  local handle <close> = assert(io.open(("/proc/%d/mem"):format(pid), "rb"))
  handle:setvbuf("no")
  for _, mapping in ipairs(list) do
    local is_wanted = mapping.is_writable and mapping.to - mapping.from <= LARGEST_BYTES
      and not (in_core and mapping.is_hidden)
    if is_wanted and holds(handle, mapping, text, skips_variables) then
      found[#found + 1] = ("%x-%x %s"):format(mapping.from, mapping.to, mapping.name)
    end
  end
  return found
end

return memory
