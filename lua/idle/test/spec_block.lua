--- Whether busted is defining specs at this moment, and how one is defined.
local busted_core = require("idle.test.busted_core")

local spec_block = {}

-- busted goes through them in this very table, where what has not run yet may be taken out.
local function leave_out(siblings, elements)
  local is_element = {}
  for _, element in ipairs(elements) do is_element[element] = true end
  for index, sibling in pairs(siblings) do
    if is_element[sibling] then siblings[index] = nil end
  end
end

--- Finds what defines a spec, if this is the body of a describe block or of a spec file.
---@return (fun(name: string, f: fun()): table)? it  nil = no spec can be defined here; returns what stands for it
---@return (fun(specs: table[]))? leave_out  has busted not run these any more
function spec_block.definer()
  local core = busted_core.find()
  if not core then return nil end
  local block = core.context.get()
  local is_block = block and (block.descriptor == "describe" or block.descriptor == "file")
  if not is_block then return nil end
  local function it(name, f)
    core.executors.it(name, f)
    local siblings = core.context.children(block)
    return siblings[#siblings]
  end
  return it, function(specs) leave_out(core.context.children(block), specs) end
end

return spec_block
