--- A secret for specs that run without the host: userdata of the name that the
--- engine knows secrets by. There is nothing in it.
local file = io.tmpfile()
file:close()
return debug.setmetatable(file, { __name = "idle.secret", __tostring = function() return "[REDACTED]" end })
