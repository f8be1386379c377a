-- Starts a directory sync, waits until that very cycle has exported, then leaves a note in the record.
-- The same three steps as IdLE's template `directorysync-entraconnect-trigger-sync.psd1`.
--
--   idle-lua examples/trigger-sync.lua                                 on the built-in simulator
--   idle-lua examples/trigger-sync.lua aadc.example.org svc-idle KEY   on a real Entra Connect server

local idle = require "idle"

local host, user, identity_file = table.unpack(arg)
local session <close> = host and idle.ssh_session{ host = host, user = user, identity_file = identity_file }
  or idle.sim.sync_server{ cycle_seconds = 4 }:session()

-- Sessions are handed out by name and role, so that a workflow never holds a credential itself.
local broker = idle.auth_session_broker{
  sessions = {
    { match = { AuthSessionName = "EntraConnect", Role = "EntraConnectAdmin" }, session = session },
  },
}

local run <close> = idle.run{
  name = "trigger-sync",
  providers = { DirectorySync = idle.providers.entra_connect(), AuthSessionBroker = broker },
}

local sync = run:step("Trigger the sync", "IdLE.Step.TriggerDirectorySync", {
  AuthSessionName = "EntraConnect",
  AuthSessionOptions = { Role = "EntraConnectAdmin" },
  PolicyType = "Delta",
  Wait = true,
  TimeoutSeconds = 1800,
})

run:step("Note the outcome", "IdLE.Step.EmitEvent", {
  Message = ("directory sync ended with %s; exported at %s"):format(sync.Data.Outcome, sync.Data.ExportEndUtc),
})

print(("%s, %s, exported at %s"):format(sync.Data.Outcome, sync.Data.Carried, sync.Data.ExportEndUtc))
