-- What the example workflows run on: identities and mailboxes in memory, and the built-in
-- simulator of an Entra Connect server. Put your own providers and sessions in their places.

local idle = require "idle"

local identities = {
  ["grace.hopper"] = {
    Attributes = { Department = "Finance", DisplayName = "Grace Hopper" },
    Entitlements = {
      { Kind = "Group", Id = "all-staff" }, { Kind = "Group", Id = "finance-ledger" },
    },
  },
  ["alan.turing"] = {
    Attributes = { Department = "Engineering", DisplayName = "Alan Turing" },
    Entitlements = {
      { Kind = "Group", Id = "all-staff" }, { Kind = "Group", Id = "legal-hold-2026" },
    },
  },
}

local entra_connect = idle.sim.sync_server{ cycle_seconds = 2, start_delay_seconds = 0.2 }

return {
  Providers = {
    Identity = idle.providers.mock{ InitialStore = identities },
    ExchangeOnline = idle.providers.mock_mailbox(),
    DirectorySync = idle.providers.entra_connect(),
    AuthSessionBroker = idle.auth_session_broker{
      sessions = {
        {
          match = { AuthSessionName = "EntraConnect", Role = "EntraConnectAdmin" },
          session = entra_connect:session(),
        },
      },
    },
  },
  ExecutionOptions = {
    RetryProfiles = { Directory = { MaxAttempts = 5, InitialDelayMilliseconds = 500 } },
  },
}
