---@meta idle.process

--- Local programs behind pipes, without blocking the other tasks and without a shell in between.
---
--- From the first `spawn` on, writing to a closed pipe no longer ends this process by SIGPIPE, unless it is our stdout.
local process = {}

---@class idle.ProcessOptions
---@field command      string[]  the program, looked up on PATH, and its arguments
---@field cwd?         string    folder in which it starts
---@field env?         table<string, string|false>  added to the inherited environment; false removes a variable
---@field stderr?      "pipe"|"inherit"  default "pipe"
---@field stderr_limit? integer  bytes of stderr that are kept, the last ones; default 1 MiB
---@field leads_group? boolean  a session of its own, without a terminal; `close` ends also what it has started, and so
---                              does the end of this program, were it by SIGKILL
---@field file_limit?  integer   bytes; where it, or a program that it starts, makes a file longer, SIGXFSZ ends it

--- A running program, or what it left. Methods that wait have a deadline, and fail with kind `timeout`. Its output
--- waits in memory: when 1 MiB is unread, the program has to wait until somebody reads.
---@class idle.Process
local Process = {}

--- Starts a program. Its stdin and stdout are pipes.
---@param options idle.ProcessOptions
---@return idle.Process?
---@return idle.Error? err  kind `process.spawn`
function process.spawn(options) end

--- Process id of this process.
---@return integer
function process.pid() end

--- Path of the running idle-lua.
---@return string? path
---@return idle.Error? err  kind `file.read`
function process.executable() end

--- Writes to the program's stdin and waits until the system has taken all of it. Output is read meanwhile, so that a
--- program that answers while we write does not stop. After a failure it is not known how much was written.
---@param data        string
---@param timeout_ms? number  default: none
---@return true?
---@return idle.Error? err  kinds `timeout`, `pipe.eof` (it does not read its input any more)
function Process:write(data, timeout_ms) end

--- Ends the program's stdin, after everything that was written.
---@return true
function Process:finish() end

--- Reads a line of stdout. What stands behind the last line feed counts as a line.
---@param timeout_ms   number
---@param limit_bytes? integer  longest line that is accepted; default 1 MiB
---@return string? line  without the line feed
---@return idle.Error? err  kinds `timeout`, `pipe.eof`, `pipe.too_large` (the line is dropped, the next can be read)
function Process:read_line(timeout_ms, limit_bytes) end

--- Reads stdout to its end.
---@param timeout_ms   number
---@param limit_bytes? integer  default 64 MiB
---@return string?
---@return idle.Error? err  kinds `timeout`, `pipe.too_large` (what was read is dropped), `pipe.eof` (not whole)
function Process:read_all(timeout_ms, limit_bytes) end

--- What the program wrote to stderr so far; complete once `wait_exit` returned.
---@param all? boolean  false: the last 64 KiB; true: all that was kept, see `stderr_limit`
---@return string
function Process:stderr(all) end

--- Waits until the program ends.
---@param timeout_ms number
---@return { exit_code: integer?, signal: string? }?  signal as "TERM"
---@return idle.Error? err  kinds `timeout`, `pipe.eof` (closed meanwhile)
function Process:wait_exit(timeout_ms) end

--- Sends a signal.
---@param name string  as "TERM"
---@return boolean is_sent  false: the program has ended
function Process:signal(name) end

--- Process id of the program, also after its end.
---@return integer
function Process:pid() end

--- Kills the program if it still runs, and does not wait for that. Whoever waits for it gets `pipe.eof`. To be called
--- as often as one likes; also done by `<close>` and by the garbage collector.
function Process:close() end

return process
