--- What the specs of planning share: short workflows, requests, providers, and a digest.
local plan = require("idle.engine.plan")
local value = require("idle.engine.value")
local workflow = require("idle.engine.workflow")

local planning = {}

planning.ID = "11111111-1111-1111-1111-111111111111"

--- Metadata that allows every key.
---@param capabilities? string[]
---@param default_provider? string
---@return table
function planning.metadata(capabilities, default_provider)
  return {
    RequiredCapabilities = value.list(capabilities), DefaultProvider = default_provider,
    WithSchema = { RequiredKeys = value.list(), OptionalKeys = "*" },
  }
end

--- A provider that announces these capabilities.
---@param ... string
---@return table
function planning.provider(...)
  local announced = { ... }
  return { GetCapabilities = function() return announced end }
end

---@param fields? table  in place of the usual ones
---@return table
function planning.request(fields)
  local request = { LifecycleEvent = "Joiner", CorrelationId = planning.ID,
    IdentityKeys = { Account = "ada" }, Intent = { Department = "IT" } }
  for name, field in pairs(fields or {}) do request[name] = field end
  return request
end

---@param steps  table[]
---@param fields? table  further ones of the workflow
---@return table
function planning.workflow(steps, fields)
  local made = { Name = "Spec", LifecycleEvent = "Joiner", Steps = value.list(steps) }
  for name, field in pairs(fields or {}) do made[name] = field end
  return made
end

--- Plans a workflow table or the text of a data file.
---@param source  table|string
---@param options? { request?: table, providers?: any, now?: string, warn?: fun(message: string) }
---@return idle.Plan
function planning.plan(source, options)
  options = options or {}
  return plan.build({
    workflow = type(source) == "string" and workflow.read(source) or workflow.load(source),
    request = options.request or planning.request(), providers = options.providers, now = options.now,
    warn = options.warn,
  })
end

--- A digest of 32 bytes that depends on every byte: no cryptography is needed to see a change.
---@param bytes string
---@return string
function planning.digest(bytes)
  local sum = 5381
  for index = 1, #bytes do sum = (sum * 33 + bytes:byte(index)) & 0xFFFFFFFF end
  return ("<I4"):pack(sum):rep(8)
end

--- The error that a function raises.
---@param f fun()
---@return idle.Error
function planning.error_of(f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "nothing was raised")
  return err
end

return planning
