-- Fuzz target: CLIXML as a far end may send it, on stdout and on stderr.
local clixml = require("idle.clixml")
local errors = require("idle.engine.errors")
local value = require("idle.engine.value")

-- What refers to an object many times is small to read and huge to write.
local MAX_WALKED = 20000

-- The number of values, each counted as often as it is met; ends early beyond the limit.
local function size_of(v, limit)
  if type(v) ~= "table" then return 1 end
  local size = 1
  for _, item in pairs(v) do
    size = size + size_of(item, limit - size)
    if size > limit then break end
  end
  return size
end

local function is_same(a, b)
  if type(a) ~= "table" then return a == b and math.type(a) == math.type(b) or (a ~= a and b ~= b) end
  if type(b) ~= "table" or value.is_list(a) ~= value.is_list(b) or value.is_bytes(a) ~= value.is_bytes(b) then
    return false
  end
  for key, item in pairs(a) do
    if not is_same(item, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

-- What was read can be sent, and comes back; or it is refused for a reason.
local function check_way_back(read)
  local xml, refusal = clixml.encode(read)
  if not xml then
    assert(refusal.kind == "input.parameter", refusal.kind)
    return
  end
  local again, err = clixml.decode(xml, 300)
  assert(err == nil, err and err.message)
  assert(is_same(read, again), "another value came back")
end

local function check_decode(xml)
  local read, err = clixml.decode(xml)
  if err then
    assert(err.kind == "remote.protocol" and err.message:find("^CLIXML cannot be read: "), err.message)
    assert(not errors.escape(err.message):find("\\u{"), "an error with a mark in it")
  elseif size_of(read, MAX_WALKED) <= MAX_WALKED then
    check_way_back(read)
  end
end

local function check_stderr(bytes)
  local text = clixml.stderr_text(bytes)
  assert(utf8.len(text), "not UTF-8")
  local flat = text:gsub("[\n\t]", " ")
  assert(flat == errors.escape(flat), "what can't be printed as it is")
end

return function(bytes)
  check_decode(bytes)
  check_stderr(bytes)
end
