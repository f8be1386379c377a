--- What `idle-lua test` adds to busted: specs that leak fail, chance repeats, messages name the lines of the spec, and
--- lines are counted.
local caught_assertions = require("idle.test.caught_assertions")
local coverage = require("idle.test.coverage")
local errors = require("idle.engine.errors")
local exits = require("idle.test.exits")
local leaks = require("idle.test.leaks")
local loop = require("idle.loop")
local positions = require("idle.test.positions")

local harness = {}

---@class idle.test.HarnessOptions
---@field coverage?      string   file to write
---@field counts_specs?  boolean  coverage of the specs themselves, too
---@field ignores_leaks? boolean
---@field seed?          integer  default: busted's
---@field command_line?  string   runs the same specs again, but for the seed

local is_installed = false

-- Those of the command line, whoever installs first: `.busted` may name our helper, too.
local prepared = {}

-- Ours come before those of busted and its output.
local FIRST = { priority = 1 }

local function on(core, channel, f, order)
  core.subscribe(channel, function(...)
    f(...)
    return nil, true
  end, order)
end

local function first_on(core, channel, f) on(core, channel, f, FIRST) end

-- busted's handler of errors makes nil of each, and then a `__close` of the script would take an error for a good end:
-- a transaction would be committed, a run `Completed`.
local function keep_errors(core)
  core.bindfenv(core.safe, "xpcall", function(f, handler)
    return xpcall(f, function(raised)
      handler(caught_assertions.unwrap(core, raised))
      return raised
    end)
  end)
end

-- Where busted says that something went wrong; the message has the place.
local function trace_of(element, message)
  local file, line = message:match("^([^\n]-):(%d+): ")
  local trace = element.trace or {}
  return { short_src = file or trace.short_src, currentline = line and tonumber(line) or trace.currentline,
    what = "Lua", traceback = "", message = message }
end

local function publish(core, element, found)
  local message = leaks.message(found, positions.of_trace(element.trace) or element.name)
  -- To busted only a spec can fail; with anything else it is an error.
  local kind = element.descriptor == "it" and found.kind or "error"
  core.publish({ kind, element.descriptor }, element, core.context.parent(element), message,
    trace_of(element, message))
end

-- A block is what `setup` and the lines of a file or describe have made: it may live until the end of the block.
local function check_blocks(core)
  local scopes = {}
  local function open() scopes[#scopes + 1] = leaks.begin() end
  local function close(element)
    local found = leaks.finish(table.remove(scopes))
    if found.kind then publish(core, element, found) end
  end
  for _, descriptor in ipairs({ "file", "describe" }) do
    first_on(core, { descriptor, "start" }, open)
    first_on(core, { descriptor, "end" }, close)
  end
end

-- busted tells that a spec has ended before its after_each run. That is held back until they have: only then is it
-- known what the spec leaves behind. Our own before_each and after_each are the outermost.
-- Returns what is to run before each spec.
local function check_specs(core)
  local scope, held
  local is_releasing = false

  local function release(found)
    local element, parent, status, debug_info = table.unpack(held, 1, 4)
    held = nil
    local caught = status == "success" and caught_assertions.text()
    if caught then
      core.publish({ "failure", "it" }, element, parent, caught, trace_of(element, caught))
      status = "failure"
    elseif found and found.kind and (status == "success" or found.kind_of_task) then
      publish(core, element, found)
      if status == "success" then status = found.kind end
    end
    is_releasing = true
    core.publish({ "test", "end" }, element, parent, status, debug_info)
    is_releasing = false
  end

  core.subscribe({ "test", "end" }, function(element, parent, status, debug_info)
    if is_releasing or element.descriptor ~= "it" or not scope then return nil, true end
    held = { element, parent, status, debug_info }
    return nil, false
  end, FIRST)
  core.executors.after_each(function()
    local found = leaks.finish(scope)
    scope = nil
    if held then release(found) end
  end)
  return function() scope = leaks.begin() end
end

local is_interrupted = false

--- Whether Ctrl-C has ended the run.
---@return boolean
function harness.is_interrupted() return is_interrupted end

-- To busted they are errors of one spec like any other. But who presses Ctrl-C means all of them, and after a SIGTERM
-- or the end of --timeout no wait succeeds any more.
local function stop_when_told(core)
  -- Behind busted's own, which decides anew whether to go on.
  on(core, { "error" }, function(_, _, _, trace)
    local raised = trace and trace.message
    if errors.is_ctrl_c(raised) then
      is_interrupted, core.skipAll = true, true
    elseif errors.is(raised) and (raised.kind == "cancelled" or raised.kind == "timeout") then
      core.skipAll = core.skipAll or not pcall(loop.sleep, 0)
    end
  end)
end

-- At the suite's end the output tells what went wrong; what goes wrong with the output itself nobody would tell then.
-- busted's "json" cannot show what is pending, for one.
local function tell_errors_at_end(core)
  local is_ending = false
  first_on(core, { "suite", "start" }, function() is_ending = false end)
  first_on(core, { "suite", "end" }, function() is_ending = true end)
  on(core, { "error", "suite" }, function(_, _, message)
    if is_ending then io.stderr:write("idle-lua: at the end of the specs: ", tostring(message), "\n") end
  end)
end

-- Behind the suite's end busted itself ends the program.
local function refuse_exits(core)
  local refused
  first_on(core, { "suite", "start" }, function() refused = exits.refuse() end)
  on(core, { "suite", "end" }, function() refused:close() end)
end

-- Returns what is to run before each spec.
local function seed_specs(core, options)
  local seed = require("idle.test.chance").seed
  local current
  local failures, has_files = 0, false
  -- With --list nothing begins.
  local function begin()
    if current then seed(current) end
  end
  first_on(core, { "suite", "start" }, function()
    current = options.seed or math.floor(core.randomseed)
    begin()
  end)
  first_on(core, { "file", "start" }, function()
    has_files = true
    begin()
  end)
  for _, kind in ipairs({ "failure", "error" }) do first_on(core, { kind }, function() failures = failures + 1 end) end
  -- Behind busted's own summary.
  on(core, { "suite", "end" }, function()
    if failures > 0 and has_files and current then
      io.stdout:flush()
      io.stderr:write(options.command_line
        and ("idle-lua: the seed was %d; again with '%s --seed=%d'\n"):format(current, options.command_line, current)
        or ("idle-lua: the seed was %d; again with '-Xhelper seed=%d'\n"):format(current, current))
    end
    failures = 0
  end)
  return begin
end

local function count_lines(core, options)
  local specs = {}
  local counted = coverage.begin(options.coverage)
  first_on(core, { "file", "start" }, function(element) specs[element.name] = true end)
  first_on(core, { "exit" }, function()
    local summary = counted:write(not options.counts_specs and specs or nil)
    io.stdout:flush()
    io.stderr:write("idle-lua: ", summary, "\n")
  end)
end

--- Has options hold beside those of whoever installs.
---@param options idle.test.HarnessOptions
function harness.prepare(options) prepared = options end

--- Adds all this to busted, once.
---@param core   table  busted's, as its own modules get it
---@param given? idle.test.HarnessOptions
function harness.install(core, given)
  if is_installed then return end
  is_installed = true
  collectgarbage("incremental") -- as virtual time wants it: to change the mode costs a collection
  local options = {}
  for _, part in ipairs({ given or {}, prepared }) do
    for name, v in pairs(part) do options[name] = v end
  end
  require("idle.test.assertions")
  keep_errors(core)
  caught_assertions.install(core)
  positions.install(core)
  first_on(core, { "error" }, function(element, _, message, trace) positions.complete(element, message, trace) end)
  stop_when_told(core)
  tell_errors_at_end(core)
  refuse_exits(core)
  local seed, open_scope = seed_specs(core, options), nil
  if not options.ignores_leaks then
    leaks.keep_books()
    check_blocks(core)
    open_scope = check_specs(core)
  end
  core.executors.before_each(function()
    seed()
    caught_assertions.begin()
    if open_scope then open_scope() end
  end)
  require("idle.host.events").standard_sinks() -- they stay open to the end: no leak of a spec
  if options.coverage then count_lines(core, options) end
end

return harness
