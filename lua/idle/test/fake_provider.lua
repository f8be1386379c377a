--- `idle.test.fake_provider{ CreateIdentity = …, … }`: a provider that announces capabilities, records the calls of
--- their methods and answers from a script.
local answers = require("idle.test.answers")
local broker = require("idle.host.broker")
local capabilities = require("idle.engine.capabilities")
local clock = require("idle.host.clock")
local copy = require("idle.engine.copy")
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fake_methods = require("idle.test.fake_methods")
local parameter = require("idle.engine.parameter")
local place = require("idle.test.place")
local stopwatch = require("idle.test.stopwatch")
local suggest = require("idle.engine.suggest")

---@class idle.test.ProviderCall: idle.test.Call
---@field method    string
---@field arguments table              as they were handed over, `n` of them; without the session
---@field session?  idle.AuthSession

---@class idle.test.FakeProvider
---@field calls idle.test.ProviderCall[]  oldest first

-- Tables of the caller must not change what was recorded; a session stays the one that it is.
local function copy_argument(v)
  if type(v) ~= "table" then return v end
  return copy.deep(v, "argument", { kind = "input.parameter" })
end

local function record(fake, name, ...)
  local arguments, session = { n = 0 }, nil
  for index = 1, select("#", ...) do
    local v = select(index, ...)
    if session == nil and broker.is_session(v) then
      session = v
    else
      arguments.n = arguments.n + 1
      arguments[arguments.n] = copy_argument(v)
    end
  end
  -- What stands for a session that nobody gave.
  while arguments.n > 0 and arguments[arguments.n] == nil do arguments.n = arguments.n - 1 end
  fake.counts[name] = (fake.counts[name] or 0) + 1
  local call = { method = name, arguments = arguments, session = session, number = fake.counts[name],
                 at = fake.watch:seconds() }
  fake.provider.calls[#fake.provider.calls + 1] = call
  return call
end

-- What a script says of a change completes what a provider says anyway.
local function complete(v, default, fake, name, ...)
  if not fake_methods.tells_change(default) or not data.is_map(v) then return v end
  local answer = default(fake, name, ...)
  for key, field in pairs(v) do answer[key] = field end
  return answer
end

local function answer(fake, name, default, ...)
  local arguments, entry = table.pack(...), fake.script[name]
  local call = record(fake, name, ...)
  if entry == nil then return default(fake, name, ...) end
  local v = answers.play(entry, call, {
    name = name,
    wait = clock.sleep,
    invoke = function(f) return f(fake.provider, table.unpack(arguments, 1, arguments.n)) end,
  })
  if data.is_null(v) then return nil end
  return complete(copy_argument(v), default, fake, name, ...)
end

local function add_method(fake, name, default)
  fake.provider[name] = function(self, ...)
    parameter.receiver(self, ("provider:%s(…)"):format(name))
    return answer(fake, name, default, ...)
  end
end

local function read_capabilities(given)
  if given == nil then return fake_methods.capabilities() end
  local known = fake_methods.capabilities()
  for _, id in ipairs(data.items(given)) do
    if not capabilities.is_identifier(id) then
      place.raise(("fake_provider: %s is no capability; one looks like 'IdLE.Identity.Read'"):format(data.quote(id)))
    end
    local nearest = not capabilities.has(known, id) and suggest.nearest(id, known)
    if nearest then place.raise(("fake_provider: unknown capability '%s'; did you mean '%s'?"):format(id, nearest)) end
  end
  return capabilities.normalise(given)
end

-- A step asks a provider for methods that not every provider has, so a misspelled one would go unnoticed.
local OPTIONAL = {
  "EnsureAttributes", "ResolveEntitlement", "BulkGrantEntitlements", "BulkRevokeEntitlements", "GetSyncRunDetails",
}

local function check_method(name, methods)
  if methods[name] then return end
  if type(name) ~= "string" or name == "GetCapabilities" or name == "calls" then
    place.raise(("fake_provider: '%s' cannot be scripted"):format(tostring(name)))
  end
  local known = { table.unpack(OPTIONAL) }
  for method in pairs(methods) do known[#known + 1] = method end
  table.sort(known)
  local nearest = suggest.nearest(name, known)
  if nearest and nearest ~= name then
    place.raise(("fake_provider: there is no method '%s'; did you mean '%s'?"):format(name, nearest))
  end
end

local function no_default(_, name)
  errors.raise("input.setup", ("fake provider: nothing is scripted for '%s'"):format(name))
end

--- Makes a provider. A script's entry is the answer, a function that is called as the method itself, or made by
--- idle.test.answer, fails, after, loses_answer or in_turn; `{ Changed = false }` completes the usual answer.
---@param ids?    string|string[]     capabilities; default: all that steps require; may be left out
---@param script? table<string, any>  by method; also methods that no capability stands for
---@return idle.test.FakeProvider
return function(ids, script)
  place.refuse_colon(ids, "fake_provider")
  -- An empty table is a script that says nothing, unless it is marked as a list.
  if script == nil and data.is_map(ids) then ids, script = nil, ids end
  if script ~= nil and type(script) ~= "table" then
    place.raise(("fake_provider takes a table of methods and answers, got %s"):format(parameter.kind(script)))
  end
  local announced = read_capabilities(ids)
  local provider = { calls = {} }
  local fake = { provider = provider, script = script or {}, counts = {}, watch = stopwatch.start() }
  function provider.GetCapabilities() return announced end
  local methods = fake_methods.of(announced)
  for name, default in pairs(methods) do add_method(fake, name, default) end
  for name in pairs(fake.script) do
    check_method(name, methods)
    if not methods[name] then add_method(fake, name, no_default) end
  end
  return provider
end
