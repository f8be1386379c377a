---@meta idle.base64

--- Bytes as text of a safe alphabet (RFC 4648, with padding).
local base64 = {}

---@param bytes string
---@return string text
function base64.encode(bytes) end

--- Blanks and line ends in the text are skipped.
---@param text string
---@return string? bytes
---@return idle.Error? err  kind `remote.protocol`
function base64.decode(text) end

return base64
