--- Files for the specs of the commands on workflows: a folder that goes away with the spec.
local file = require("idle.file")

local planning_files = {}

---@class spec.Folder
---@field path string
local Folder = {}
Folder.__index = Folder

--- Makes a folder; close it with `:remove()`.
---@return spec.Folder
function planning_files.folder()
  return setmetatable({ path = assert(file.temp_dir("idle-planning-")) }, Folder)
end

--- Writes a file into the folder.
---@param name string
---@param text string
---@return string path
function Folder:write(name, text)
  local path = self.path .. "/" .. name
  assert(file.write_private(path, text))
  return path
end

---@param name string
---@return string
function Folder:read(name)
  return assert(file.read(self.path .. "/" .. name))
end

function Folder:remove()
  assert(file.remove_all(self.path))
end

return planning_files
