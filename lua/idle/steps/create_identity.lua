--- IdLE.Step.CreateIdentity: the identity exists.
---
--- A password that the provider generated is in the result as an idle.secret: a script hands it on
--- from there. For a workflow file, put a handler of your own into `Providers.StepRegistry`, which
--- calls this one and hands on what it returns; the record of the run shows only the marker.
local data = require("idle.engine.data")
local identity = require("idle.steps.identity")
local one_call = require("idle.steps.one_call")
local secret = require("idle.secret")
local value = require("idle.engine.value")
local with = require("idle.steps.with")

---@type idle.OneCall
local CREATE = {
  word = "CreateIdentity", method = "CreateIdentity", provider = identity.PROVIDER,
  keys = { identity.KEY, { key = "Attributes", read = with.map, required = true } },
}

-- From a member of the provider's answer to one of Data. The last one has been
-- encoded for a platform, so it is something else than the password.
local PASSWORDS = {
  { "GeneratedAccountPassword", "GeneratedAccountPassword" },
  { "GeneratedAccountPasswordPlainText", "GeneratedAccountPassword" },
  { "GeneratedAccountPasswordProtected", "GeneratedAccountPasswordProtected" },
}
local FACTS = { "PasswordGenerated", "PasswordGenerationPolicyUsed", "PasswordGenerationMethod" }

local function as_secret(password)
  if value.is_secret(password) then return password end
  return type(password) == "string" and secret.new(password) or nil
end

local function what_was_generated(answer)
  local found = {}
  for _, names in ipairs(PASSWORDS) do
    found[names[2]] = found[names[2]] or as_secret((data.get(answer, names[1])))
  end
  for _, name in ipairs(FACTS) do
    local fact = data.get(answer, name)
    if not data.is_null(fact) then found[name] = fact end
  end
  return next(found) ~= nil and found or nil
end

--- Runs the step.
---@param context idle.StepContext
---@param with_   table
---@param step    { Name: string, Type: string }
---@return idle.StepResult  Data.GeneratedAccountPassword is an idle.Secret, if the provider generated a password
local function create_identity(context, with_, step)
  local result, answer = one_call.run(CREATE, context, with_, step)
  result.Data = type(answer) == "table" and what_was_generated(answer) or nil
  return result
end

return create_identity
