--- A joiner with everything in it that chance or the order of keys could touch: two joiners at once on servers that are
--- busy first, retries with jitter, a foreign cycle, errors of objects, and a workflow file's plan. Its events go where
--- `--events` says, its results to stdout.
local idle = require("idle")

local function refuse_first(failures)
  return function()
    failures = failures - 1
    if failures >= 0 then idle.error("provider.busy", "the directory is busy", { transient = true }) end
    return { made = os.date(), password = math.random(1 << 53), a = 1, b = 2, c = 3, d = { "x", "y" } }
  end
end

local function sync(run, name)
  return run:step(name, "IdLE.Step.TriggerDirectorySync", {
    AuthSessionName = "EntraConnect", PolicyType = "Delta", Wait = true,
    TimeoutSeconds = 3600, PollIntervalSeconds = 30, Expect = "CN=Kim Example,OU=Staff,DC=contoso,DC=local",
  })
end

local function join(name, options)
  local server = idle.sim.sync_server(options)
  local run <close> = idle.run{ name = name, providers = {
    DirectorySync = idle.providers.entra_connect(),
    Identity = idle.providers.mock(),
    AuthSessionBroker = idle.auth_session_broker{ default = server:session(), fallback = true },
  } }
  run:step("Create the account", refuse_first(3), { retry = { MaxAttempts = 4 } })
  run:step("Fill it", "IdLE.Step.EnsureAttributes", { IdentityKey = name, Provider = "Identity",
    Attributes = { Department = "IT", Title = "Clerk", Office = "B2", Phone = "1", Manager = "x", City = "Ulm" } })
  sync(run, "Sync the account")
  sync(run, "Sync the licence group")
  return { run:result(), server:ledger() }
end

local results = idle.test.virtual_time(function()
  return idle.gather({
    function() return join("ada.byron", { cycle_seconds = 900, busy_starts = 2, latency_seconds = 0.3 }) end,
    function()
      return join("kim.example", { cycle_seconds = 700, foreign_starts = { 5 }, latency_seconds = 0.3,
        result = { ["Entra Export"] = "completed-export-errors", ["AD Sync"] = "completed-sync-errors" } })
    end,
  })
end)
results.n = nil
for _, result in ipairs(results) do
  for _, entry in ipairs(result[2]) do entry.Pid = nil end
end
print(idle.json.encode(results))

-- Of several mistakes it is always the same one that is told.
local function mistake(f, ...)
  local ok, err = pcall(f, ...)
  print(ok, tostring(err))
end

local wrong = { alpha = 1, beta = 2, gamma = 3, delta = 4, epsilon = 5 }
mistake(idle.sim.sync_server, wrong)
mistake(idle.sim.sync_server, { result = wrong })
mistake(idle.run, wrong)
mistake(idle.run, { name = "x", execution_options = { RetryProfiles = { ["a b"] = {}, ["c d"] = {}, ["e f"] = {} } } })
mistake(idle.auth_session_broker, wrong)
mistake(idle.plan, { Name = "x", LifecycleEvent = "Joiner", Steps = { wrong } }, {})
local session = idle.sim.sync_server{}:session()
mistake(session.InvokeCommand, session, "Get-ADSyncScheduler", wrong)
