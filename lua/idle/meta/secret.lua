---@meta idle.secret

--- Passwords and passphrases that a script hands on without seeing them. A secret prints as `[REDACTED]`, is refused by
--- JSON, plans and events, is kept out of core files, and is wiped when it is closed or collected.
---
--- This C module returns `nil, err`; the same functions in `idle.secret` raise.
local secret = {}

---@class idle.Secret: userdata
local Secret = {}

--- Wipes the secret. Who uses it afterwards gets an error.
function Secret:close() end

--- Takes the value of an environment variable, and removes it from the environment of this process and its children.
---@param name string
---@return idle.Secret?
---@return idle.Error? err  kind `secret.missing`: not set, or empty
function secret.from_env(name) end

--- Takes the content of a file, without the line end that editors add; at most 64 KiB.
---@param path string
---@return idle.Secret?
---@return idle.Error? err  kinds `secret.read`, `secret.missing` if it is empty, `secret.unsafe` if others may read it
function secret.from_file(path) end

--- Takes a credential that systemd handed to this service (`LoadCredential=`, systemd.exec(5)).
---@param name string  of the file in `$CREDENTIALS_DIRECTORY`
---@return idle.Secret?
---@return idle.Error? err  kinds `secret.missing`, `secret.read`, or `secret.unsafe` for a file that everybody may read
function secret.from_credential(name) end

--- Makes a secret of a string. The string itself stays in Lua's memory until it is collected: prefer the others.
---@param text string
---@return idle.Secret
function secret.new(text) end

return secret
