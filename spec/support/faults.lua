--- What the specs of faults share: what each of them must show, whatever the fault.
local assert = require("luassert")
local busted = require("busted")
local child = require("spec.support.child")
local errors = require("idle.engine.errors")
local idle = require("idle")
local json = require("idle.json")
local leftovers = require("spec.support.leftovers")
local loop = require("idle.loop")
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

--- Nothing was done, and the same call won't succeed later. A script ends in 1 by that, where a step ends in 2.
function faults.refused(kind, within, exit)
  return { kind = kind, effect = "none", transient = false, exit = exit or 1, within = within or 0 }
end

--- Nobody knows what was done.
function faults.in_doubt(kind, within)
  return { kind = kind, effect = "unknown", transient = false, exit = 3, within = within or 0 }
end

--- Counts what is open now.
---@return fun() check  fails unless no more is open soon
function faults.level()
  local before = leftovers.level()
  return function() assert.same(before, leftovers.settle(before, faults.CLEANUP_SECONDS)) end
end

---@class spec.FaultyCommand  what spec/support/one_command.lua is told
---@field options table     of the session
---@field kind?   string    default "ssh_session"
---@field first?  any[][]   calls that come before: the name of a method, its arguments
---@field call?   any[]     default: Start-ADSyncSyncCycle

---@class spec.FaultyProgram a program that gives a command, whatever its far end does to it
---@field package child spec.Child
local Program = {}
Program.__index = Program

local START = { "InvokeCommand", "Start-ADSyncSyncCycle", {} }

-- Milliseconds; calls that come first may move 20 MB, and no spec that passes waits for it.
local FIRST_MS = 120000

--- Starts one. Where there are calls that come first, it waits for `go` behind them. Close it with `<close>`.
---@param command spec.FaultyCommand
---@param how?    { env?: table<string, string>, within?: string[] }  `within`: words in front of the program's
---@return spec.FaultyProgram
function faults.program(command, how)
  local words = table.move(how and how.within or {}, 1, how and how.within and #how.within or 0, 1, {})
  table.move({ child.PROGRAM, "spec/support/one_command.lua" }, 1, 2, #words + 1, words)
  local options = { program = words[1], env = how and how.env, table.unpack(words, 2) }
  local told = { kind = command.kind or "ssh_session", options = command.options, first = command.first or {},
                 call = command.call or START }
  local program = setmetatable({ child = child.start(options) }, Program)
  local is_ready, err = pcall(function()
    program.child:write(assert(json.encode(told)) .. "\n")
    if command.first then assert.equal("ready", program.child:read_line(FIRST_MS)) end
  end)
  if is_ready then return program end
  program:close()
  error(err, 0)
end

--- Lets it give its command, behind those that came first.
function Program:go() self.child:write("go\n") end

-- Waits for its end. Returns what it said of its command, and how it ended.
local function finish(program)
  local report = assert(json.decode(program.child:read_line()))
  local reported = loop.monotonic()
  local outcome = program.child:outcome()
  local cleanup = report.closing + loop.monotonic() - reported
  assert.is_true(cleanup < faults.CLEANUP_SECONDS, ("cleaning up took %.2f s"):format(cleanup))
  assert.same(report.before, report.after, "something is left")
  return report, outcome
end

--- Fails unless its command ends with this error, in time, and the program with the exit status of it.
---@param expected { kind: string, effect: string, transient: boolean, exit: integer, within: number }
---@return table report  with `message`
function Program:fails(expected)
  local report, outcome = finish(self)
  assert.same({ expected.kind, expected.effect, expected.transient, expected.exit },
    { report.kind, report.effect, report.transient, outcome.exit_code or outcome.signal }, report.message)
  assert.is_true(report.seconds <= expected.within + faults.LATE_SECONDS, ("it took %.2f s"):format(report.seconds))
  assert.matches(report.message, outcome.stderr, 1, true)
  return report
end

--- Fails unless its command is done.
function Program:succeeds()
  local report, outcome = finish(self)
  assert.same({ true, 0 }, { report.is_ok, outcome.exit_code or outcome.signal }, report.message)
end

function Program:close() self.child:__close() end

Program.__close = Program.close

--- Runs a command in a program of its own, behind those that come first; it must fail with this error (see
--- `Program:fails`).
---@param command  spec.FaultyCommand
---@param expected table
---@param how?     table  of `faults.program`
---@return table report
function faults.fails(command, expected, how)
  local program <close> = faults.program(command, how)
  if command.first then program:go() end
  return program:fails(expected)
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
  local known_hosts = far:write("any_port", ssh_far.known_host({ host = far.host }, far.dir .. "/host_ed25519"))
  local faulty = { proxy = proxy }

  --- What a session through the proxy needs.
  function faulty.options(more)
    local all = ssh_far.session_options(far, { port = proxy.port, known_hosts = known_hosts })
    for name, v in pairs(more or {}) do all[name] = v end
    return all
  end

  --- A session through the proxy.
  function faulty.session(more) return idle.ssh_session(faulty.options(more)) end

  return setmetatable(faulty, {
    __index = function(_, name) return far[name] end,
    __close = function()
      proxy:close()
      far:close()
    end,
  })
end

return faults
