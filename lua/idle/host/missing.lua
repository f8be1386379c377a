--- Members of `idle` that a script asked for and that are not there. To ask is no mistake (`if idle.run then …`), so
--- nothing is said until the script ends with an error about such a field.
local errors = require("idle.engine.errors")
local suggest = require("idle.engine.suggest")

local missing = {}

local hints = {} ---@type table<string, string>  by the name of the field

--- Notes that a member was asked for.
---@param path    string  of the table: "idle.sim"
---@param name    any     the member
---@param members table   its keys are the names of those that are there
function missing.note(path, name, members)
  if type(name) ~= "string" then return end
  local names = {}
  for member in pairs(members) do names[#names + 1] = member end
  table.sort(names)
  local nearest = suggest.nearest(name, names, math.max(1, #name // 3))
  hints[name] = ("there is no '%s.%s'%s"):format(path, errors.escape(name),
    nearest and ("; did you mean '%s.%s'?"):format(path, nearest) or "")
end

--- What there is to add to an error that nobody caught.
---@param text string  as lua prints it
---@return string?
function missing.hint(text)
  return hints[text:match("attempt to %a+ a nil value %(field '([^'\n]*)'%)")]
end

return missing
