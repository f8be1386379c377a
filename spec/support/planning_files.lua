--- Files for the specs of the commands on workflows: a folder that goes away with the spec.
local file = require("idle.file")

local planning_files = {}

local TRIGGER = [[
@{
    Name           = 'DirectorySync - Trigger Entra Connect Sync Cycle'
    LifecycleEvent = 'Operational'
    Steps          = @(
        @{
            Name = 'TriggerEntraConnectSync'
            Type = 'IdLE.Step.TriggerDirectorySync'
            With = @{
                Provider            = 'DirectorySync'
                AuthSessionName     = 'EntraConnect'
                AuthSessionOptions  = @{
                    Role = 'EntraConnectAdmin'
                }
                #COMPUTER#
                PolicyType          = '{{Request.Intent.PolicyType}}'
                Wait                = $true
                TimeoutSeconds      = 300
                PollIntervalSeconds = 10
            }
        }

        @{
            Name = 'EmitCompletionEvent'
            Type = 'IdLE.Step.EmitEvent'
            With = @{
                Message = 'Entra Connect sync cycle ({{Request.Intent.PolicyType}}) triggered successfully.'
            }
        }
    )
}]]

--- IdLE's own template, as released (0.9.7), and as it came later, with ComputerName.
---@param poll_seconds? integer  default: the template's, 10
---@return string[]
function planning_files.trigger_workflows(poll_seconds)
  local released = TRIGGER:gsub("(PollIntervalSeconds = )10", "%1" .. (poll_seconds or 10))
  return { (released:gsub("#COMPUTER#", "")),
    (released:gsub("#COMPUTER#", "ComputerName        = '{{Request.Intent.ComputerName}}'")) }
end

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
