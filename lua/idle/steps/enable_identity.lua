--- IdLE.Step.EnableIdentity: the identity can be used to log in.
local identity = require("idle.steps.identity")
local one_call = require("idle.steps.one_call")

return one_call.step({
  word = "EnableIdentity", method = "EnableIdentity", provider = identity.PROVIDER, keys = { identity.KEY },
})
