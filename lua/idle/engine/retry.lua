--- Says whether and when a failed attempt may be repeated (contracts §10.6).
local errors = require("idle.engine.errors")

local retry = {}

---@class idle.RetryProfile
---@field MaxAttempts              integer  attempts in all, the first included; 0 and 1 = never repeat
---@field InitialDelayMilliseconds integer  before the second attempt
---@field BackoffFactor            number   by which the delay grows with every failure
---@field MaxDelayMilliseconds     integer  no delay grows beyond this, jitter aside
---@field JitterRatio              number   share of the delay that chance adds or takes

---@type idle.RetryProfile
retry.DEFAULTS = {
  MaxAttempts = 3,
  InitialDelayMilliseconds = 250,
  BackoffFactor = 2.0,
  MaxDelayMilliseconds = 5000,
  JitterRatio = 0.2,
}

local function round_half_even(x)
  local floor = math.floor(x)
  local rest = x - floor
  if rest > 0.5 or (rest == 0.5 and floor % 2 == 1) then floor = floor + 1 end
  return math.tointeger(floor)
end

--- What the jitter is drawn from: the same attempt of the same step of the same
--- run always waits equally long.
---@param correlation_id string
---@param step    { type: string, name: string, index: integer, on_failure?: boolean }
---@param attempt integer  number of the attempt that just failed, from 1
---@return string
function retry.seed(correlation_id, step, attempt)
  local section = step.on_failure and "OnFailure|" or ""
  return ("%s|%s%s|%s|%d|%d"):format(correlation_id, section, step.type, step.name, step.index, attempt)
end

--- A number from 0 to 1 out of a hash of the seed.
---@param digest string  SHA-256, at least 8 bytes of it
---@return number
function retry.unit(digest)
  local bits = string.unpack("<I8", digest)
  if bits >= 0 then return bits / 18446744073709551615.0 end
  -- Lua's integers are signed: halve, keeping the lowest bit for the rounding.
  return ((bits >> 1) | (bits & 1)) * 2.0 / 18446744073709551615.0
end

--- Delay before the next attempt.
---@param profile idle.RetryProfile
---@param attempt integer  number of the attempt that just failed, from 1
---@param unit    number   from 0 to 1, what the jitter is made of
---@return integer delay_ms
function retry.delay_ms(profile, attempt, unit)
  local grown = profile.InitialDelayMilliseconds * profile.BackoffFactor ^ (attempt - 1)
  local base = math.min(profile.MaxDelayMilliseconds, grown)
  local factor = (2 * unit - 1) * profile.JitterRatio
  return math.max(0, round_half_even(round_half_even(base) * (1 + factor)))
end

--- Whether a failed attempt may be repeated: only failures that say they are
--- transient come back, because a repeated wrong password locks the account.
---@param profile idle.RetryProfile
---@param attempt integer     number of the attempt that just failed, from 1
---@param err     idle.Error
---@return boolean
function retry.may_repeat(profile, attempt, err)
  local kind = errors.kinds[err.kind]
  if kind and kind.waited then return false end
  return err.transient and attempt < profile.MaxAttempts
end

return retry
