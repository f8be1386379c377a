--- Where the user's own code is: mistakes in a spec are told there, not in ours.
local place = {}

-- What is inside the binary has the name of its module for a source, behind "="; the engine's specs also run without.
local OURS = { "^=idle%.", "^@%.?/?lua/idle/" }

-- luassert and busted only hand on. A user's folder may be called so, too.
local FOLDERS = {}
for _, name in ipairs({ "luassert.assert", "busted.core" }) do
  local path = package.searchpath(name, package.path)
  FOLDERS[#FOLDERS + 1] = path and "@" .. path:match("^(.*/)")
end

local function is_ours(info)
  if info.what == "C" then return true end
  for _, pattern in ipairs(OURS) do
    if info.source:find(pattern) then return true end
  end
  for _, folder in ipairs(FOLDERS) do
    if info.source:sub(1, #folder) == folder then return true end
  end
  return false
end

local function find_caller(level)
  level = level + 1
  local info = debug.getinfo(level, "Sl")
  while info and is_ours(info) do
    level = level + 1
    info = debug.getinfo(level, "Sl")
  end
  return info, level
end

--- Where the innermost code is that is not ours.
---@return string? place  "spec/joiner_spec.lua:12"; nil = there is none in this task
function place.of_caller()
  local info = find_caller(1)
  return info and ("%s:%d"):format(info.short_src, info.currentline)
end

--- Raises a mistake of whoever calls us, with the place where they do.
---@param message string
function place.raise(message)
  local info, level = find_caller(1)
  error(message, info and level - 1 or 0) -- one function fewer from here
end

--- Refuses `idle.test:fake_session{ … }`: what was meant is the second argument then, and would be passed over.
---@param first any     argument
---@param name  string  of the function
function place.refuse_colon(first, name)
  local metatable = type(first) == "table" and getmetatable(first)
  if type(metatable) ~= "table" or metatable.__name ~= "idle.test" then return end
  place.raise(("%s is called with a dot: idle.test.%s(…)"):format(name, name))
end

return place
