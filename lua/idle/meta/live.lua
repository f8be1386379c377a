---@meta idle.live

--- What lives in this program, and where the script made it: for the test harness. Tasks, and objects in the books, are
--- numbered in one series as they are made; `since` is such a number, and asks for what is younger. What other tasks
--- than the one that keeps the books make has the number of the task.
local live = {}

--- Notes from now on what is opened, and where. Objects in the books are kept from the garbage collector until they are
--- closed or forgotten.
function live.keep_books() end

--- Has files that Lua's own `io` opens entered in the books, too.
function live.watch_files() end

--- The newest number.
---@return integer
function live.births() end

---@class idle.LiveTask
---@field task          idle.Task
---@field place         string   where it was spawned: "spec/joiner_spec.lua:12"; "": that is not known
---@field is_ready      boolean  it runs at the next turn
---@field is_ending     boolean  it was cancelled
---@field waits_in?     string   as "sleep"
---@field waits_at?     string   a place

--- The tasks that are alive, but for the running one, oldest first.
---@param since integer
---@return idle.LiveTask[]
function live.tasks(since) end

---@class idle.LiveFailure
---@field error      any
---@field text       string   of the error, with its traceback
---@field place      string   where the task was spawned
---@field raised_at? string   where in the script the error was raised

--- The errors of tasks that nobody joined; they count as handled then.
---@param since integer
---@return idle.LiveFailure[]
function live.failures(since) end

--- Enters an object in the books, if they are kept.
---@generic T
---@param object  T
---@param is_open fun(object: T): boolean?  false: there is nothing to close as yet; nil: it is closed for good
---@param what    string  what it is, for people
---@return T object
function live.enter(object, is_open, what) end

--- What is open, oldest first.
---@param since integer
---@return { object: any, what: string, place?: string }[]
function live.opened(since) end

--- Strikes objects out of the books.
---@param since integer
function live.forget(since) end

--- The file descriptors that are open now; nil where /proc is missing.
---@return userdata?
function live.descriptors() end

--- Those that were opened since.
---@param snapshot userdata  of `descriptors`
---@return { fd: integer, target: string }[]
function live.added(snapshot) end

return live
