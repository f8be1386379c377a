--- Lets busted name the lines of a spec where something inside this program, or an error without a position, would have
--- it name ours.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local suggest = require("idle.engine.suggest")

local positions = {}

local function is_ours(info) return info.source:find("^=idle%.") ~= nil or info.source == "=idle" end

-- What stands between the spec and the error, as busted itself has it.
local function is_between(info, busted_dir)
  return info.what == "C" or is_ours(info) or info.short_src:find("luassert[/\\].*%.lua$") ~= nil
    or (info.source:sub(1, 1) == "@" and info.source:match("^(.*)[/\\]") == busted_dir)
end

--- The place that a trace of busted's names.
---@param trace? table
---@return string?
function positions.of_trace(trace)
  return trace and trace.short_src and ("%s:%d"):format(trace.short_src, trace.currentline)
end

local function has_position(text) return text:find("^[^\n:]+:%d+: ") ~= nil end

-- Without the modifiers before it: "is_not_evnts" is "evnts".
local function without(modifiers, word)
  local first, rest = word:match("^(%a+)_(.+)$")
  return modifiers[first] and without(modifiers, rest) or word
end

local function nearest_assertion(text)
  local word = text:match("luassert: unknown modifier/assertion: '([%w_]+)'")
  if not word then return nil end
  local known = require("luassert.namespaces")
  local nearest = suggest.nearest(without(known.modifier, word), data.sorted_keys(known.assertion))
  return nearest and ("did you mean 'assert.%s'?"):format(nearest)
end

-- lua does not say whose field it was, nor luassert which of its words is near.
local function with_hint(text)
  local hint = require("idle.host.missing").hint(text) or nearest_assertion(text)
  return hint and ("%s\n%s"):format(text, hint) or text
end

-- An error of ours may have no position, or one inside the program, which nobody can look up.
local function placed(text, place)
  local rest, count = text:gsub("^idle[%w_.]*:%d+: ", "")
  if not place or (count == 0 and has_position(text)) then return with_hint(text) end
  return with_hint(place .. ": " .. rest)
end

--- The text of an error, with a position in front.
---@param e      any
---@param place? string  if it has none of its own
---@return string
function positions.text(e, place) return placed(tostring(e), place) end

--- Completes the trace of an error. Of a file that cannot be loaded busted gives no place, which some of its outputs do
--- not expect.
---@param element table
---@param message any
---@param trace?  table
function positions.complete(element, message, trace)
  if element.descriptor ~= "file" or type(trace) ~= "table" or trace.short_src then return end
  local name, line = tostring(message):match("^([^\n]-):(%d+): ")
  trace.short_src, trace.currentline = name or element.name, tonumber(line) or 0
end

--- Changes how busted looks for positions.
---@param core table
function positions.install(core)
  local get_trace, rewrite_message = core.getTrace, core.rewriteMessage
  local busted_dir = debug.getinfo(get_trace, "S").source:match("^(.*)[/\\]")

  function core.getTrace(element, level, message)
    local found = level or 3
    local info = debug.getinfo(found, "Sl")
    while info and is_between(info, busted_dir) do
      found = found + 1
      info = debug.getinfo(found, "Sl")
    end
    if not info and element.trace then
      return setmetatable({ traceback = "", message = message }, { __index = element.trace })
    end
    -- A tail call: the levels stay the same.
    return get_trace(element, info and found or level, message)
  end

  function core.rewriteMessage(element, message, trace)
    local place = positions.of_trace(trace)
    if errors.is(message) then return positions.text(message, place) end
    return placed(rewrite_message(element, message, trace), place)
  end
end

return positions
