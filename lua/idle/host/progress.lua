--- An event sink for people: one line a step on the terminal, and live what a
--- waiting step sees.
local errors = require("idle.engine.errors")

local progress = {}

---@class idle.Progress
---@field package terminal  idle.Terminal
---@field package monotonic fun(): number
---@field package started   table<string, number>  when each step that runs now began
local Progress = {}
Progress.__index = Progress

local function key_of(event)
  return event.CorrelationId .. "\0" .. event.StepName
end

function Progress:finish(event, colour, word, rest)
  local since = self.started[key_of(event)]
  self.started[key_of(event)] = nil
  local took = since and (" (%.1f s)"):format(self.monotonic() - since) or ""
  self.terminal:clear()
  self.terminal:say(("%s %s%s%s"):format(self.terminal:paint(colour, word), errors.escape(event.StepName), took,
    rest and ": " .. errors.escape(rest) or ""))
end

local function show_message(self, event)
  self.terminal:show(event.StepName .. ": " .. event.Message)
end

-- Outside of a run nothing but these events says that the step is over.
local function finish_alone(self, event)
  if self.started[key_of(event)] then return show_message(self, event) end
  local data = event.Data or {}
  if event.Type == "DirectorySyncFailed" then return self:finish(event, "red", "failed") end
  local is_warning = data.Severity == "Warning"
  self:finish(event, is_warning and "yellow" or "green", is_warning and "warning" or "done   ", event.Message)
end

local SHOWN = {
  StepStarted = function(self, event)
    self.started[key_of(event)] = self.monotonic()
    self.terminal:show(event.StepName .. " …")
  end,
  StepCompleted = function(self, event) self:finish(event, "green", "done   ") end,
  StepFailed = function(self, event) self:finish(event, "red", "failed ", event.Data and event.Data.Error) end,
  StepRetrying = show_message,
  RunCompleted = function(self) self.terminal:clear() end,
  DirectorySyncTriggered = show_message,
  DirectorySyncAccepted = show_message,
  DirectorySyncWaiting = show_message,
  DirectorySyncPoll = show_message,
  DirectorySyncBusy = show_message,
  DirectorySyncCompleted = finish_alone,
  DirectorySyncFailed = finish_alone,
}

--- Shows an event, if it is one that people wait for.
---@param event idle.Event
function Progress:WriteEvent(event)
  local show = SHOWN[event.Type]
  if show then show(self, event) end
end

--- Makes the sink.
---@param terminal  idle.Terminal
---@param monotonic fun(): number  seconds
---@return idle.Progress
function progress.new(terminal, monotonic)
  return setmetatable({ terminal = terminal, monotonic = monotonic, started = {} }, Progress)
end

return progress
