--- What the steps on identities have in common.
local with = require("idle.steps.with")

local identity = {}

--- The alias of their provider, if With names none.
identity.PROVIDER = "Identity"

--- Names the identity; providers are handed a text.
---@type idle.WithKey
identity.KEY = { key = "IdentityKey", read = with.name, required = true }

return identity
