--- The record of a run: events are buffered, redacted and sent to sinks (contracts §11).
local errors = require("idle.engine.errors")
local parameter = require("idle.engine.parameter")
local redact = require("idle.engine.redact")
local value = require("idle.engine.value")

local events = {}

---@class idle.Event
---@field TimestampUtc  string
---@field Type          string
---@field Message       string
---@field CorrelationId string
---@field Actor         string  "" if unknown
---@field StepName      string  "" for events of the run itself
---@field Data          table?

---@class idle.Sink  who wants to hear of every event
---@field WriteEvent fun(self: idle.Sink, event: idle.Event)

---@class idle.Recorder
---@field Events idle.Event[]  what was recorded so far; redacted
---@field package options idle.RecorderOptions
---@field package about   { CorrelationId: string, Actor: string }  what all events have; redacted
---@field package silent  table<idle.Sink, boolean>  sinks whose failure was reported
local Recorder = {}
Recorder.__index = Recorder

---@class idle.RecorderOptions
---@field correlation_id string
---@field actor?         string
---@field sinks          idle.Sink[]
---@field now            fun(): string   RFC 3339, UTC
---@field report         fun(text: string)  says that a sink failed

local function check_text(text, what)
  if type(text) == "string" and text:find("%S") then return text end
  error(errors.new("input.parameter", ("WriteEvent: %s must be a text that is not empty"):format(what)), 0)
end

-- An event is lost to this sink only: the run goes on, and its own record has it.
function Recorder:send(sink, event)
  local ok, reason = pcall(sink.WriteEvent, sink, event)
  if not ok and errors.is_interruption(reason) then error(reason, 0) end
  if ok or self.silent[sink] then return end
  self.silent[sink] = true
  self.options.report(("an event sink failed at '%s': %s; the run goes on, its result has all events"):format(
    errors.escape(event.Type), errors.escape(tostring(reason))))
end

--- Records an event.
---@param Type      string
---@param Message   string
---@param StepName? string
---@param Data?     table
function Recorder:WriteEvent(Type, Message, StepName, Data)
  -- Only Data has keys of other people's, by which secrets are known.
  local event = {
    TimestampUtc = self.options.now(),
    Type = redact.copy(check_text(Type, "Type")),
    Message = redact.copy(check_text(Message, "Message")),
    CorrelationId = self.about.CorrelationId,
    Actor = self.about.Actor,
    StepName = redact.copy(StepName or ""),
    Data = redact.copy(Data),
  }
  self.Events[#self.Events + 1] = event
  for _, sink in ipairs(self.options.sinks) do self:send(sink, event) end
end

--- Makes the record of one run.
---@param options idle.RecorderOptions
---@return idle.Recorder
function events.new(options)
  local about = { CorrelationId = redact.copy(options.correlation_id), Actor = redact.copy(options.actor or "") }
  return setmetatable({ Events = value.list(), options = options, about = about, silent = {} }, Recorder)
end

--- Refuses what can't be a sink, before anything runs.
---@param sink any
---@return idle.Sink
function events.check_sink(sink)
  local ok, method = pcall(function() return type(sink) ~= "function" and sink.WriteEvent end)
  if ok and method then return sink end
  errors.raise("input.setup", ("EventSink must be an object with a method WriteEvent(event), got %s")
    :format(parameter.kind(sink)))
end

local JsonLines = {}
JsonLines.__index = JsonLines

-- A line is written as a whole and at once: who follows the file never sees
-- half an event, and a crash loses none.
function JsonLines:WriteEvent(event)
  local line = errors.check(require("idle.json").encode(event))
  local ok, reason = self.file:write(line, "\n")
  if ok then ok, reason = self.file:flush() end
  if not ok then errors.raise("file.write", ("cannot write events to '%s': %s"):format(self.name, reason)) end
end

--- Closes the file; the sink is of no use then.
function JsonLines:close()
  if self.file ~= io.stdout then self.file:close() end
end

JsonLines.__close = JsonLines.close

--- Makes a sink that appends events to a file, as JSON lines.
---@param path string  "-" is stdout
---@return idle.Sink
function events.json_lines(path)
  if path == "-" then return setmetatable({ file = io.stdout, name = "stdout" }, JsonLines) end
  local file, reason = io.open(path, "a")
  if not file then
    errors.raise("input.option", ("cannot open the events file: %s; --events takes a file that can be written")
      :format(errors.escape(reason)))
  end
  return setmetatable({ file = file, name = errors.escape(path) }, JsonLines)
end

local shared

--- The sinks that the command line asks for: `--events F`, and progress on a terminal.
---@return idle.Sink[]
function events.standard_sinks()
  if shared then return shared end
  local options = require("idle.host.options")
  local sinks = {}
  if options.events then sinks[#sinks + 1] = events.json_lines(options.events) end
  if options.progress then
    local terminal = require("idle.host.terminal").stderr()
    sinks[#sinks + 1] = require("idle.host.progress").new(terminal, require("idle.loop").monotonic)
  end
  shared = sinks
  return sinks
end

return events
