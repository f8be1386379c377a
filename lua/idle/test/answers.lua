--- Scripted answers: what a command of a fake session does, or a method of a fake provider.
---
--- A script's entry is an answer made here, a function that computes one, or any other value, which
--- is the answer as it stands.
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local kinds = require("idle.test.kinds")
local matching = require("idle.test.matching")
local place = require("idle.test.place")

local answers = {}

---@class idle.test.Answer
---@field package play fun(call: idle.test.Call, port: idle.test.AnswerPort): any, string[]?
local Answer = { __name = "idle.test.answer" }

---@class idle.test.Call  one call of a fake
---@field number integer  which call of this command or method, from 1
---@field at     number   seconds since the fake was made, or since virtual time began if it is older

---@class idle.test.AnswerPort  what an answer is handed of its fake
---@field name   string            the command or method
---@field wait   fun(seconds: number)
---@field invoke fun(f: function): any, string[]?  calls a function of the script
---@field adapt? fun(entry: any): any  what stands for an entry that only this fake knows

local function new(play) return setmetatable({ play = play }, Answer) end

-- By its name, because specs may have loaded this module anew.
local function is_answer(v)
  local meta = type(v) == "table" and getmetatable(v)
  return type(meta) == "table" and rawget(meta, "__name") == Answer.__name
end

--- Carries out a script's entry.
---@param entry any
---@param call  idle.test.Call
---@param port  idle.test.AnswerPort
---@return any value  raises what the entry says
---@return string[]? warnings
function answers.play(entry, call, port)
  if port.adapt then entry = port.adapt(entry) end
  if is_answer(entry) then return entry.play(call, port) end
  if type(entry) ~= "function" then return entry end
  local v, warnings = port.invoke(entry)
  if is_answer(v) then return v.play(call, port) end
  return v, warnings
end

local function check_fields(name, given, names)
  local ok, err = pcall(fields.check, given or {}, names, "the fields of " .. name)
  if not ok then place.raise(err.message) end
end

--- Answers with a value; `idle.list` for several objects, nil for none.
---@param value? any
---@param options? { warnings?: string[] }
---@return idle.test.Answer
function answers.answer(value, options)
  place.refuse_colon(value, "answer")
  check_fields("answer", options, { "warnings" })
  local warnings = options and options.warnings
  return new(function() return value, warnings end)
end

local function check_kind(kind, message)
  if errors.kinds[kind] and message == nil then
    place.raise(("fails: an error has a message, too: fails(%q, \"…\")"):format(kind))
  elseif message == nil then
    return
  elseif type(kind) ~= "string" or type(message) ~= "string" then
    place.raise("fails: kind and message must be texts")
  end
  local nearest = kinds.nearest(kind)
  if nearest then place.raise(("fails: unknown error kind '%s'; did you mean '%s'?"):format(kind, nearest)) end
end

local FACTS = { "effect", "transient", "data", "cause" }
local EFFECTS = { "none", "applied", "unknown" }

local function check_facts(facts)
  check_fields("fails", facts, FACTS)
  local effect = facts and facts.effect
  for _, known in ipairs(EFFECTS) do
    if effect == nil or effect == known then return end
  end
  place.raise(("fails: effect is 'none', 'applied' or 'unknown', not %s"):format(matching.show(effect)))
end

--- Raises an error: `fails(kind, message, facts)` an idle.Error, `fails(anything)` that itself, as a session or
--- provider of somebody else may do.
---@param kind     any      of DESIGN §3, or one of your own
---@param message? string
---@param facts?   { effect?: idle.Effect, transient?: boolean, data?: table, cause?: any }
---@return idle.test.Answer
function answers.fails(kind, message, facts)
  check_kind(kind, message)
  check_facts(facts)
  return new(function()
    if message == nil then error(kind, 0) end
    -- A new one each time, because whoever catches it may write on it.
    local err = { kind = kind, message = message }
    for name, field in pairs(facts or {}) do err[name] = field end
    error(errors.from(err), 0)
  end)
end

--- Lets time pass before an answer.
---@param seconds number
---@param answer? any     another entry of a script; default: no output
---@return idle.test.Answer
function answers.after(seconds, answer)
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds < math.huge) then
    place.raise(("after: seconds must be a number, 0 or more; got %s"):format(matching.show(seconds)))
  end
  return new(function(call, port)
    port.wait(seconds)
    return answers.play(answer, call, port)
  end)
end

--- Takes effect, and nobody learns of it: the entry is carried out, then the connection is lost.
---@param answer? any  another entry of a script, such as a function that changes something
---@return idle.test.Answer
function answers.loses_answer(answer)
  place.refuse_colon(answer, "loses_answer")
  return new(function(call, port)
    answers.play(answer, call, port)
    errors.raise("ssh.lost", ("the connection was lost, while '%s' ran there"):format(port.name),
      { effect = "unknown", transient = false })
  end)
end

-- The length of a table with a hole is anybody's guess.
local function check_turns(entries)
  local count = 0
  for index in ipairs(entries) do count = index end
  for key in pairs(entries) do
    if math.type(key) ~= "integer" and key ~= "after_that" then
      place.raise(("in_turn: unknown field '%s'; besides answers it takes after_that"):format(tostring(key)))
    elseif key ~= "after_that" and key > count then
      place.raise(("in_turn: answer %d is nil; for no output write answer()"):format(count + 1))
    end
  end
end

--- Answers the first call with the first entry, the second with the second, and so on. One call more is an
--- error, unless `after_that` says what every further one gets.
---@param entries { [integer]: any, after_that?: any }
---@return idle.test.Answer
function answers.in_turn(entries)
  if type(entries) ~= "table" or next(entries) == nil then
    place.raise("in_turn takes a table of answers: in_turn{ first, second, after_that = … }")
  end
  check_turns(entries)
  local made_at = place.of_caller()
  return new(function(call, port)
    local entry = entries[call.number]
    if call.number > #entries then entry = entries.after_that end
    if entry ~= nil then return answers.play(entry, call, port) end
    errors.raise("input.setup", ("'%s' was called %d times, and in_turn%s has %d answers; add one, or after_that = …")
      :format(port.name, call.number, made_at and (" (%s)"):format(made_at) or "", #entries))
  end)
end

return answers
