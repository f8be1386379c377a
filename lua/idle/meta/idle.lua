---@meta idle

--- What a workflow script sees; `lua/idle/init.lua` loads each member when it is first used.
--- Everything here raises an idle.Error on failure.
local idle = {}

-- ---- Time and tasks ----

--- Waits; the other tasks go on.
---@param seconds number  fractions allowed
function idle.sleep(seconds) end

--- Starts a task. An error that nobody joined is reported when the program ends.
---@param f fun(...): ...
---@return idle.Task
function idle.spawn(f, ...) end

--- Runs functions concurrently. The first error cancels the rest and is raised.
---@param functions (fun(): any)[]
---@param options?  { jobs?: integer }  jobs = how many at once; default: all
---@return table results  the first result of each, in order, and `n`
function idle.gather(functions, options) end

--- Runs f in a task of its own; raises `timeout` when it takes too long.
---@param seconds number
---@param f fun(...): ...
---@return any ...
function idle.with_timeout(seconds, f, ...) end

--- Asks again and again until the answer is a true value; raises `timeout` if none comes.
---@param options { check: (fun(): any), timeout: number, interval?: number, what?: string }
---@return any answer
function idle.wait_until(options) end

--- The time of day, UTC.
---@return string rfc3339  with milliseconds
function idle.now() end

--- Seconds since some moment; never jumps.
---@return number
function idle.monotonic() end

--- Runs a local program, without a shell. An exit code that is not 0 is no error.
---@param options { command: string[], stdin?: string, timeout?: number, env?: table<string, string>, cwd?: string }
---@return idle.ExecResult
function idle.exec(options) end

-- ---- Sessions ----

---@param options idle.SshSessionOptions
---@return idle.SshSession
function idle.ssh_session(options) end

---@param options idle.ProcessSessionOptions
---@return idle.PowerShellSession
function idle.process_session(options) end

---@param options idle.BrokerOptions
---@return idle.AuthSessionBroker
function idle.auth_session_broker(options) end

--- Passwords and passphrases: `from_env(NAME)`, `from_file(PATH)`, `from_credential(NAME)`.
idle.secret = {}

-- ---- Values ----

--- Marks a sequence as a list, so that it stays one when it is empty.
---@param t? any[]
---@return idle.List
function idle.list(t) end

---@param v any
---@return boolean
function idle.is_list(v) end

--- Wraps a string so that it travels as a byte array.
---@param s string
---@return idle.Bytes
function idle.bytes(s) end

--- The null inside lists and maps.
---@type lightuserdata
idle.null = nil

--- `encode(value[, { indent = n }])` and `decode(text[, source])`.
idle.json = {}

-- ---- Errors ----

--- Raises an idle.Error of the script's own.
---@param kind    string  stable; what scripts branch on
---@param message string
---@param fields? table   effect, transient, data, cause
function idle.error(kind, message, fields) end

---@param e any
---@return boolean
function idle.is_error(e) end

-- ---- Runs and steps ----

---@param options idle.RunOptions
---@return idle.Run
function idle.run(options) end

--- The step IdLE.Step.TriggerDirectorySync outside of a run.
---@param with    table
---@param options idle.LoneStepOptions
---@return table result  Status, Changed, Data
function idle.trigger_directory_sync(with, options) end

--- Adapters to systems: `entra_connect(options)`.
idle.providers = {}

--- The far end to try with: `sync_server(options)`.
idle.sim = {}

return idle
