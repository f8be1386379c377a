--- Whether busted is defining specs at this moment, and how one is defined.
local spec_block = {}

-- busted keeps its core to itself; but what defines a spec has it.
local function core_of(busted)
  for index = 1, math.huge do
    local name, v = debug.getupvalue(busted.it, index)
    if not name then return nil end
    if name == "busted" and type(v) == "table" and v.executors then return v end
  end
end

--- Finds what defines a spec, if this is the body of a describe block or of a spec file.
---@return (fun(name: string, f: fun()))? it  nil = no spec can be defined here
---@return (fun(reason: string))? skip  ends the running spec as a pending one
function spec_block.definer()
  local busted = package.loaded["busted"]
  local core = type(busted) == "table" and busted.it and core_of(busted)
  if not core then return nil end
  local element = core.context.get()
  local is_block = element and (element.descriptor == "describe" or element.descriptor == "file")
  if is_block then return core.executors.it, core.pending end
end

return spec_block
