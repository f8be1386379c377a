--- Virtual time: the clock stands still while tasks compute, and jumps to the next deadline when they all wait.
local calendar = require("idle.test.calendar")
local chance = require("idle.test.chance")
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local programs = require("idle.test.programs")
local parameter = require("idle.engine.parameter")
local utc = require("idle.engine.utc")
local virtual = require("idle.virtual")

---@class idle.test.VirtualTimeOptions
---@field start? string  what the clock shows first, RFC 3339; default 2026-01-01T00:00:00Z
---@field limit? number  seconds of virtual time after which a wait raises `test.limit`; default 30 days
---@field seed?  integer  what chance begins with; default: that of `idle.test.seed`, or always the same

local OPTION_NAMES = { "start", "limit", "seed" }
local START, LIMIT_SECONDS = "2026-01-01T00:00:00Z", 30 * 24 * 3600
local MOST_NAMED = 10

local function check(options)
  fields.check(options, OPTION_NAMES, "the options of virtual_time", "input.parameter")
  local start, limit = options.start or START, options.limit or LIMIT_SECONDS
  local seconds = type(start) == "string" and utc.parse(start)
  if not seconds then error("virtual_time: start must be a date as 2026-01-01T00:00:00Z", 3) end
  if type(limit) ~= "number" or not (limit > 0 and limit <= 1e9) then
    error("virtual_time: limit must be a number of seconds above 0, at most 1e9", 3)
  end
  local seed = options.seed or chance.current()
  if not math.tointeger(seed) then error("virtual_time: seed must be an integer", 3) end
  return { now_ms = math.floor(seconds * 1000 + 0.5), limit_ms = math.ceil(limit * 1000), seed = seed }
end

local function describe(left)
  local parts = {}
  for index, task in ipairs(left) do
    if index > MOST_NAMED then
      parts[index] = ("and %d more"):format(#left - MOST_NAMED)
      break
    end
    local state = task.waits_in == "" and "which has not begun" or ("which waits in '%s'%s"):format(task.waits_in,
      task.at and " at " .. task.at or "")
    parts[index] = ("the task spawned at %s, %s"):format(task.spawned_at, state)
  end
  return table.concat(parts, "; ")
end

-- A task that was told to end, and did not get to it yet, is no forgotten one.
local function forgotten_in(tasks)
  local left = {}
  for _, task in ipairs(tasks) do
    if not task.is_ended then left[#left + 1] = task end
  end
  if left[1] then return errors.new("test.forgotten", "f has returned, and nobody joined " .. describe(left)) end
end

-- The tasks that are left end as at the end of the program: their handlers may still wait.
local function end_tasks(world)
  local tasks = world:tasks()
  for _, left in ipairs(tasks) do left.task:cancel() end
  for _, left in ipairs(tasks) do pcall(left.task.join, left.task) end
end

-- Half an hour passes in milliseconds, and leaves as much garbage. The generational collector would visit all tasks
-- that wait each time that some of it is young.
local Collector = {}

function Collector:__close()
  collectgarbage("incremental", 200, 100) -- as lua begins
  if self.mode ~= "incremental" then collectgarbage(self.mode) end
end

local function spare_collector()
  return setmetatable({ mode = collectgarbage("incremental", 500, 1000) }, Collector)
end

local Ending = {}
Ending.__index = Ending

-- Whoever called xpcall may have made nil of an error, as busted does: f itself tells whether it has returned.
function Ending:has_returned(...)
  self.is_returned = true
  return ...
end

function Ending:__close()
  local mistake = forgotten_in(self.world:tasks())
  end_tasks(self.world)
  if not self.is_returned then return end
  -- What tasks raised that nobody joined would only be told at the end of the program.
  local raised, text = self.world:failure()
  if text then error(raised, 0) end
  if mistake then error(mistake, 0) end
end

--- Runs f on a clock of its own, which jumps to the next deadline when every task waits. All of idle is on it, and so
--- are `os.time()` and `os.date()`; chance begins with a seed. f and what it spawns run alone: tasks that were there
--- before stand still, and what would wait for the machine (a connection, such a task, a program, also by `os.execute`
--- and `io.popen`) raises `test.real_wait`. When nobody can go on, or all go on and on while no time passes, f's wait
--- raises `test.stuck`; at the limit, `test.limit`. Tasks that are left when f returns are ended, and unless they were
--- cancelled, `test.forgotten` names them; the error of one that nobody joined is raised. Cannot be nested. The clock
--- stands still while f computes: a loop that only looks at it, or asks a fake or the simulator again and again, raises
--- `test.stuck`, too.
---@param f fun(): ...
---@param options? idle.test.VirtualTimeOptions
---@return any ...  what f returned; raises what f raised
local function virtual_time(f, options)
  if type(f) ~= "function" then error(("virtual_time takes a function, got %s"):format(parameter.kind(f)), 2) end
  local checked = check(options or {})
  local collector <close> = spare_collector() -- luacheck: ignore collector
  local world <close> = virtual.enter(checked.now_ms, checked.limit_ms)
  local chance_after <close> = chance.begin(checked.seed) -- luacheck: ignore chance_after
  local calendar_after <close> = calendar.begin() -- luacheck: ignore calendar_after
  local programs_after <close> = programs.refuse() -- luacheck: ignore programs_after
  local ending <close> = setmetatable({ world = world }, Ending)
  return ending:has_returned(f())
end

return virtual_time
