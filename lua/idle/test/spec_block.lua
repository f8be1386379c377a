--- Whether busted is defining specs at this moment, and how one is defined.
local busted_core = require("idle.test.busted_core")

local spec_block = {}

--- Finds what defines a spec, if this is the body of a describe block or of a spec file.
---@return (fun(name: string, f: fun()))? it  nil = no spec can be defined here
---@return (fun(reason: string))? skip  ends the running spec as a pending one
function spec_block.definer()
  local core = busted_core.find()
  if not core then return nil end
  local element = core.context.get()
  local is_block = element and (element.descriptor == "describe" or element.descriptor == "file")
  if is_block then return core.executors.it, core.pending end
end

return spec_block
