--- A step_world whose provider keeps entitlements, for the specs of the prune steps.
local step_world = require("spec.support.step_world")
local value = require("idle.engine.value")

local prune_world = {}

local function without(list, id)
  local rest, found = value.list(), false
  for _, entitlement in ipairs(list) do
    if entitlement.Id == id then found = true else rest[#rest + 1] = entitlement end
  end
  return rest, found
end

--- Makes the world.
---@param ids      string[]  groups that the identity holds
---@param methods? table<string, any>  further ones, or others
---@return table world  `held` are the entitlements
function prune_world.new(ids, methods)
  local held, all = value.list(), {}
  for index, id in ipairs(ids) do held[index] = { Kind = "Group", Id = id } end
  local world
  function all.ListEntitlements() return world.held end
  function all.GrantEntitlement(_, entitlement)
    world.held[#world.held + 1] = { Kind = entitlement.Kind, Id = entitlement.Id }
    return { Changed = true }
  end
  function all.RevokeEntitlement(_, entitlement)
    local found
    world.held, found = without(world.held, entitlement.Id)
    return { Changed = found }
  end
  for name, method in pairs(methods or {}) do all[name] = method end
  world = step_world.new("Identity", all)
  world.held = held
  return world
end

--- The ids that the identity holds, sorted.
function prune_world.ids(world)
  local ids = {}
  for index, entitlement in ipairs(world.held) do ids[index] = entitlement.Id end
  table.sort(ids)
  return ids
end

--- The calls of one method: their second argument.
function prune_world.called_with(world, method)
  local found = {}
  for _, call in ipairs(world.calls) do
    if call[1] == method then found[#found + 1] = call[3].Id or call[3] end
  end
  return found
end

--- The events of a type.
function prune_world.events(world, type_name)
  local found = {}
  for _, event in ipairs(world.events) do
    if event.Type == type_name then found[#found + 1] = event end
  end
  return found
end

return prune_world
