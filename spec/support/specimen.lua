--- Specimens: runs of the program as a person calls it, against a real sshd with a
--- simulated sync server behind it. What holds for every run is checked for every run.
local assert = require("luassert")
local child = require("spec.support.child")
local eventually = require("spec.support.eventually")
local file = require("idle.file")
local json = require("idle.json")
local loop = require("idle.loop")
local specimen_far = require("spec.support.specimen_far")

local specimen = {}

--- Seconds; a run that takes longer counts as hung.
specimen.DEADLINE_SECONDS = 100

---@class spec.SpecimenOutcome: spec.Outcome
---@field verdict  string    exit status, kind or outcome, starts: all that counts, in one line
---@field document table     what --json printed
---@field data     table     the step's Data, {} if there is none
---@field events   table[]
---@field ledger   table[]   every start that took effect so far
---@field seconds  number

---@class spec.Run
---@field far     spec.SpecimenFar
---@field package child spec.Child
local Run = {}
Run.__index = Run

-- A poll and a settling time that suit the quick cycles.
local QUICK = { "--poll", "0.2", "--settle", "1", "--no-agent" }

local function server_arguments(far)
  return {
    "--host", far.host, "--port", tostring(far.port), "--user", far.user, "--identity", far.identity_file,
    "--known-hosts", far.known_hosts,
  }
end

local function join(...)
  local all = {}
  for _, list in ipairs({ ... }) do table.move(list, 1, #list, #all + 1, all) end
  return all
end

local function start(far, arguments, env)
  local events = os.tmpname()
  local command = join({ "--events", events }, arguments)
  command.env = env
  return setmetatable({ far = far, child = child.start(command), events_file = events, began = loop.monotonic() }, Run)
end

--- Starts `idle-lua sync` for a far end. The last word on an option wins, so the case's own stand last.
---@param far spec.SpecimenFar
---@return spec.Run
function specimen.sync(far, ...)
  return start(far, join({ "sync", "--json" }, QUICK, server_arguments(far), { ... }))
end

--- The same, with a result for people.
---@param far spec.SpecimenFar
---@return spec.Run
function specimen.sync_for_people(far, ...)
  return start(far, join({ "sync" }, QUICK, server_arguments(far), { ... }))
end

local PREAMBLE = [[
local idle = require("idle")
local session <close> = idle.ssh_session{ host = %q, port = %d, user = %q, identity_file = %q, known_hosts = %q,
  agent = false, connect_timeout = 20, reconnect_timeout = tonumber(os.getenv("RECONNECT_SECONDS")) }
local providers = {
  DirectorySync = idle.providers.entra_connect(),
  AuthSessionBroker = idle.auth_session_broker{ default = session, fallback = true },
}
]]

--- Starts a script that finds `idle`, and a `session` and `providers` for the far end.
---@param far  spec.SpecimenFar
---@param text string
---@param env? table<string, string>
---@return spec.Run
function specimen.script(far, text, env)
  local head = PREAMBLE:format(far.host, far.port, far.user, far.identity_file, far.known_hosts)
  return start(far, { far:write("script.lua", head .. text) }, env)
end

local function read_events(path)
  local events = {}
  for line in io.lines(path) do events[#events + 1] = assert(json.decode(line)) end
  return events
end

local function check_text(outcome)
  local text = outcome.stdout .. outcome.stderr
  for _, pattern in ipairs({ "stack traceback", "AddressSanitizer", "runtime error", "LeakSanitizer" }) do
    assert.is_nil(text:find(pattern, 1, true), text)
  end
  assert.is_nil(text:find("[^\n\t\x20-\x7E\x80-\xFF]"), "a control character: " .. text)
end

local ENDS = { DirectorySyncCompleted = true, DirectorySyncFailed = true }

-- One beginning, one end, and the same verdict in events, document and exit status.
local function check_events(outcome)
  local events = outcome.events
  if #events == 0 then return end
  assert.equal("DirectorySyncTriggered", events[1].Type)
  local ends = 0
  for _, event in ipairs(events) do ends = ends + (ENDS[event.Type] and 1 or 0) end
  assert.equal(1, ends)
  local last = events[#events]
  assert.is_true(ENDS[last.Type])
  assert.equal(outcome.document.Status == "Completed" and "DirectorySyncCompleted" or "DirectorySyncFailed", last.Type)
  assert.equal(outcome.data.Outcome, last.Data.Outcome)
end

local function check_document(outcome)
  local document = outcome.document
  if document.Status == "Completed" then
    assert.equal("", outcome.stderr)
    return
  end
  assert.equal("Failed", document.Status)
  assert.not_equal(0, outcome.exit_code)
  assert.equal(document.Error, outcome.stderr:match("^[^:]*idle%-lua: ([^\n]*)"))
end

local function verdict_of(outcome)
  local document = outcome.document
  local word = outcome.data.Outcome
  if document and document.Status == "Failed" then word = ("%s (%s)"):format(document.ErrorKind, document.Effect) end
  return ("exit %s, %s, %d started"):format(outcome.signal or outcome.exit_code, word or "no document", #outcome.ledger)
end

local function complete(run, outcome)
  outcome.seconds = loop.monotonic() - run.began
  outcome.events = read_events(run.events_file)
  outcome.ledger = run.far:ledger()
  outcome.document = outcome.stdout:sub(1, 1) == "{" and assert(json.decode(outcome.stdout)) or nil
  outcome.data = outcome.document and outcome.document.Data or {}
  outcome.verdict = verdict_of(outcome)
  return outcome
end

local function check(outcome)
  check_text(outcome)
  if outcome.document and outcome.document.Status then
    check_document(outcome)
    check_events(outcome)
  end
end

--- Waits until the run has ended.
---@return spec.SpecimenOutcome
function Run:finish()
  if not self.outcome then
    self.outcome = complete(self, self.child:outcome(specimen.DEADLINE_SECONDS * 1000))
    check(self.outcome)
  end
  return self.outcome
end

--- Waits until something stands in the events that the run has written.
---@param text string
function Run:wait_for_text(text)
  eventually(function()
    return assert(file.read(self.events_file)):find(text, 1, true) ~= nil
  end, "the events say " .. text)
end

--- Waits until the run has written an event of a type.
---@param type_name string  without the word DirectorySync
function Run:wait_for_event(type_name) self:wait_for_text('"DirectorySync' .. type_name .. '"') end

--- Waits until the run has seen a cycle at work.
function Run:wait_for_cycle() self:wait_for_text('"Connector":') end

--- Reads the next line that a script prints.
---@return string
function Run:read_line() return self.child:read_line() end

--- Gives a line to a script that reads one.
---@param line string
function Run:write_line(line) self.child:write(line .. "\n") end

---@param name string  as "TERM"
function Run:signal(name) self.child:signal(name) end

--- The types of the run's events, without the word DirectorySync.
function Run:event_types()
  local types = {}
  for index, event in ipairs(self:finish().events) do types[index] = event.Type:match("^DirectorySync(.*)$") end
  return types
end

function Run:close()
  self.child:__close()
  os.remove(self.events_file)
end

Run.__close = Run.close

---@class spec.SpecimenCase
---@field [integer] string  arguments of sync
---@field server? table     options of the simulated server
---@field sshd?   table     options of idle.sim.sshd
---@field script? string    run this instead of sync
---@field env?    table<string, string>  for the script
---@field for_people? boolean  without --json
---@field prepare? fun(far: spec.SpecimenFar): string[]?  what is done before; returns more arguments
---@field act?    fun(far: spec.SpecimenFar, run: spec.Run): any  what somebody does meanwhile
---@field is_long? boolean  waits so long that it begins before all others

---@class spec.Specimen
---@field far  spec.SpecimenFar  once it has begun
---@field run  spec.Run
---@field package task idle.Task
local Specimen = {}
Specimen.__index = Specimen

-- Each takes up to four processes, and there may be only two processors. Those that wait long cost nothing.
local MOST_AT_ONCE = 16

local turns = { taken = 0, free = loop.condition() }

local function take_turn()
  while turns.taken >= MOST_AT_ONCE do turns.free:wait() end
  turns.taken = turns.taken + 1
  return setmetatable({}, { __close = function()
    turns.taken = turns.taken - 1
    turns.free:notify()
  end })
end

local function play(one, case)
  local _ <close> = not case.is_long and take_turn() or nil
  one.far = specimen_far.start(case.server, case.sshd)
  local arguments = join(case, case.prepare and case.prepare(one.far) or {})
  if case.script then
    one.run = specimen.script(one.far, case.script, case.env)
  else
    local sync = case.for_people and specimen.sync_for_people or specimen.sync
    one.run = sync(one.far, table.unpack(arguments))
  end
  local result = case.act and case.act(one.far, one.run)
  return one.run:finish(), result
end

--- Waits until it has ended.
---@return spec.SpecimenOutcome
---@return any result  of what somebody did meanwhile
function Specimen:finish() return self.task:join() end

--- Waits until it has ended, and wants it to have ended like this.
---@param verdict string
---@param ... string  what stderr has
---@return spec.SpecimenOutcome
function Specimen:ends(verdict, ...)
  local outcome = self:finish()
  assert.equal(verdict, outcome.verdict)
  for _, text in ipairs({ ... }) do assert.matches(text, outcome.stderr, 1, true) end
  return outcome
end

function Specimen:close()
  self.task:cancel()
  pcall(self.task.join, self.task)
  if self.run then self.run:close() end
  if self.far then self.far:close() end
end

--- Starts specimens, as many at once as is good for the machine. Close each of them.
---@param cases table<string, spec.SpecimenCase>
---@return table<string, spec.Specimen>
function specimen.start(cases)
  local specimens = {}
  for name, case in pairs(cases) do
    local one = setmetatable({}, Specimen)
    one.task = loop.spawn(play, one, case)
    specimens[name] = one
  end
  return specimens
end

return specimen
