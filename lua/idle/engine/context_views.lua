--- Where the answers of context resolvers lie in `Request.Context`, and the views
--- that join them over providers and sessions (contracts §7.2, §7.3).
local capabilities = require("idle.engine.capabilities")
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fold = require("idle.engine.fold")
local value = require("idle.engine.value")

local context_views = {}

-- Goes to a map below another one, making it if it is not there.
local function enter(run, map, key, way)
  way[#way + 1] = key
  local node, spelling = data.get(map, key)
  if data.is_null(node) then
    node = {}
    map[spelling or key] = node
  elseif not data.is_map(node) then
    errors.raise("input.request", ("%s: the intermediate node %s of Request.Context is %s, and a map is needed there")
      :format(run.label, data.quote(table.concat(way, ".")), data.kind(node)))
  end
  return node
end

-- Writes a value below the request, under the keys given.
local function write(run, keys, field)
  local way, here = { "Request" }, run.request
  for index = 1, #keys - 1 do here = enter(run, here, keys[index], way) end
  data.set(here, keys[#keys], field)
end

local function way_to(first, capability)
  local keys = { "Context", table.unpack(first) }
  return table.move(capabilities.READ_ONLY[capability], 1, 2, #keys + 1, keys)
end

--- Writes an answer to `Request.Context.Providers.<alias>.<session>.<…>`.
---@param run        idle.ResolverRun
---@param source     string[]  alias and session key
---@param capability string
---@param answer     any
function context_views.store(run, source, capability, answer)
  write(run, way_to({ "Providers", source[1], source[2] }, capability), answer)
end

local function sorted_names(map)
  local names = {}
  for key, node in next, map do
    if data.is_map(node) then names[#names + 1] = tostring(key) end
  end
  table.sort(names, function(a, b)
    local folded_a, folded_b = fold.case(a), fold.case(b)
    if folded_a ~= folded_b then return folded_a < folded_b end
    return a < b
  end)
  return names
end

-- Every answer for a capability in the context, in the order of the views. What
-- the host put there counts like what resolvers did.
local function answers(run, capability)
  local found = {}
  local leaf = capabilities.READ_ONLY[capability]
  local providers = data.get(run.request.Context, "Providers")
  for _, alias in ipairs(data.is_map(providers) and sorted_names(providers) or {}) do
    local sessions = data.get(providers, alias)
    for _, session in ipairs(sorted_names(sessions)) do
      local node = data.get(data.get(sessions, session), leaf[1])
      local answer, spelling
      if data.is_map(node) then answer, spelling = data.get(node, leaf[2]) end
      found[#found + 1] = { alias = alias, session = session, answer = answer, is_there = spelling ~= nil }
    end
  end
  return found
end

local JOIN = {
  ["IdLE.Entitlement.List"] = function(view, answer)
    for _, item in ipairs(data.items(answer)) do
      if not data.is_null(item) then view[#view + 1] = item end
    end
    return view
  end,
  ["IdLE.Identity.Read"] = function(view, answer)
    if data.is_null(answer) then return view end
    return answer
  end,
}

-- Adds an answer to the view that lies under these keys.
local function add(views, keys, capability, answer)
  local name = table.concat(keys, "\0")
  local view = views.by_name[name]
  if not view then
    view = { keys = keys, field = capability == "IdLE.Entitlement.List" and value.list() or nil }
    views.by_name[name] = view
    views[#views + 1] = view
  end
  view.field = JOIN[capability](view.field, answer)
end

--- Writes all views of a capability anew, also empty ones: nothing stale stays.
---@param run        idle.ResolverRun
---@param capability string
function context_views.rebuild(run, capability)
  local views = { by_name = {} }
  add(views, { "Views" }, capability, nil)
  for _, found in ipairs(answers(run, capability)) do
    local alias, session = found.alias, found.session
    add(views, { "Views" }, capability, found.answer)
    if found.is_there then
      add(views, { "Views", "Providers", alias }, capability, found.answer)
      add(views, { "Views", "Sessions", session }, capability, found.answer)
      add(views, { "Views", "Providers", alias, "Sessions", session }, capability, found.answer)
    end
  end
  for _, view in ipairs(views) do
    local field = view.field
    if field == nil then field = run.null end
    write(run, way_to(view.keys, capability), field)
  end
end

return context_views
