--- The embedded simulator in place of a server: `sync --sim --set name=value`.
local errors = require("idle.engine.errors")
local json = require("idle.json")

local simulated = {}

-- A value is JSON; a word that is none is a text.
local function read_setting(setting)
  local name, text = setting:match("^([%w_]+)=(.*)$")
  if not name then
    errors.raise("input.option", ("--set needs name=value, not '%s'"):format(errors.escape(setting)))
  end
  local v = json.decode(text)
  if v == nil then v = text end
  return name, v
end

--- Makes a simulated server and an AuthSession for it.
---@param settings string[]  name=value
---@return idle.AuthSession
function simulated.session(settings)
  local options = {}
  for _, setting in ipairs(settings) do
    local name, v = read_setting(setting)
    options[name] = v
  end
  return require("idle.sim.sync_server")(options):session()
end

return simulated
