--- What a remote process printed besides its frames: the last lines are kept for error messages.
local errors = require("idle.engine.errors")

local noise = {}

local KEPT_LINES = 5
local KEPT_BYTES = 200

-- A process that prints more than this instead of an answer is no partner.
local MAX_BYTES = 16 * 1024 * 1024

---@class idle.Noise
---@field lines string[]  as they came, but short
---@field bytes integer   since the last answer
local Noise = {}
Noise.__index = Noise

---@return idle.Noise
function noise.new()
  return setmetatable({ lines = {}, bytes = 0 }, Noise)
end

--- Notes a line.
---@param line string
---@return boolean is_bearable  false: there was too much since the last answer
function Noise:add(line)
  self.bytes = self.bytes + #line + 1 -- empty lines are noise as well
  if line:find("%S") then
    self.lines[#self.lines + 1] = line:gsub("\r$", ""):sub(1, KEPT_BYTES)
    if #self.lines > KEPT_LINES then table.remove(self.lines, 1) end
  end
  return self.bytes <= MAX_BYTES
end

--- An answer came: what was printed before it is explained.
function Noise:answered()
  self.bytes = 0
end

--- Finds the first kept line that matches.
---@param pattern string
---@return string? capture
function Noise:match(pattern)
  for _, line in ipairs(self.lines) do
    local capture = line:match(pattern)
    if capture then return capture end
  end
end

--- The end of an error message, or nothing.
---@return string
function Noise:describe()
  if #self.lines == 0 then return "" end
  local shown = {}
  for index, line in ipairs(self.lines) do shown[index] = errors.escape(line) end
  return ("; it printed '%s'"):format(table.concat(shown, "', '"))
end

return noise
