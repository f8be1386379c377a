--- A command of a session in a program of its own: `idle-lua spec/support/one_command.lua`, told what to do by a line
--- of JSON on its input (spec.FaultyCommand). Where there are calls that come first, it says "ready" behind them, and
--- goes on with the next line. It prints what the command ended with and what was left of it, and ends as any script
--- does with that error.
local idle = require("idle")
local json = require("idle.json")
local leftovers = require("spec.support.leftovers")

local CLEANUP_SECONDS = 2

local told = assert(json.decode(io.read("l")))

local function put(line)
  io.stdout:write(line, "\n")
  io.stdout:flush()
end

local function call(session, name, ...) return session[name](session, ...) end

local before = leftovers.level()
local session = idle[told.kind](told.options)
for _, first in ipairs(told.first) do call(session, table.unpack(first)) end
if told.first[1] then
  put("ready")
  io.read("l")
end

local began = idle.monotonic()
local is_ok, result = pcall(call, session, table.unpack(told.call))
local ended = idle.monotonic()
session:close()
local closed = idle.monotonic()
local err = is_ok and {} or result
put(assert(json.encode({
  is_ok = is_ok, kind = err.kind, effect = err.effect, transient = err.transient, message = err.message,
  seconds = ended - began, closing = closed - ended, before = before,
  after = leftovers.settle(before, CLEANUP_SECONDS),
})))
if not is_ok then error(result, 0) end
