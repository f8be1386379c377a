--- What the specs of faults share: what each of them must show, whatever the fault.
local assert = require("luassert")
local busted = require("busted")
local errors = require("idle.engine.errors")
local file = require("idle.file")
local idle = require("idle")
local lfs = require("lfs")
local loop = require("idle.loop")
local process = require("idle.process")
local specimen_far = require("spec.support.specimen_far")
local ssh_far = require("spec.support.ssh_far")

local faults = {}

--- Seconds for which a wait may outlast its deadline, and that cleaning up may take.
faults.LATE_SECONDS, faults.CLEANUP_SECONDS = 1, 2

--- Runs functions at the same time, and waits for all of them.
---@param functions fun()[]
function faults.together(functions) idle.gather(functions) end

--- Calls something that may raise, and takes the time.
---@return boolean is_ok
---@return any     result   or the error
---@return number  seconds
function faults.timed(f, ...)
  local began = loop.monotonic()
  local is_ok, result = pcall(f, ...)
  return is_ok, result, loop.monotonic() - began
end

--- Fails unless a session's command ends with this error, in time.
---@param session  table
---@param expected { kind: string, effect: string, transient: boolean, exit: integer, within: number }
---       `within`: seconds until its deadline
---@param command? string
---@return idle.Error
function faults.raises(session, expected, command, parameters)
  local is_ok, err, seconds = faults.timed(session.InvokeCommand, session, command or "Start-ADSyncSyncCycle",
    parameters or {})
  assert.is_false(is_ok)
  faults.is_error(err, expected)
  assert.is_true(seconds <= expected.within + faults.LATE_SECONDS, ("it took %.2f s"):format(seconds))
  return err
end

--- Fails unless this is what DESIGN says of the error.
---@param err      any
---@param expected { kind: string, effect: string, transient: boolean, exit: integer }
function faults.is_error(err, expected)
  assert.is_true(errors.is(err), tostring(err))
  assert.same({ expected.kind, expected.effect, expected.transient, expected.exit },
    { err.kind, err.effect, err.transient, errors.exit_status(err) }, tostring(err))
end

--- Nothing was done, and the same call may succeed later.
function faults.temporary(kind, within)
  return { kind = kind, effect = "none", transient = true, exit = 75, within = within or 0 }
end

--- Nobody knows what was done.
function faults.in_doubt(kind, within)
  return { kind = kind, effect = "unknown", transient = false, exit = 3, within = within or 0 }
end

-- Open files, and processes that run or wait to be collected.
local function count_what_is_open()
  local files, children = 0, 0
  for _ in lfs.dir("/proc/self/fd") do files = files + 1 end
  local pid = process.pid()
  for _ in (file.read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""):gmatch("%d+") do
    children = children + 1
  end
  return files, children
end

--- Counts what is open now.
---@return fun() check  fails unless no more is open soon
function faults.level()
  ssh_far.run({ "true" }) -- the first program that is started opens files that stay
  collectgarbage()
  local files, children = count_what_is_open()
  return function()
    local deadline = loop.monotonic() + faults.CLEANUP_SECONDS
    local files_now, children_now
    repeat
      loop.sleep(5)
      files_now, children_now = count_what_is_open()
      if files_now <= files and children_now <= children then return end
    until loop.monotonic() > deadline
    assert.same({ files, children }, { files_now, children_now })
  end
end

--- Rows of the matrix: they begin together, since most of their time is waiting, and leave neither a file nor a
--- child behind.
---@param define fun(row: fun(title: string, f: fun()))
function faults.rows(define)
  local rows, check_level = {}, nil
  busted.setup(function()
    check_level = faults.level()
    for _, row in ipairs(rows) do row.task = loop.spawn(row.f) end
  end)
  busted.teardown(function() check_level() end)
  define(function(title, f)
    local row = { f = f }
    rows[#rows + 1] = row
    busted.it(title, function() row.task:join() end)
  end)
end

---@class spec.FaultyFar: spec.SpecimenFar  a simulated sync server behind a real sshd and a proxy
---@field proxy spec.Peer

--- Starts one; `<close>` ends it with all its processes.
---@param options? table  of the simulator
---@param sshd?    table  of idle.sim.sshd
---@return spec.FaultyFar
function faults.far(options, sshd)
  local far = specimen_far.start(options, sshd)
  local proxy = ssh_far.proxy(far.port)
  local key = assert(file.read(far.dir .. "/host_ed25519.pub")):match("^%S+ %S+")
  local known_hosts = far:write("any_port", ("[%s]:* %s\n"):format(far.host, key))
  local faulty = { proxy = proxy }

  --- A session through the proxy.
  function faulty.session(more)
    local all = { host = far.host, port = proxy.port, user = far.user, identity_file = far.identity_file,
                  known_hosts = known_hosts, agent = false, ssh_config = false }
    for name, v in pairs(more or {}) do all[name] = v end
    return idle.ssh_session(all)
  end

  return setmetatable(faulty, {
    __index = function(_, name) return far[name] end,
    __close = function()
      proxy:close()
      far:close()
    end,
  })
end

return faults
