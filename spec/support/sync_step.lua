--- Everything a sync step is handed, made for specs: a provider over the
--- scripted server of sync_play, a record of events, and a clock that never waits.
local errors = require("idle.engine.errors")
local play = require("spec.support.sync_play")
local trigger_directory_sync = require("idle.steps.trigger_directory_sync")

local sync_step = {}

local function new_clock()
  local clock = { seconds = 1000 }
  function clock.monotonic() return clock.seconds end
  function clock.sleep(seconds) clock.seconds = clock.seconds + seconds end
  function clock.random() return 0.5 end
  function clock.now() return play.date(clock.seconds - 1000) end
  return clock
end

-- A provider knows errors by raising them.
local function new_provider(server, clock)
  local provider = { calls = {} }
  local function called(name, session)
    provider.calls[#provider.calls + 1] = { name, session }
    return clock.monotonic() - 1000
  end
  function provider.StartSyncCycle(_, policy, session)
    local now = called("StartSyncCycle", session)
    provider.policy = policy
    server.starts[#server.starts + 1] = now
    local answer, err = server:on_start(now, #server.starts)
    if err then error(err, 0) end
    return answer
  end
  function provider.GetSyncCycleState(_, session)
    local now = called("GetSyncCycleState", session)
    local err = server.fails and server.fails(now)
    if err then error(err, 0) end
    return server:look(now)
  end
  return provider
end

--- Makes the world of a step around a server.
---@param server? table  of sync_play
---@return table world  context, provider, clock, server, events, sessions
function sync_step.world(server)
  server = server or play.server()
  local world = { server = server, clock = new_clock(), events = {}, sessions = {} }
  world.provider = new_provider(server, world.clock)
  world.session = { InvokeCommand = function() end }
  world.context = {
    Providers = { DirectorySync = world.provider },
    Clock = world.clock,
    EventSink = {
      WriteEvent = function(_, type_name, message, step_name, data)
        world.events[#world.events + 1] = { Type = type_name, Message = message, StepName = step_name, Data = data }
      end,
    },
    AcquireAuthSession = function(_, name, options)
      world.sessions[#world.sessions + 1] = { name = name, options = options }
      return world.session
    end,
  }
  return world
end

--- A server that does something of its own when it is asked for a cycle.
---@param on_start fun(self: table, now: number, nth: integer): table?, any
function sync_step.server_that(on_start)
  return play.server({ on_start = on_start })
end

--- What answers a start with an error.
---@param kind    string
---@param fields? table
function sync_step.raising(kind, fields)
  return function() return nil, errors.new(kind, "it said " .. kind, fields) end
end

--- The types of the events, in their order, without their common beginning.
function sync_step.types(world)
  local types = {}
  for index, event in ipairs(world.events) do types[index] = event.Type:match("^DirectorySync(.*)$") end
  return types
end

--- All events of a type.
function sync_step.events(world, type_name)
  local found = {}
  for _, event in ipairs(world.events) do
    if event.Type == "DirectorySync" .. type_name then found[#found + 1] = event end
  end
  return found
end

--- The step, as a workflow has it.
sync_step.STEP = { Name = "Sync", Type = "IdLE.Step.TriggerDirectorySync" }

--- A With that is right; more fields win.
---@param fields? table
function sync_step.with(fields)
  local all = { AuthSessionName = "EntraConnect", PolicyType = "Delta", Wait = true }
  for name, field in pairs(fields or {}) do all[name] = field end
  return all
end

--- Runs the step.
---@param world   table
---@param fields? table  of its With
---@return table result
function sync_step.run(world, fields)
  return trigger_directory_sync(world.context, sync_step.with(fields), sync_step.STEP)
end

--- Runs a step that must fail.
---@return any raised
function sync_step.failure(world, fields)
  local ok, err = pcall(sync_step.run, world, fields)
  assert(not ok, "the step did not fail")
  return err
end

return sync_step
