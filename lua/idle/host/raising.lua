--- C modules return `nil, err`; what a script calls raises.
local errors = require("idle.engine.errors")

local raising = {}

local made = setmetatable({}, { __mode = "k" })

-- luaL_check* names the wrapper and its line, of which the script knows nothing.
local function raise_bad_argument(name, raised)
  local index, why = tostring(raised):match("bad argument #(%d+) to '[^']*' %((.*)%)$")
  if not index then error(raised, 0) end
  errors.raise("input.parameter", ("%s: bad argument #%s (%s)"):format(name, index, why))
end

local function wrap(name, member)
  return function(...)
    local ok, result, err = pcall(member, ...)
    if not ok then raise_bad_argument(name, result) end
    return (errors.check(result, err))
  end
end

--- A module whose functions raise what the original's return; the same one each time.
---@param module table
---@param name   string  what scripts call it, as a member of `idle`
---@param note_missing fun(path: string, name: any, members: table)  told of a member that is not there
---@return table
function raising.of(module, name, note_missing)
  if made[module] then return made[module] end
  local wrapped = {}
  for key, member in pairs(module) do
    wrapped[key] = type(member) == "function" and wrap(name .. "." .. key, member) or member
  end
  made[module] = wrapped
  return setmetatable(wrapped, { __index = function(_, key) return note_missing("idle." .. name, key, module) end })
end

return raising
