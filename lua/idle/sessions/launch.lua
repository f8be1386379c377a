--- How a remote PowerShell is started: a constant command line (stage 1) that reads the rest of the
--- bootstrap (stage 2) as its first line of input, so that the rest may grow without touching the command line.
local assumptions = require("idle.sessions.assumptions")
local base64 = require("idle.base64")
local packed = require("idle.packed")

local launch = {}

local function read_script(name)
  return (packed.read("idle/sessions/" .. name):gsub("\n$", ""))
end

-- UTF-16LE of ASCII, which is what -EncodedCommand takes.
local function to_utf16(text)
  return (text:gsub(".", "%0\0"))
end

--- What is appended to the name of the program.
---@return string[]
function launch.arguments()
  local arguments = table.move(assumptions.arguments, 1, #assumptions.arguments, 1, {})
  local encoded = to_utf16(read_script("stage1.ps1"))
  arguments[#arguments + 1] = base64.encode(encoded)
  return arguments
end

--- The command line for a shell at the far end.
---@param program string  "powershell.exe" or "pwsh"
---@return string
function launch.command_line(program)
  return program .. " " .. table.concat(launch.arguments(), " ")
end

--- The first line of the process's input, without its line feed.
---@return string
function launch.bootstrap_line()
  return base64.encode(read_script("bootstrap.ps1"))
end

return launch
