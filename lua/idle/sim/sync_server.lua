--- `idle.sim.sync_server{…}`: a simulated Entra Connect server within this process.
local options = require("idle.sim.options")
local server = require("idle.sim.server")
local store = require("idle.sim.store")

local HANG_MS = 24 * 60 * 60 * 1000

local function local_world(clock)
  return {
    clock = clock,
    store = store.memory(clock),
    process = {
      id = require("idle.process").pid(),
      print = function() end,
      hang = function() clock.sleep(HANG_MS) end,
    },
  }
end

--- Makes a server; `server:session()` is an AuthSession for it, `server:ledger()` lists its starts.
---@param given? table  options, see idle.SimOptions
---@param clock? table  `now_ms()` and `sleep(ms)`, as idle.loop has them, which is the default
---@return idle.SimServer
return function(given, clock)
  return server.new(options.complete(given), local_world(clock or require("idle.loop")))
end
