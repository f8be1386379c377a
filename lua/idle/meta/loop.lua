---@meta idle.loop

--- Time, tasks and random numbers. A task is a coroutine that the loop may suspend; between two waits of a task nothing
--- else runs. Times are relative, in milliseconds, fractions rounded up.
---
--- Functions that wait raise where Lua cannot suspend the task (inside `require`, `table.sort`, `string.gsub`, a
--- metamethod called from C, a coroutine), and raise `cancelled` in a cancelled task.
local loop = {}

---@class idle.Task
local Task = {}

--- Waits until the task is done. An error that nobody joined is reported at the end of the program.
---@return any ...  what its function returned; raises the error that it raised, or `cancelled`
function Task:join() end

--- Waits until the task is done, however it ends; an error of it is still to be joined.
---@param timeout_ms number
---@return boolean is_done  false: the time was over
function Task:wait(timeout_ms) end

--- Makes the task's wait, and every later one, raise `cancelled`. While its `__close` handlers run they may wait on,
--- two seconds in all.
function Task:cancel() end

---@return boolean
function Task:is_done() end

---@class idle.Condition
local Condition = {}

--- Waits until somebody notifies the condition.
---@param timeout_ms? number  default: for ever
---@return boolean is_notified  false: the time was over
function Condition:wait(timeout_ms) end

--- Wakes all tasks that wait for the condition at this moment; they run at the next wait of this one.
function Condition:notify() end

--- Wall clock: milliseconds since 1970, UTC.
---@return integer
function loop.now_ms() end

--- A clock that never jumps, for deadlines.
---@return number seconds
function loop.monotonic() end

--- Waits at least so long.
---@param delay_ms number
function loop.sleep(delay_ms) end

--- Makes a task; it begins at the next wait of this one.
---@param f function
---@param ... any  arguments of `f`
---@return idle.Task
function loop.spawn(f, ...) end

---@return idle.Condition
function loop.condition() end

--- A random number from the system, unless there is a seed.
---@return number  0 <= x < 1
function loop.random() end

--- Makes the random numbers and bytes of the running task and of those it shares its clock with repeatable.
---@param seed integer?  nil: from now on they are the system's again
function loop.seed(seed) end

--- Random bytes from the system, unless there is a seed.
---@param count integer  0 to 1048576
---@return string
function loop.random_bytes(count) end

return loop
