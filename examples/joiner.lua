-- A joiner, end to end: create the account, bring it to Entra ID, hand out what needs the account there.
--
--   idle-lua examples/joiner.lua                                 a real sshd on loopback, behind it a simulated server
--   idle-lua examples/joiner.lua aadc.example.org svc-idle KEY   a real server; then replace create_account by yours

local cjson = require "cjson"
local idle = require "idle"

local host, user, identity_file = table.unpack(arg)
local here = arg[0]:match("^(.*/)") or ""

local function read_joiner(path)
  local file <close> = assert(io.open(path))
  return cjson.decode(file:read("a"))
end

local far_end <close> = not host and idle.sim.far_end.sshd_server{ options = { cycle_seconds = 6 } } or nil
local session <close> = idle.ssh_session(far_end and far_end.session_options
  or { host = host, user = user, identity_file = identity_file })

-- Where accounts are made. Here a table stands for Active Directory; a step is any function.
local directory = {}

local function create_account(joiner)
  local dn = ("CN=%s %s,OU=Staff,DC=corp,DC=example"):format(joiner.given_name, joiner.surname)
  directory[joiner.account] = { dn = dn, department = joiner.department }
  return { dn = dn }
end

local joiner = read_joiner(here .. "joiner.json")
local run <close> = idle.run{
  name = "joiner",
  key = "joiner:" .. joiner.request,
  request = joiner,
  providers = {
    DirectorySync = idle.providers.entra_connect(),
    AuthSessionBroker = idle.auth_session_broker{
      sessions = { { match = { AuthSessionName = "EntraConnect", Role = "EntraConnectAdmin" }, session = session } },
    },
  },
}

-- One sync step; what to do about a failure depends on its kind, and on nothing else.
local function sync(name, dn)
  local ok, result = pcall(run.step, run, name, "IdLE.Step.TriggerDirectorySync", {
    AuthSessionName = "EntraConnect",
    AuthSessionOptions = { Role = "EntraConnectAdmin" },
    PolicyType = "Delta",
    Wait = true,
    TimeoutSeconds = 1800,
    PollIntervalSeconds = 2,
    SettleSeconds = host and 45 or 5,
    Expect = dn,
  })
  if ok then return result.Data end
  local err = result
  if err.kind == "sync.busy" or err.kind == "ssh.connect" then
    print(("%s: nothing was changed, try again later (%s)"):format(name, err))
  elseif err.kind == "sync.timeout" then
    print(("%s: still running; wait on with this baseline: %s"):format(name, idle.json.encode(err.data.Baseline)))
  elseif err.effect == "unknown" then
    print(("%s: nobody can say whether it happened; look before you repeat it (%s)"):format(name, err))
  end
  error(err, 0)
end

local function report(what, data)
  local exported = data.Exported and data.Exported.Total
  print(("%s: %s, %s a cycle, %s objects exported at %s"):format(what, data.Outcome, data.Carried:lower(),
    exported or "an unknown number of", data.ExportEndUtc))
end

local account = run:step("Create the account", function() return create_account(joiner) end)
report("account", sync("Sync the account", account.dn))

if joiner.needs_laptop then
  run:step("Order the laptop", function() return { order = "L-" .. joiner.request } end)
end

run:step("Set the licence group", function()
  directory[joiner.account].groups = { "LIC-" .. joiner.licences[1] }
  return directory[joiner.account]
end)
report("licence group", sync("Sync the licence group", account.dn))

if far_end then
  print(("the ledger of the simulated server shows %d starts, one for each sync step"):format(#far_end:ledger()))
end
