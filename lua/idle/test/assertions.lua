--- Assertions for specs. Loading this module registers them with luassert: `assert.ran_steps`, `assert.events`,
--- `assert.called`, `assert.never_called`, `assert.outcome` and `assert.fails_with`, all of them also with `is_not` or
--- `has_no`, and with a text of the spec's own: `assert.message("…").events(…)`, or behind all arguments.
local about_calls = require("idle.test.about_calls")
local about_errors = require("idle.test.about_errors")
local about_events = require("idle.test.about_events")
local about_outcome = require("idle.test.about_outcome")
local about_steps = require("idle.test.about_steps")

local assertions = {}

-- For editors: what `assert` has beside luassert's own.
---@class luassert
---@field ran_steps    fun(result: table, expected: (string|table)[], message?: string)
---@field events       fun(source: table, expected: (string|table)[], message?: string)
---@field called       fun(fake: table, name: string, given?: table|integer, times?: integer, message?: string)
---@field never_called fun(fake: table, name: string, given?: table, message?: string)
---@field outcome      fun(source: table, step_or_expected: string, expected?: string, message?: string)
---@field fails_with   fun(f: (fun()), expected: string|table, message?: string): idle.Error

---@alias idle.test.Check fun(...): boolean, string, string, any[]?  whether it holds; the texts if it does not, and if
---  it does; what the assertion returns, if not its arguments

-- Each with the number of its arguments.
---@type table<string, { [1]: idle.test.Check, [2]: integer }>
local CHECKS = {
  ran_steps = { about_steps.ran_steps, 2 },
  events = { about_events.events, 2 },
  never_called = { about_calls.never_called, 3 },
  called = { about_calls.called, 4 },
  outcome = { about_outcome.outcome, 3 },
  fails_with = { about_errors.fails_with, 2 },
}

-- No message of luassert's own: the text that a check returns says it all.
local NO_MESSAGE = "assertion.idle"

-- The spec's own words stand above ours, as they stand above luassert's.
local function add_text(state, words, text)
  state.failure_message = words == nil and text or ("%s\n%s"):format(tostring(words), text)
end

local function new_callback(check, arity)
  return function(state, arguments)
    local holds, if_not, if_so, returned = check(table.unpack(arguments, 1, math.min(arguments.n, arity)))
    local words = arguments[arity + 1]
    if words == nil then words = rawget(state, "failure_message") end
    add_text(state, words, state.mod and if_not or if_so)
    arguments.n = 0
    return holds, returned
  end
end

-- `called` is luassert's own word, too, after `assert.spy(s)`: there it goes on meaning what it means. Its texts
-- have places for its arguments, so they are filled in here.
local function behind_spies(callback, entry)
  local say, luassert = require("say"), require("luassert")
  return function(state, arguments, level)
    if rawget(state, "payload") == nil then return callback(state, arguments, level) end
    local holds = entry.callback(state, arguments, (level or 1) + 1)
    local text = say(state.mod and entry.positive_message or entry.negative_message, luassert:format(arguments))
    add_text(state, rawget(state, "failure_message"), text)
    arguments.n = 0
    return holds
  end
end

-- Only `called` is luassert's own. Any other that is there comes from the user's helper, and goes on meaning what it
-- means there; or from here, because each spec file loads this module anew.
local function register(luassert, known, name, check)
  local entry = known[name]
  local is_ours = entry ~= nil and entry.is_of_idle
  if entry and not is_ours and name ~= "called" then return end
  local of_luassert = entry
  if is_ours then of_luassert = entry.of_luassert end
  local callback = new_callback(check[1], check[2])
  if of_luassert then callback = behind_spies(callback, of_luassert) end
  luassert:register("assertion", name, callback, NO_MESSAGE, NO_MESSAGE)
  known[name].is_of_idle, known[name].of_luassert = true, of_luassert
end

local function register_all()
  local ok, luassert = pcall(require, "luassert")
  if not ok then
    error("idle.test.assertions needs luassert, which comes with busted: install lua-busted", 0)
  end
  -- It registers a `called` of its own when it is loaded.
  require("luassert.spy")
  local known = require("luassert.namespaces").assertion
  for name, check in pairs(CHECKS) do register(luassert, known, name, check) end
end

register_all()

return assertions
