-- How a workflow file is tested: the file as it is, with providers that are none.

local idle = require "idle"

local here = debug.getinfo(1, "S").source:match("^@(.*/)") or ""
local JOINER = here .. "../workflows/joiner.psd1"

-- The request of the example; what a spec is about is changed in it.
local function request(intent)
  local ada = idle.request(here .. "../workflows/joiner-request.json")
  for name, v in pairs(intent or {}) do ada.Intent[name] = v end
  return ada
end

-- Fakes announce what steps require, answer as a provider that changed something, and record their calls.
local function new_providers(session)
  return {
    Identity = idle.test.fake_provider(),
    ExchangeOnline = idle.test.fake_provider(),
    DirectorySync = idle.providers.entra_connect(),
    AuthSessionBroker = idle.auth_session_broker{
      sessions = { { match = { AuthSessionName = "EntraConnect", Role = "EntraConnectAdmin" }, session = session } },
    },
  }
end

-- Plans and executes the file on a simulated server.
local function run(server, intent)
  local providers = new_providers(server:session())
  local plan = idle.plan(JOINER, request(intent), providers)
  local result = idle.execute(plan, {
    Providers = providers, ExecutionOptions = { RetryProfiles = { Directory = { MaxAttempts = 3 } } },
  })
  return result, providers
end

describe("joiner.psd1", function()
  it("prepares whoever works in the office", function()
    idle.test.virtual_time(function()
      local result, providers = run(idle.sim.sync_server())
      -- A step that a condition kept from running may be left out, as "Grant VPN" is.
      assert.ran_steps(result, {
        "Create the account", "Set the attributes", "Grant the staff group", "Sync the account",
        "Prepare the mailbox", "Say that it is done",
      })
      assert.called(providers.Identity, "CreateIdentity", { "ada.byron", { DisplayName = "Ada Byron" } }, 1)
      assert.never_called(providers.Identity, "GrantEntitlement", { "ada.byron", { Id = "vpn-users" } })
    end)
  end)

  it("grants VPN to whoever needs it", function()
    idle.test.virtual_time(function()
      local _, providers = run(idle.sim.sync_server(), { NeedsVpn = true })
      assert.called(providers.Identity, "GrantEntitlement", { "ada.byron", { Kind = "Group", Id = "vpn-users" } })
    end)
  end)

  it("tells the service desk when the server is in staging mode, and touches no mailbox", function()
    idle.test.virtual_time(function()
      local result, providers = run(idle.sim.sync_server{ staging = true })
      assert.equal("Failed", result.Status)
      assert.ran_steps(result, {
        "Create the account", "Set the attributes", "Grant the staff group",
        { Name = "Sync the account", Status = "Failed", ErrorKind = "sync.staging" },
      })
      assert.ran_steps(result.OnFailure, { "Tell the service desk" })
      assert.never_called(providers.ExchangeOnline, "EnsureMailboxType")
    end)
  end)

  describe("survives", function()
    idle.test.each_fault(function(sim) return (run(sim)) end)
  end)

  -- A workflow file is checked as a whole before anything runs. `idle-lua check FILE` says the same.
  it("is refused with a word that is wrong, and says which was meant", function()
    local err = assert.fails_with(function() idle.workflow(here .. "misspelled.psd1") end, "input.workflow")
    assert.matches("Steps%[0%].Conditon %(line 9%): Unknown key 'Conditon'.*; did you mean 'Condition'%?", err.message)
  end)
end)
