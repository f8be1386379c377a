--- The lines that a remote PowerShell answers with. A frame is
--- `IDLE <token> <seq> <kind> <length of body> <body> <token>`; every other line is noise.
local frames = {}

---@class idle.Frame
---@field seq  integer
---@field kind "hello"|"ok"|"error"|"large"
---@field body string  base64; for `large` the length of what was not sent

local KINDS = { hello = true, ok = true, error = true, large = true }

-- Longer than the words around the body can ever be.
frames.MAX_OVERHEAD = 256

local CR = 13

-- A body may have megabytes, which no pattern has to walk through.
local function split(line, token)
  local last = line:byte(-1) == CR and #line - 1 or #line
  local behind = last - #token
  local seq, kind, length, first = line:match("^IDLE %x+ (%-?%d+) (%a+) (%d+) ()")
  if not first or first > behind or line:sub(behind, last) ~= " " .. token then return nil end
  local body = line:sub(first, behind - 1)
  if not body:find(" ", 1, true) then return seq, kind, length, body end
end

local function read(line, token)
  local seq, kind, length, body = split(line, token)
  if not seq then return nil, "a frame that is cut or merged with something else" end
  if not KINDS[kind] then return nil, "a frame of an unknown kind" end
  if tonumber(length) ~= #body then
    return nil, ("a frame that announces %s characters and has %d"):format(length, #body)
  end
  return { seq = math.tointeger(tonumber(seq)), kind = kind, body = body }
end

--- Reads a line of output.
---@param line  string  without its line feed
---@param token string  the session's
---@return idle.Frame? frame
---@return string?     problem  why it is no frame although it begins like one; neither = noise
function frames.parse(line, token)
  local given = line:match("^IDLE (%x+) ")
  if given == token then return read(line, token) end
  if given and line:find("^IDLE %x+ %-?%d+ %a+ %d+ ") then return nil, "a frame with the token of somebody else" end
end

return frames
