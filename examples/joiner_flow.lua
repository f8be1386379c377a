-- What happens to a joiner, and in which order: the account, a sync, what needs the account in Entra ID, a sync.
-- It knows no server. `joiner.lua` gives it real systems, `spec/joiner_spec.lua` simulated ones.

local idle = require "idle"

-- Goes on when the very cycle that carries the change has exported it; raises if that cannot be.
local function sync(run, name, dn)
  return run:step(name, "IdLE.Step.TriggerDirectorySync", {
    AuthSessionName = "EntraConnect",
    AuthSessionOptions = { Role = "EntraConnectAdmin" },
    PolicyType = "Delta",
    Wait = true,
    TimeoutSeconds = 1800,
    PollIntervalSeconds = 2,
    Expect = dn,
  })
end

--- @param joiner    table             who it is, as in joiner.json
--- @param directory table             where accounts are made: create_account(joiner), set_group(account, group)
--- @param session   idle.AuthSession  of the Entra Connect server
--- @param sink?     idle.Sink         who wants to hear of every event
--- @return table    result of the run; raises what a step fails with
return function(joiner, directory, session, sink)
  local run <close> = idle.run{
    name = "joiner",
    key = "joiner:" .. joiner.request,
    request = joiner,
    event_sink = sink,
    providers = {
      DirectorySync = idle.providers.entra_connect(),
      AuthSessionBroker = idle.auth_session_broker{
        sessions = { { match = { AuthSessionName = "EntraConnect", Role = "EntraConnectAdmin" }, session = session } },
      },
    },
  }

  -- A step is any function, too.
  local account = run:step("Create the account", function() return directory.create_account(joiner) end)
  sync(run, "Sync the account", account.dn)

  if joiner.needs_laptop then
    run:step("Order the laptop", function() return { order = "L-" .. joiner.request } end)
  end

  run:step("Set the licence group", function()
    return directory.set_group(joiner.account, "LIC-" .. joiner.licences[1])
  end)
  sync(run, "Sync the licence group", account.dn)

  return run:result()
end
