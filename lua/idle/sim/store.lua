--- What a simulated server remembers: in memory, or in files that several processes share.
local errors = require("idle.engine.errors")
local timeline = require("idle.sim.timeline")
local utc = require("idle.engine.utc")

local store = {}

---@class idle.SimState
---@field EpochMs  integer  when the server came up: the moment of its first command
---@field BusyUsed integer  starts that were refused so far
---@field Calls    table<string, integer>  calls of the commands that have faults
---@field starts   idle.SimStart[]
---@field entries  table[]  the ledger
local State = {}
State.__index = State

---@class idle.SimStore
---@field transaction fun(self, f: fun(state: idle.SimState): any): any  nobody else changes the state meanwhile
---@field ledger      fun(self): table[]

--- The cycles that were started until a moment.
---@param options idle.SimOptions
---@param now_ms  integer
---@return idle.SimCycle[] oldest first
function State:cycles(options, now_ms)
  local walk = self.walk
  if not walk or now_ms < walk.now_ms then walk = timeline.new(options, self.EpochMs) end
  self.walk = walk
  local cycles = walk:go(self.starts, now_ms)
  if cycles[1] then return cycles end
  errors.raise("input.setup", ("the simulated server came up at %s, and now it is %s: one that was used outside of "
    .. "virtual time cannot go on in it; make another one"):format(utc.format_ms(self.EpochMs),
    utc.format_ms(now_ms)))
end

--- Counts a call of a command.
---@return integer count  this one included
function State:count_call(name)
  self.Calls[name] = (self.Calls[name] or 0) + 1
  return self.Calls[name]
end

--- Notes a start that takes effect.
function State:accept(at_ms, policy, pid)
  self.starts[#self.starts + 1] = { at_ms = at_ms, policy = policy }
  self.accepted = { Seq = #self.entries + 1, Utc = utc.format_ms(at_ms), PolicyType = policy, Pid = pid }
  self.entries[#self.entries + 1] = self.accepted
end

local function new_state(fields, entries)
  local starts = {}
  for index, entry in ipairs(entries) do
    starts[index] = { at_ms = math.floor(utc.parse(entry.Utc) * 1000 + 0.5), policy = entry.PolicyType }
  end
  fields.starts, fields.entries = starts, entries
  return setmetatable(fields, State)
end

local function copy(entries)
  local copied = {}
  for index, entry in ipairs(entries) do
    copied[index] = {}
    for name, v in pairs(entry) do copied[index][name] = v end
  end
  return copied
end

local Memory = {}
Memory.__index = Memory

function Memory:transaction(f)
  self.state = self.state or new_state({ EpochMs = self.clock.now_ms(), BusyUsed = 0, Calls = {} }, {})
  return f(self.state)
end

function Memory:ledger() return self.state and copy(self.state.entries) or {} end

--- A store that lives as long as its server.
---@param clock { now_ms: fun(): integer }
---@return idle.SimStore
function store.memory(clock)
  return setmetatable({ clock = clock }, Memory)
end

local Files = {}
Files.__index = Files

local function read_json_lines(path)
  local file, json = require("idle.file"), require("idle.json")
  local entries = {}
  if not file.exists(path) then return entries end
  for line in errors.check(file.read(path)):gmatch("[^\n]+") do
    entries[#entries + 1] = errors.check(json.decode(line, path))
  end
  return entries
end

function Files:read_fields()
  local file, json = require("idle.file"), require("idle.json")
  if not file.exists(self.state_path) then
    return { EpochMs = self.clock.now_ms(), BusyUsed = 0, Calls = {} }, ""
  end
  local text = errors.check(file.read(self.state_path))
  return errors.check(json.decode(text, self.state_path)), text
end

-- The ledger first: a start that is not in it never happened.
function Files:save(state, former_text)
  local file, json = require("idle.file"), require("idle.json")
  if state.accepted then
    errors.check(file.append_synced(self.ledger_path, errors.check(json.encode(state.accepted)) .. "\n"))
  end
  local text = errors.check(json.encode({ EpochMs = state.EpochMs, BusyUsed = state.BusyUsed, Calls = state.Calls }))
  if text ~= former_text then errors.check(file.write_private(self.state_path, text)) end
end

function Files:transaction(f)
  local lock <close> = errors.check(require("idle.file").lock(self.lock_path)) -- luacheck: ignore lock
  local fields, text = self:read_fields()
  local state = new_state(fields, read_json_lines(self.ledger_path))
  local result = f(state)
  self:save(state, text)
  return result
end

function Files:ledger() return read_json_lines(self.ledger_path) end

--- A store beside the file F of a server's options: F.ledger, F.state and F.lock.
---@param path  string
---@param clock { now_ms: fun(): integer }
---@return idle.SimStore
function store.files(path, clock)
  return setmetatable({
    clock = clock, ledger_path = path .. ".ledger", state_path = path .. ".state", lock_path = path .. ".lock",
  }, Files)
end

return store
