--- The embedded simulator in place of a server: `sync --sim --set name=value`.
local simulated = {}

--- Makes a simulated server and an AuthSession for it.
---@param settings string[]  name=value
---@return idle.AuthSession
function simulated.session(settings)
  local parse = require("idle.sim.options").parse_setting
  local options = {}
  for _, setting in ipairs(settings) do
    local name, v = parse(setting)
    options[name] = v
  end
  return require("idle.sim.sync_server")(options):session()
end

return simulated
