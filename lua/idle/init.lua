--- What a workflow script sees: `local idle = require "idle"`. All of it raises on failure.
--- Modules are loaded when they are first used, so that a short script starts quickly. None is kept here:
--- package.loaded says which one is meant, and busted takes modules out of there between two spec files.

---@class idle
---@field sleep        fun(seconds: number)  waits; the other tasks go on
---@field spawn        fun(f: (fun(...): ...), ...): idle.Task
---@field gather       fun(functions: (fun(): any)[], options?: { jobs?: integer }): table
---@field with_timeout fun(seconds: number, f: (fun(...): ...), ...): ...
---@field wait_until   fun(options: { check: (fun(): any), timeout: number, interval?: number, what?: string }): any
---@field now          fun(): string  RFC 3339, UTC, with milliseconds
---@field monotonic    fun(): number  seconds; never jumps
---@field exec         fun(options: table): idle.ExecResult  a local program, without a shell
---@field ssh_session         fun(options: idle.SshSessionOptions): idle.SshSession
---@field process_session     fun(options: idle.ProcessSessionOptions): idle.PowerShellSession
---@field auth_session_broker fun(options: idle.BrokerOptions): idle.AuthSessionBroker
---@field secret  table  from_env(NAME), from_file(PATH), from_credential(NAME)
---@field forget_refused_passwords fun()  sessions that are made from now on may give them again: a server was repaired
---@field list    fun(t?: any[]): idle.List  a list that stays one when it is empty
---@field is_list fun(v: any): boolean
---@field bytes   fun(s: string): idle.Bytes
---@field json    table  encode(value[, { indent = n }]), decode(text[, source])
---@field null    lightuserdata  the null inside lists and maps
---@field is_error fun(e: any): boolean
---@field run     fun(options: idle.RunOptions): idle.Run
---@field workflow    fun(source: string|table): idle.WorkflowDefinition  path of a .psd1 or .lua file, or a table
---@field request     fun(source: string|table): idle.Request
---@field plan        fun(workflow: string|table, request: table, providers?: table): idle.Plan  changes nothing
---@field export_plan fun(plan: idle.Plan, options?: { schema?: "1.0"|"1.1" }): string  JSON
---@field load_plan   fun(path: string): idle.Plan  an exported plan with its seal
---@field execute fun(plan: idle.Plan, options?: idle.ExecuteOptions): idle.ExecutionResult
---@field trigger_directory_sync fun(with: table, options: idle.LoneStepOptions): table
---@field providers table  entra_connect(options), mock(options), mock_mailbox(options)
---@field sim       table  the far end to try with: sync_server(options)
---@field test      idle.test  what specs need beside busted: fakes, faults, assertions
local idle = {}

-- Where the members of `idle` are: a module, and the field of it that is meant.
local MEMBERS = {
  sleep = { "idle.host.tasks", "sleep" },
  spawn = { "idle.host.tasks", "spawn" },
  gather = { "idle.host.tasks", "gather" },
  with_timeout = { "idle.host.tasks", "with_timeout" },
  wait_until = { "idle.host.tasks", "wait_until" },
  now = { "idle.host.clock", "now" },
  monotonic = { "idle.host.clock", "monotonic" },
  exec = { "idle.host.exec" },

  ssh_session = { "idle.sessions.ssh" },
  process_session = { "idle.sessions.process" },
  forget_refused_passwords = { "idle.sessions.passwords", "forget_refused" },
  auth_session_broker = { "idle.host.broker", "new" },

  list = { "idle.host.marks", "list" },
  is_list = { "idle.engine.value", "is_list" },
  bytes = { "idle.host.marks", "bytes" },
  null = { "idle.json", "null" },
  is_error = { "idle.engine.errors", "is" },

  run = { "idle.host.run", "new" },
  workflow = { "idle.host.plans", "workflow" },
  request = { "idle.host.plans", "request" },
  plan = { "idle.host.plans", "plan" },
  export_plan = { "idle.host.plans", "export_plan" },
  load_plan = { "idle.host.plans", "load_plan" },
  execute = { "idle.host.execute", "execute" },
  trigger_directory_sync = { "idle.host.lone_step", "trigger_directory_sync" },

  test = { "idle.test" },
}

-- C modules that return `nil, err`; what a script calls raises.
local RAISING = { json = "idle.json", secret = "idle.secret" }

local function note_missing(path, name, members)
  require("idle.host.missing").note(path, name, members)
end

-- Tables whose fields are modules: idle.providers.entra_connect is the module
-- idle.providers.entra_connect.
local function new_namespace(prefix, names)
  return setmetatable({}, {
    __index = function(_, name)
      if type(name) ~= "string" or not names[name] then return note_missing(prefix:sub(1, -2), name, names) end
      return require(prefix .. name)
    end,
  })
end

idle.providers = new_namespace("idle.providers.", { entra_connect = true, mock = true, mock_mailbox = true })
idle.sim = new_namespace("idle.sim.", { sync_server = true, far_end = true })

--- Raises an idle.Error of the script's own.
---@param kind    string  stable; what scripts branch on
---@param message string
---@param fields? table   effect, transient, data, cause
function idle.error(kind, message, fields)
  local parameter = require("idle.engine.parameter")
  parameter.text(kind, "error: kind")
  parameter.text(message, "error: message")
  parameter.options(fields, "error: fields")
  local err = { kind = kind, message = message }
  for name, value in pairs(fields or {}) do err[name] = value end
  error(require("idle.engine.errors").from(err), 0)
end

-- The names of all members.
local members = { json = true, secret = true }
for _, source in ipairs({ MEMBERS, idle }) do
  for name in pairs(source) do members[name] = true end
end

local TRACED = { ssh_session = true, process_session = true }

local function find(name)
  if TRACED[name] then require("idle.host.terminal").trace_sessions() end
  if RAISING[name] then return require("idle.host.raising").of(require(RAISING[name]), name, note_missing) end
  local place = MEMBERS[name]
  if not place then return note_missing("idle", name, members) end
  local module = require(place[1])
  if place[2] then return module[place[2]] end
  return module
end

return setmetatable(idle, {
  __index = function(_, name) return find(name) end,
})
