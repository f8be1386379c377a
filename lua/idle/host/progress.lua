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

function Progress:say(event, colour, word, took, text)
  self.terminal:clear()
  self.terminal:say(("%s %s%s%s"):format(self.terminal:paint(colour, ("%-7s"):format(word)),
    errors.escape(event.StepName), took, text and ": " .. errors.escape(text) or ""))
end

local function finish(self, event, colour, word, text)
  local since = self.started[key_of(event)]
  self.started[key_of(event)] = nil
  self:say(event, colour, word, since and (" (%.1f s)"):format(self.monotonic() - since) or "", text)
end

local function show_message(self, event)
  self.terminal:show(event.StepName .. ": " .. event.Message)
end

-- In a run the step's own event follows, which does not tell a warning.
local function finish_sync(self, event)
  local is_in_run = self.started[key_of(event)] ~= nil
  if event.Data and event.Data.Severity == "Warning" then
    self:say(event, "yellow", "warning", "", event.Message)
  elseif not is_in_run then
    self:say(event, "green", "done", "", event.Message)
  end
end

local function fail_sync(self, event)
  if not self.started[key_of(event)] then self:say(event, "red", "failed", "") end
end

local function begin(self, event)
  self.started[key_of(event)] = self.monotonic()
  self.terminal:show(event.StepName .. " …")
end

local function complete(self, event) finish(self, event, "green", "done") end

local function fail(self, event) finish(self, event, "red", "failed", event.Data and event.Data.Error) end

local SHOWN = {
  StepStarted = begin,
  StepCompleted = complete,
  StepFailed = fail,
  StepBlocked = function(self, event) self:say(event, "yellow", "blocked", "", event.Message) end,
  OnFailureStepStarted = begin,
  OnFailureStepCompleted = complete,
  OnFailureStepFailed = fail,
  StepRetrying = show_message,
  RunCompleted = function(self) self.terminal:clear() end,
  DirectorySyncTriggered = show_message,
  DirectorySyncAccepted = show_message,
  DirectorySyncWaiting = show_message,
  DirectorySyncPoll = show_message,
  DirectorySyncBusy = show_message,
  DirectorySyncCompleted = finish_sync,
  DirectorySyncFailed = fail_sync,
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
