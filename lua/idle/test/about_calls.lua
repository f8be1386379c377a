--- `assert.called(fake, "Start-ADSyncSyncCycle"[, parameters][, times])` and `assert.never_called`.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local matching = require("idle.test.matching")
local place = require("idle.test.place")
local suggest = require("idle.engine.suggest")

local about_calls = {}

local function name_of(call) return call.command or call.method end

local function show_given(call)
  if call.parameters then return matching.show(call.parameters) end
  local arguments = {}
  for index = 1, call.arguments.n do arguments[index] = matching.show(call.arguments[index]) end
  return ("(%s)"):format(table.concat(arguments, ", "))
end

-- Arguments are compared by their position; how many more there are does not matter.
local function difference(given, call)
  if call.parameters then return matching.difference(given, call.parameters) end
  for index, wanted in pairs(given) do
    local found = matching.difference(wanted, call.arguments[index])
    if found then return ("argument %s: %s"):format(tostring(index), found) end
  end
end

-- All that a fake could be asked for, and all that it was.
local function known_names(fake)
  local known = {}
  for _, call in ipairs(fake.calls) do known[name_of(call)] = true end
  for _, names in ipairs({ fake.spellings or {}, fake.plain or {} }) do
    for name in pairs(names) do known[name] = true end
  end
  for name, method in pairs(fake) do
    if type(method) == "function" then known[name] = true end
  end
  return data.sorted_keys(known)
end

local function is_named(call, name) return name_of(call):lower() == name:lower() end

local function check_fake(fake, name, word)
  if type(fake) ~= "table" or type(fake.calls) ~= "table" then
    place.raise(("%s: the first argument must be a fake session or provider, got %s"):format(word,
      matching.show(fake)))
  elseif type(name) ~= "string" then
    place.raise(("%s: the second argument must be the name of a command or method, got %s"):format(word,
      matching.show(name)))
  end
  local names = known_names(fake)
  for _, known in ipairs(names) do
    if known:lower() == name:lower() then return end
  end
  -- A misspelled name is never called, so nobody would notice.
  local nearest = suggest.nearest(name, names)
  if nearest then
    place.raise(("%s: this fake knows nothing of '%s'; did you mean '%s'?"):format(word, errors.escape(name), nearest))
  end
end

-- The calls of a name: those that were made as expected, and all.
local function select(fake, name, given)
  local fitting, all = {}, {}
  for _, call in ipairs(fake.calls) do
    if is_named(call, name) then
      all[#all + 1] = call
      if given == nil or not difference(given, call) then fitting[#fitting + 1] = call end
    end
  end
  return fitting, all
end

local function describe(calls, given)
  local lines = {}
  for index, call in ipairs(calls) do
    local note = given and difference(given, call)
    lines[index] = ("  %d. after %g s with %s%s"):format(index, math.floor(call.at * 1000 + 0.5) / 1000,
      show_given(call), note and ("  (%s)"):format(note) or "")
  end
  return table.concat(lines, "\n")
end

local function times_text(count)
  return ({ [0] = "never", "once", "twice" })[count] or ("%d times"):format(count)
end

local function others(fake)
  local counts, order = {}, {}
  for _, call in ipairs(fake.calls) do
    local name = name_of(call)
    if not counts[name] then order[#order + 1] = name end
    counts[name] = (counts[name] or 0) + 1
  end
  for index, name in ipairs(order) do order[index] = ("%s (%d)"):format(name, counts[name]) end
  return order[1] and ("Called were: " .. table.concat(order, ", ")) or "Nothing was called at all"
end

local function subject(name, given)
  return given and ("'%s' with %s"):format(name, matching.show(given)) or ("'%s'"):format(name)
end

local function told(fake, all, given)
  return all[1] and ("The calls:\n" .. describe(all, given)) or others(fake)
end

-- Parameters come before the number of times; either may be left out.
local function read_rest(given, times, word)
  if type(given) == "number" and times == nil then given, times = nil, given end
  if given ~= nil and type(given) ~= "table" then
    place.raise(("%s: what is given to a call must be a table, got %s"):format(word, matching.show(given)))
  elseif times ~= nil and (math.type(times) ~= "integer" or times < 0) then
    place.raise(("%s: times must be a whole number, got %s"):format(word, matching.show(times)))
  end
  return given, times
end

--- Whether a command or method was called; with `given`, with these parameters (or arguments, by position) among
--- others; with `times`, exactly so often.
---@param fake   table   a fake session or provider
---@param name   string
---@param given? table
---@param times? integer
---@return boolean holds
---@return string  if_not
---@return string  if_so
function about_calls.called(fake, name, given, times)
  check_fake(fake, name, "called")
  given, times = read_rest(given, times, "called")
  local fitting, all = select(fake, name, given)
  local wanted = times and times_text(times) or "at least once"
  local fits = #fitting > 0
  if times then fits = #fitting == times end
  local format = "%s %s to be called %s, but it was called %s.\n%s"
  return fits,
    format:format("Expected", subject(name, given), wanted, times_text(#fitting), told(fake, all, given)),
    format:format("Did not expect", subject(name, given), wanted, times_text(#fitting), told(fake, all, given))
end

--- Whether a command or method was never called; with `given`, never with these parameters.
---@param fake   table
---@param name   string
---@param given? table
---@return boolean holds
---@return string  if_not
---@return string  if_so
function about_calls.never_called(fake, name, given)
  check_fake(fake, name, "never_called")
  given = read_rest(given, 0, "never_called")
  local fitting, all = select(fake, name, given)
  return #fitting == 0,
    ("Expected %s never to be called, but it was called %s.\n%s"):format(subject(name, given), times_text(#fitting),
      describe(fitting)),
    ("Expected %s to be called at least once, but it was not.\n%s"):format(subject(name, given),
      told(fake, all, given))
end

return about_calls
