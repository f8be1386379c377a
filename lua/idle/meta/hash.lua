---@meta idle.hash
--- Digests, over libcrypto.
local hash = {}

--- SHA-256 of a string.
---@param bytes string
---@return string digest  32 bytes
function hash.sha256(bytes) end

--- Tells whether two secrets are the same without keeping them: HMAC-SHA-256 under a random key that is never told. A
--- tag means nothing in another process.
---@param secret idle.Secret|string
---@return string? tag  32 bytes; nil: the secret was closed
function hash.tag(secret) end

return hash
