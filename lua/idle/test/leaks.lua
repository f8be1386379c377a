--- Finds what a spec leaves behind: tasks, sessions, processes, connections, files and other descriptors, another
--- `io.output()`, and errors of tasks that nobody joined. Whatever it finds it ends, so that the next spec does not
--- suffer from it.
local is_failure = require("idle.test.is_failure")
local live = require("idle.live")
local loop = require("idle.loop")
local positions = require("idle.test.positions")

local leaks = {}

---@class idle.test.LeakScope
---@field birth        integer  what is younger was made in this scope
---@field descriptors? userdata those that were open; nil: not known
---@field output       file*    where `io.write` goes
---@field input        file*    where `io.read` reads

---@class idle.test.Leaks
---@field kind?         "failure"|"error"  how the spec has failed; nil: it has not
---@field kind_of_task? "failure"|"error"  the same, because of a task
---@field lines         { place?: string, text: string, more?: integer, is_whole?: boolean }[]

-- Tasks that are about to end may do so, but a loop of short waits has no end.
local MOST_TURNS = 100
-- As long as `__close` handlers may wait, and a little more.
local CLEANUP_SECONDS = 2.5
-- More errors of tasks would not make a spec clearer.
local MOST_FAILURES = 10
-- The loop closes some descriptors a turn later, the thread of a name look-up when it is done.
local CLOSING_TURNS = 20

--- Has every task and object noted with its place from now on.
function leaks.keep_books()
  live.keep_books()
  live.watch_files()
end

--- Begins a scope.
---@return idle.test.LeakScope
function leaks.begin()
  return { birth = live.births(), descriptors = live.descriptors(), output = io.output(), input = io.input() }
end

local function has(tasks, field)
  for _, task in ipairs(tasks) do
    if task[field] then return true end
  end
  return false
end

-- Lets tasks end that are about to: those that can run on, and those that were cancelled.
local function settle(birth)
  local tasks = live.tasks(birth)
  local turns, deadline
  while tasks[1] do
    if has(tasks, "is_ending") then
      deadline = deadline or loop.monotonic() + CLEANUP_SECONDS
      if loop.monotonic() > deadline then break end
    else
      turns = (turns or 0) + 1
      if turns > MOST_TURNS or not has(tasks, "is_ready") then break end
    end
    loop.sleep(has(tasks, "is_ready") and 0 or 1)
    tasks = live.tasks(birth)
  end
  return tasks
end

local function text_of_task(task)
  if not task.waits_in then return "the task spawned here has not come to its end; join or cancel it" end
  local where = task.waits_at and task.waits_at ~= task.place and " at " .. task.waits_at or ""
  return ("the task spawned here still waits in '%s'%s; join or cancel it"):format(task.waits_in, where)
end

-- One line for all that one line has made: some of our calls spawn several.
local function add_tasks(found, tasks)
  local by_place = {}
  for _, task in ipairs(tasks) do
    local line = by_place[task.place]
    if line then
      line.more = (line.more or 0) + 1
    else
      line = { place = task.place, text = text_of_task(task) }
      by_place[task.place], found[#found + 1] = line, line
    end
  end
end

local function end_tasks(found, birth)
  local tasks = {}
  for _, task in ipairs(settle(birth)) do
    if not task.is_ending then tasks[#tasks + 1] = task end
  end
  if not tasks[1] then return end
  add_tasks(found, tasks)
  for _, task in ipairs(tasks) do task.task:cancel() end
  settle(birth)
end

local function close(object)
  if io.type(object) then
    object:close()
  elseif type(object) == "table" or getmetatable(object).__close then
    object:close()
  end
end

local function close_objects(found, birth)
  for _, opened in ipairs(live.opened(birth)) do
    found[#found + 1] = { place = opened.place, text = opened.what .. " is still open; close it" }
  end
  -- Sessions first: what they opened is theirs to close.
  local open = live.opened(birth)
  while open[1] do
    close(open[#open].object)
    open = live.opened(birth)
  end
end

-- What busted tells goes to `io.write`, too: none of it would be seen.
local function put_back_files(found, scope)
  for _, name in ipairs({ "output", "input" }) do
    local before = scope[name]
    if io[name]() ~= before then
      if io.type(before) == "file" then io[name](before) end
      found[#found + 1] = { text = ("io.%s() is not what it was before; put it back"):format(name) }
    end
  end
end

-- Nobody can close them, so the scopes around would tell them again.
local told = {}

local function key_of(descriptor) return descriptor.fd .. " " .. descriptor.target end

local function added_to(scope)
  local added = {}
  for _, descriptor in ipairs(live.added(scope.descriptors)) do
    if not told[key_of(descriptor)] then added[#added + 1] = descriptor end
  end
  return added
end

-- A session or a task of the block around may have opened one just now, which cannot be told from what the spec opens.
local function may_be_of_others() return live.opened(0)[1] ~= nil or live.tasks(0)[1] ~= nil end

local function name_descriptors(found, scope)
  if not scope.descriptors or not live.added(scope.descriptors)[1] or may_be_of_others() then return end
  local added = added_to(scope)
  for _ = 1, CLOSING_TURNS do
    if not added[1] then return end
    -- A library's object may be garbage that still holds its descriptor: that is the collector's, and no leak.
    collectgarbage()
    loop.sleep(1)
    added = added_to(scope)
  end
  for _, descriptor in ipairs(added) do
    told[key_of(descriptor)] = true
    found[#found + 1] = { text = ("file descriptor %d (%s) was left open"):format(descriptor.fd, descriptor.target) }
  end
end

local function text_of_failure(failure)
  return positions.text(failure.error, failure.raised_at or failure.place)
    .. ("\n(in the task spawned at %s, which nobody joined)"):format(failure.place)
end

local function take_failures(found, birth)
  local kind
  local failures = live.failures(birth)
  for index, failure in ipairs(failures) do
    if not is_failure(failure.error) then kind = "error" end
    kind = kind or "failure"
    if index <= MOST_FAILURES then found[#found + 1] = { is_whole = true, text = text_of_failure(failure) } end
  end
  if #failures > MOST_FAILURES then
    found[#found + 1] = { is_whole = true, text = ("and %d more"):format(#failures - MOST_FAILURES) }
  end
  return kind
end

--- Ends a scope: names what it leaves behind, and ends that.
---@param scope idle.test.LeakScope
---@return idle.test.Leaks
function leaks.finish(scope)
  local found, left = {}, {}
  local birth = scope.birth
  settle(birth)
  local kind = take_failures(found, birth)
  end_tasks(left, birth)
  put_back_files(left, scope)
  close_objects(left, birth)
  name_descriptors(left, scope)
  live.forget(birth)
  -- What tasks raised because they were ended here is the same mistake once more.
  live.failures(birth)
  table.move(left, 1, #left, #found + 1, found)
  return { kind = kind or (found[1] and "failure"), kind_of_task = kind, lines = found }
end

--- The text for the spec.
---@param found  idle.test.Leaks
---@param place? string  of the spec
---@return string
function leaks.message(found, place)
  local lines = {}
  for index, line in ipairs(found.lines) do
    local more = line.more and (" (and %d more)"):format(line.more) or ""
    lines[index] = line.is_whole and line.text or ("%s: leak: %s%s"):format(line.place or place or "?", line.text, more)
  end
  return table.concat(lines, "\n")
end

return leaks
