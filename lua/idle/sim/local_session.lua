--- An AuthSession for a simulated server within the same process. Values arrive as if they had travelled
--- as CLIXML, so that a script sees exactly what it would see through SSH.
local arrival = require("idle.sim.arrival")
local clixml = require("idle.clixml")
local error_record = require("idle.sessions.error_record")
local errors = require("idle.engine.errors")
local parameter = require("idle.engine.parameter")
local records = require("idle.sim.records")
local request = require("idle.sessions.request")
local value = require("idle.engine.value")

local local_session = {}

-- What a session of ours has by default.
local DEPTH = 4

---@class idle.SimSession: idle.AuthSession
---@field server idle.SimServer
local Session = {}
Session.__index = Session

local function is_plain(v)
  return type(v) == "boolean" or math.type(v) == "integer" or (type(v) == "string" and arrival.is_plain_text(v))
end

-- The parameters as they arrive at the far end, which only reads them. Plain ones are the same there.
local function send(name, parameters)
  local checked = request.check(name, parameters)
  for key, v in next, checked do
    if not (arrival.is_plain_name(key) and is_plain(v)) then
      return errors.check(clixml.decode(request.encode(0, name, parameters, DEPTH))).params
    end
  end
  return checked
end

--- Runs a command on the simulated server.
---@param CommandName string
---@param Parameters? table<string, any>
---@return any output
---@return { warnings: string[] } facts
function Session:InvokeCommand(CommandName, Parameters)
  parameter.receiver(self, "session:InvokeCommand(CommandName, Parameters)")
  local answer = self.server:run(CommandName, send(CommandName, Parameters))
  if answer.kind == "error" then error(error_record.to_error(arrival.of(answer.record, DEPTH), CommandName), 0) end
  if answer.kind == "exit" then
    errors.raise("remote.protocol", ("the simulated server ended without an answer to '%s'"):format(CommandName))
  end
  local output, record = records.catch(arrival.of, answer.output, DEPTH + 1)
  if record then error(error_record.to_error(arrival.of(record, DEPTH), CommandName), 0) end
  local warnings = answer.warnings[1] and arrival.of(answer.warnings, DEPTH) or value.list()
  return request.unwrap(output), { warnings = warnings }
end

--- There is nothing to close; sessions of other kinds have it.
function Session.close() end

Session.__close = Session.close

---@param server idle.SimServer
---@return idle.SimSession
function local_session.new(server)
  return setmetatable({ server = server }, Session)
end

return local_session
