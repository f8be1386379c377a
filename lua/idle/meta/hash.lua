---@meta idle.hash
--- Digests, over libcrypto.
local hash = {}

--- SHA-256 of a string.
---@param bytes string
---@return string digest  32 bytes
function hash.sha256(bytes) end

return hash
