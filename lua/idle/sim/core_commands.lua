--- A few commands of PowerShell itself: harmless ones with which a session can be tested.
--- They do what the real ones do, so that the same test passes on a real PowerShell.
local binder = require("idle.sim.binder")
local clr = require("idle.sim.clr")
local moment = require("idle.sim.moment")
local records = require("idle.sim.records")
local texts = require("idle.sim.texts")
local value = require("idle.engine.value")

---@type table<string, idle.SimCommand>
local core = {}

local function define(name, parameters, run)
  core[name] = {
    class = "Microsoft.PowerShell.Commands." .. name:gsub("-", "") .. "Command",
    parameters = parameters,
    run = run,
  }
end

define("Get-Date", {}, function(context)
  local now_ms = context:server_ms(context.now_ms)
  return { clr.date(moment.date(now_ms, texts.server.utc_offset_minutes), true) }
end)

-- A list is sent down the pipeline one by one.
define("Write-Output", { InputObject = { convert = binder.types.any, is_mandatory = true } }, function(_, arguments)
  local v = arguments.InputObject
  if v == nil then return { clr.null } end
  if type(v) == "table" and not value.is_bytes(v) and value.is_sequence(v) then return v end
  return { v }
end)

define("Write-Warning", { Message = { convert = binder.types.string, is_mandatory = true } },
  function(context, arguments)
    context:warn(arguments.Message)
    return {}
  end)

define("Write-Error", { Message = { convert = binder.types.string, is_mandatory = true } }, function(_, arguments)
  records.raise(records.written(arguments.Message))
end)

-- Goes to the console, past the output.
define("Write-Host", { Object = { convert = binder.types.string } }, function(context, arguments)
  context.process.print((arguments.Object or "") .. "\r\n")
  return {}
end)

define("Read-Host", { Prompt = { convert = binder.types.string } }, function()
  records.raise(records.non_interactive(core["Read-Host"].class))
end)

define("Start-Sleep", {
  Seconds = { convert = binder.types.number }, Milliseconds = { convert = binder.types.integer },
}, function(context, arguments)
  context.clock.sleep(math.floor((arguments.Seconds or 0) * 1000) + (arguments.Milliseconds or 0))
  return {}
end)

local COMPUTER_NAME = [[hklm:\system\currentcontrolset\control\computername\activecomputername]]

-- Of the registry only what says whose it is.
define("Get-ItemPropertyValue", {
  Path = { convert = binder.types.string, is_mandatory = true },
  Name = { convert = binder.types.string, is_mandatory = true },
}, function(_, arguments)
  local path, name = arguments.Path, arguments.Name
  if path:lower() == COMPUTER_NAME and name:lower() == "computername" then return { texts.server.machine } end
  records.raise(records.new(
    { id = "PathNotFound," .. core["Get-ItemPropertyValue"].class, category = "ObjectNotFound", target = path },
    { { type = "System.Management.Automation.ItemNotFoundException", hresult = texts.hresult.runtime,
        message = ("Cannot find path '%s' because it does not exist."):format(path) } }))
end)

-- Only the process itself is there to be stopped.
define("Stop-Process", { Id = { convert = binder.types.integer, is_mandatory = true } }, function(context, arguments)
  if arguments.Id == context.process.id then context:end_process() end
  records.raise(records.new(
    { id = "NoProcessFoundForGivenId," .. core["Stop-Process"].class, category = "ObjectNotFound",
      target = tostring(arguments.Id) },
    { { type = "Microsoft.PowerShell.Commands.ProcessCommandException", hresult = texts.hresult.runtime,
        message = ("Cannot find a process with the process identifier %d."):format(arguments.Id) } }))
end)

return core
