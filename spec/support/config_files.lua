--- SSH configurations for specs, each in a new file: what ssh says of one is kept.
local file = require("idle.file")

local config_files = {}

---@class spec.ConfigFiles
---@field dir string  with nothing else in it
local Files = {}
Files.__index = Files

--- Makes a folder for them; close it.
---@return spec.ConfigFiles
function config_files.new()
  return setmetatable({ dir = assert(file.temp_dir("idle-config-")), count = 0 }, Files)
end

--- The fields of a session to the host `aadc` by a configuration.
---@param text  string
---@param more? table  further fields
---@return table
function Files:fields(text, more)
  self.count = self.count + 1
  local path = ("%s/config%d"):format(self.dir, self.count)
  assert(file.write_private(path, text))
  local fields = { host = "aadc", ssh_config = path }
  for name, v in pairs(more or {}) do fields[name] = v end
  return fields
end

function Files:close() file.remove_all(self.dir) end

return config_files
