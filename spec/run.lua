--- Starts busted as a task inside the host, so that a spec may sleep and
--- connect: `idle-lua spec/run.lua [paths and options of busted]`.
--- Without a path: all specs that need the host.

-- luacheck: globals arg
local lfs = require("lfs")

--- Those are not for the host: the engine's run under plain lua, the C tests are programs.
local not_here = { engine = true, c = true }

local function has_path(arguments)
  for _, argument in ipairs(arguments) do
    if lfs.attributes(argument) then
      return true
    end
  end
  return false
end

if not has_path(arg) then
  for name in lfs.dir("spec") do
    local path = "spec/" .. name
    if name:sub(1, 1) ~= "." and not not_here[name] and lfs.attributes(path, "mode") == "directory" then
      arg[#arg + 1] = path
    end
  end
end

require("busted.runner")({ standalone = false })
