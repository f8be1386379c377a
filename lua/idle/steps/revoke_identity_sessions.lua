--- IdLE.Step.RevokeIdentitySessions: whoever is logged in with the identity has to log in again.
local identity = require("idle.steps.identity")
local one_call = require("idle.steps.one_call")

return one_call.step({
  word = "RevokeIdentitySessions", method = "RevokeSessions", provider = identity.PROVIDER, keys = { identity.KEY },
})
