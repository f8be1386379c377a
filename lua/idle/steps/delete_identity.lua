--- IdLE.Step.DeleteIdentity: the identity does not exist any more.
local identity = require("idle.steps.identity")
local one_call = require("idle.steps.one_call")

return one_call.step({
  word = "DeleteIdentity", method = "DeleteIdentity", provider = identity.PROVIDER, keys = { identity.KEY },
})
