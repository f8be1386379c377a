--- What the looks show beside the history: the scheduler's flag, the next
--- start, and for how long nothing has changed.

---@class idle.SyncWatch
---@field up?         boolean  at the last readable look; nil = this server has no flag
---@field next_start? string   at the last readable look
---@field has_been_up boolean  the flag was up at some look since the start was sent
local Watch = {}
Watch.__index = Watch

local sync_watch = {}

-- "On two looks 2 s apart"; the millisecond is for rounding.
local CONFIRM_SECONDS = 2 - 0.001

-- Looks that failed leave a hole. Beyond this it could hide a whole run, so it
-- does not count as quiet.
local HOLE_SECONDS = 30

---@return idle.SyncWatch
function sync_watch.new()
  return setmetatable({
    up = nil, next_start = nil, next_start_before = nil, next_start_when_up = nil, has_been_up = false,
    finished_at = nil, quiet_since = nil, seen_at = nil, has_missed = false,
  }, Watch)
end

-- The server moves the next start when a cycle ends.
function Watch:track_finish(now, look)
  if look.up then
    self.next_start_when_up, self.finished_at = look.next_start, nil
  elseif look.up == false and self.next_start_when_up and look.next_start
    and look.next_start ~= self.next_start_when_up then
    self.finished_at = self.finished_at or now
  else
    self.finished_at = nil
  end
end

function Watch:track_quiet(now, look, has_changed)
  local is_hole = self.has_missed and self.seen_at and now - self.seen_at > HOLE_SECONDS
  if look.up then
    self.quiet_since = nil
  elseif has_changed or is_hole or not self.quiet_since then
    self.quiet_since = now
  end
end

--- Takes in a readable look.
---@param now  number
---@param look idle.SyncLook
---@param has_new_history boolean
function Watch:saw(now, look, has_new_history)
  local has_changed = has_new_history or look.up ~= self.up or look.next_start ~= self.next_start
  self:track_finish(now, look)
  self:track_quiet(now, look, has_changed)
  self.up, self.next_start = look.up, look.next_start
  self.has_been_up = self.has_been_up or look.up == true
  self.seen_at, self.has_missed = now, false
end

--- Takes in a look that failed or said nothing.
function Watch:missed()
  self.has_missed = true
end

--- Begins anew at the moment a start was sent: what was seen before belongs to other cycles.
---@param next_start? string  the next start before it; default: at the last look
function Watch:start_sent(next_start)
  self.next_start_before = next_start or self.next_start
  self.has_been_up, self.next_start_when_up, self.finished_at, self.quiet_since = false, nil, nil, nil
end

--- Whether the next start has moved since the start was sent.
---@return boolean
function Watch:has_moved()
  return self.next_start ~= nil and self.next_start ~= self.next_start_before
end

--- Whether a cycle was seen to end: flag down, next start moved, confirmed.
---@param now number
---@return boolean
function Watch:is_finished(now)
  return self.finished_at ~= nil and now - self.finished_at >= CONFIRM_SECONDS
end

--- Whether the flag was not up and nothing changed for so long.
---@param now number
---@param seconds number
---@return boolean
function Watch:is_quiet_for(now, seconds)
  return self.quiet_since ~= nil and now - self.quiet_since >= seconds - 0.001
end

return sync_watch
