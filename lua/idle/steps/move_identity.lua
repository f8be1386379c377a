--- IdLE.Step.MoveIdentity: the identity lies in another container of its directory.
local identity = require("idle.steps.identity")
local one_call = require("idle.steps.one_call")
local with = require("idle.steps.with")

return one_call.step({
  word = "MoveIdentity", method = "MoveIdentity", provider = identity.PROVIDER,
  keys = { identity.KEY, { key = "TargetContainer", read = with.name, required = true } },
})
