--- Refuses secrets in what becomes a plan: plans are shown, written and reviewed.
local errors = require("idle.engine.errors")
local trail = require("idle.engine.trail")
local value = require("idle.engine.value")

local plan_secrets = {}

-- A table that is met again was clean the first time.
local function find(v, keys, seen)
  if value.is_secret(v) then return keys end
  if type(v) ~= "table" or seen[v] then return nil end
  seen[v] = true
  for key, field in next, v do
    if type(field) == "table" or type(field) == "userdata" then
      keys[#keys + 1] = key
      if find(field, keys, seen) then return keys end
      keys[#keys] = nil
    end
  end
end

--- Raises for a value that holds a secret, naming its place.
---@param v    any
---@param root string  begins the place: "Workflow" or "Request"
---@param kind string  of the error
function plan_secrets.refuse(v, root, kind)
  local keys = find(v, {}, {})
  if not keys then return end
  errors.raise(kind, ("%s: a secret must not be part of a plan; let the AuthSessionBroker or the provider have it")
    :format(trail.text(root, keys)))
end

return plan_secrets
