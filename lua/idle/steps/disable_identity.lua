--- IdLE.Step.DisableIdentity: nobody can log in with the identity any more.
local identity = require("idle.steps.identity")
local one_call = require("idle.steps.one_call")

return one_call.step({
  word = "DisableIdentity", method = "DisableIdentity", provider = identity.PROVIDER, keys = { identity.KEY },
})
