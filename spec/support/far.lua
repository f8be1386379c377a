--- Far ends for specs: simulated PowerShell processes, scripted ones, and real ones where there are any.
local far_end = require("idle.sim.far_end")
local file = require("idle.file")
local json = require("idle.json")
local loop = require("idle.loop")
local process = require("idle.process")
local process_session = require("idle.sessions.process")
local ssh_far = require("spec.support.ssh_far")
local ssh_session = require("idle.sessions.ssh")

local far = {}

local PROGRAM = assert(process.executable())

local function with(options, more)
  for name, v in pairs(more or {}) do options[name] = v end
  return options
end

--- A simulated server whose processes share a state; `<close>` removes its files.
---@param options? table  of the simulator
function far.server(options)
  local dir = assert(file.temp_dir("idle-far-"))
  local path = dir .. "/server.json"
  assert(file.write_private(path, assert(json.encode(options or {}))))
  local server = { path = path, command = { PROGRAM, "sim", "powershell", "--state", path, "--" } }
  function server.ledger() return require("idle.sim.store").files(path, loop):ledger() end
  function server.session(more) return process_session(with({ command = server.command }, more)) end
  return setmetatable(server, { __close = function() file.remove_all(dir) end })
end

--- The same server behind a real sshd.
---@param options? table  of the simulator
---@param sshd?    table  of idle.sim.sshd
function far.sshd_server(options, sshd)
  local dir = assert(file.temp_dir("idle-far-"))
  local server = far_end.sshd_server({ dir = dir, options = options, sshd = sshd })
  function server.session(more) return ssh_session(with(with({}, server.session_options), more)) end
  return setmetatable({}, {
    __index = server,
    __close = function()
      server:stop()
      file.remove_all(dir)
    end,
  })
end

--- A session with a far end that follows a script of spec/support/fake_powershell.lua.
---@param mode string
function far.scripted(mode, more)
  return process_session(with({ command = { PROGRAM, "spec/support/fake_powershell.lua", mode } }, more))
end

--- The same behind a real sshd. Its ledger has every command that came: its parameter Id, or its name.
---@param mode  string
---@param sshd? table  of idle.sim.sshd
---@return spec.SshServer server  with `options` of a session, `session` and `ledger`
function far.scripted_sshd(mode, sshd)
  local dir = assert(file.temp_dir("idle-scripted-"))
  local script, ledger = assert(file.real_path("spec/support/fake_powershell.lua")), dir .. "/ledger"
  assert(file.write_private(ledger, ""))
  assert(file.write_private(dir .. "/powershell.exe", ("#!/bin/sh\nexec '%s' '%s' '%s:%s'\n"):format(PROGRAM, script,
    mode, ledger)))
  ssh_far.run({ "chmod", "700", dir .. "/powershell.exe" })
  local server = ssh_far.server(with({ dir = dir, path = dir }, sshd))
  local function options(more) return ssh_far.session_options(server, more) end
  local function session(more) return ssh_session(options(more)) end
  local function read_ledger()
    local ids = {}
    for id in assert(file.read(ledger)):gmatch("[^\n]+") do ids[id] = (ids[id] or 0) + 1 end
    return ids
  end
  local own = { options = options, session = session, ledger = read_ledger }
  return setmetatable({}, {
    __index = function(_, name) return own[name] or server[name] end,
    __close = function() server:stop() end,
  })
end

--- A real PowerShell: what IDLE_PWSH names, or `pwsh` on PATH.
---@return string? program
function far.real_powershell()
  if os.getenv("IDLE_PWSH") then return os.getenv("IDLE_PWSH") end
  for folder in os.getenv("PATH"):gmatch("[^:]+") do
    if file.exists(folder .. "/pwsh") then return folder .. "/pwsh" end
  end
end

--- The error that a call raises.
---@return idle.Error
function far.raised(f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then error("no error was raised", 2) end
  return results[2]
end

return far
