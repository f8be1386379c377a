--- Warnings of sessions: each is said once in the life of the program.
local errors = require("idle.engine.errors")

local warning = {}

local said = {}

--- Says a warning on stderr, unless it was said before.
---@param text string
function warning.once(text)
  if said[text] then return end
  said[text] = true
  io.stderr:write("idle-lua: warning: ", errors.escape(text), "\n")
end

return warning
