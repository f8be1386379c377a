--- Tasks that wait, and what comes of it, for specs of the loop.
local assert = require("luassert")
local loop = require("idle.loop")

local waits = {}

--- A value whose __close calls `f`.
function waits.closing(f)
  return setmetatable({}, { __close = f })
end

--- Waits for ever, as far as a spec is concerned.
function waits.wait()
  loop.sleep(60000)
end

--- A spawned task that has begun to wait.
function waits.waiting(f, ...)
  local task = loop.spawn(f, ...)
  loop.sleep(0)
  return task
end

--- Milliseconds that a call takes.
function waits.elapsed_ms(f, ...)
  local start = loop.monotonic()
  f(...)
  return (loop.monotonic() - start) * 1000
end

--- The kind of error that `f` raises.
function waits.kind_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return type(err) == "table" and err.kind or err
end

return waits
