-- A joiner, end to end: create the account, bring it to Entra ID, hand out what needs the account there.
--
--   idle-lua examples/joiner.lua                                 a real sshd on loopback, behind it a simulated server
--   idle-lua examples/joiner.lua aadc.example.org svc-idle KEY   a real server; then replace the directory by yours
--
-- What happens in which order stands in joiner_flow.lua, so that it can be tested; here are the systems.

local cjson = require "cjson"
local idle = require "idle"

local host, user, identity_file = table.unpack(arg)
local here = arg[0]:match("^(.*/)") or ""
local join = dofile(here .. "joiner_flow.lua")

local function read_joiner(path)
  local file <close> = assert(io.open(path))
  return cjson.decode(file:read("a"))
end

local far_end <close> = not host and idle.sim.far_end.sshd_server{ options = { cycle_seconds = 6 } } or nil
local session <close> = idle.ssh_session(far_end and far_end.session_options
  or { host = host, user = user, identity_file = identity_file })

-- Where accounts are made. Here a table stands for Active Directory.
local accounts, directory = {}, {}

function directory.create_account(joiner)
  local dn = ("CN=%s %s,OU=Staff,DC=corp,DC=example"):format(joiner.given_name, joiner.surname)
  accounts[joiner.account] = { dn = dn, department = joiner.department }
  return accounts[joiner.account]
end

function directory.set_group(account, group)
  accounts[account].groups = { group }
  return accounts[account]
end

-- What to do about a failure depends on its kind, and on nothing else.
local function explain(err)
  if err.kind == "sync.busy" or err.kind == "ssh.connect" then
    print(("%s: nothing was changed, try again later (%s)"):format(err.step, err))
  elseif err.kind == "sync.timeout" then
    print(("%s: still running; wait on with this baseline: %s"):format(err.step, idle.json.encode(err.data.Baseline)))
  elseif err.effect == "unknown" then
    print(("%s: nobody can say whether it happened; look before you repeat it (%s)"):format(err.step, err))
  end
end

local function report(step)
  local data = step.Data
  local exported = data.Exported and data.Exported.Total
  print(("%s: %s, %s a cycle, %s objects exported at %s"):format(step.Name, data.Outcome, data.Carried:lower(),
    exported or "an unknown number of", data.ExportEndUtc))
end

local ok, result = pcall(join, read_joiner(here .. "joiner.json"), directory, session)
if not ok then
  if idle.is_error(result) then explain(result) end
  error(result, 0)
end
for _, step in ipairs(result.Steps) do
  if step.Data and step.Data.Outcome then report(step) end
end
if far_end then
  print(("the ledger of the simulated server shows %d starts, one for each sync step"):format(#far_end:ledger()))
end
