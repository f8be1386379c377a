--- What `idle-lua sync` remembers of its start, for whoever presses Ctrl-C.
local errors = require("idle.engine.errors")

local sync_note = {}

---@class idle.SyncNote
---@field package keeper?  idle.BaselineFile  the file that keeps the baseline
---@field package accepted? table  Data of the event of the accepted start
local SyncNote = {}
SyncNote.__index = SyncNote

---@param keeper? idle.BaselineFile
---@return idle.SyncNote
function sync_note.new(keeper)
  return setmetatable({ keeper = keeper }, SyncNote)
end

--- As an event sink, in front of the file's.
---@param event idle.Event
function SyncNote:WriteEvent(event)
  if event.Type == "DirectorySyncAccepted" then self.accepted = event.Data end
  if self.keeper then self.keeper:WriteEvent(event) end
end

local function remedy(keeper)
  if not keeper then return "--baseline FILE would let a later call wait on for it" end
  return ("a call with --baseline '%s' waits on for it"):format(errors.escape(keeper.path))
end

--- The error that stands for Ctrl-C.
---@return idle.Error
function SyncNote:interruption()
  local data = self.accepted
  local former = self.keeper and self.keeper.former
  if not data then
    local words = former and "nothing was started now; " .. remedy(self.keeper) or "nothing was started"
    return errors.new("cancelled", "interrupted; " .. words, { effect = "none", is_ctrl_c = true })
  end
  local is_sure = data.Accepted == "yes" -- else Ctrl-C came before the server's answer
  local message = ("interrupted; a cycle %s at %s and goes on at the server; %s"):format(
    is_sure and "was started" or "may have been started", tostring(data.ServerTimeUtc), remedy(self.keeper))
  return errors.new("cancelled", message, {
    effect = is_sure and "applied" or "unknown", is_ctrl_c = true, data = { Baseline = data.Baseline },
  })
end

return sync_note
