---@meta idle.virtual

--- Virtual time. The task that enters it, and all tasks that are spawned meanwhile, run on a clock that jumps to the
--- next deadline when none of them can go on; all other tasks stand still.
local virtual = {}

---@class idle.VirtualWorld  to be closed; closing it ends its tasks at once
local World = {}

---@class idle.VirtualTask
---@field task       idle.Task
---@field spawned_at string   where the script spawned it, as "joiner_spec.lua:12"
---@field waits_in   string   as "sleep"
---@field at?        string   where the script's code waits
---@field is_ended   boolean  it was cancelled, and is not done yet

--- The live tasks, oldest first, without the one that entered.
---@return idle.VirtualTask[]
function World:tasks() end

--- Takes the error of a task that nobody joined; none = no values.
---@return any error
---@return string text        with its traceback
---@return string spawned_at
function World:failure() end

--- Ends virtual time: tasks that are left are ended without waits.
function World:leave() end

--- Begins virtual time for the running task. If nobody can go on, or the limit is reached, a wait of this task raises
--- `test.stuck` or `test.limit`; what would wait for the machine raises `test.real_wait`.
---@param now_ms   integer  what the clock shows first: milliseconds since 1970
---@param limit_ms integer  how far it may go
---@return idle.VirtualWorld
function virtual.enter(now_ms, limit_ms) end

--- Whether the running task is in virtual time.
---@return boolean
function virtual.is_running() end

--- Raises `test.real_wait` if the running task is in virtual time.
---@param what string  that would wait for the machine, as "the program 'ssh'"
function virtual.refuse(what) end

return virtual
