--- `idle.test.each_fault(function(sim, fault) … end)`: takes a flow through everything that the simulated sync server
--- can have go wrong, each fault on a fresh server and in virtual time.
---
--- The flow gets the server, and returns what it returns or raises what it raises: each_fault judges that itself.
--- It fails a flow that starts a cycle twice for one wish, that completes though its change was not exported, that
--- never ends or breaks, or that fails where a correct one gets over it.
---
--- In a describe block it defines one spec for each fault; within a spec, or outside of busted, it runs all of them
--- and returns a report.
local fault_rules = require("idle.test.fault_rules")
local fault_run = require("idle.test.fault_run")
local faults = require("idle.test.faults")
local parameter = require("idle.engine.parameter")
local place = require("idle.test.place")
local spec_block = require("idle.test.spec_block")
local suggest = require("idle.engine.suggest")

---@class idle.test.EachFaultOptions
---@field sim?    table    options of the simulated server in all runs
---@field only?   string   name of the one fault to run, or of a kind such as "lose_answer"
---@field every?  boolean  spoil every answer that the flow asks for; default: of each command the first, the first
---                        behind each start, and the last
---@field expect? table<string, "completes"|"fails"|"either">  what is right for this flow, by name or kind of a fault
---@field limit?  number   seconds of virtual time that the flow may take; default: a day

---@class idle.test.FaultReport
---@field name     string
---@field expected string
---@field problem? string             nil = survived
---@field run      idle.test.FaultRun

local OPTION_NAMES = { "sim", "only", "every", "expect", "limit" }
local EXPECTATIONS = { completes = true, fails = true, either = true }
local MOST_TOLD = 12

local NONE = { name = "no fault", expected = "completes", options = {} }

---@class idle.test.EachFault
---@field package flow     function
---@field package options  idle.test.EachFaultOptions
---@field package at?      string  where it is called
local EachFault = {}
EachFault.__index = EachFault

-- Replaced where specs were defined.
function EachFault.leave_out() end

-- A failure of luassert goes on as it is, so that it shows as one; a text of ours has the line that called us.
function EachFault:fail(text, failure)
  if type(failure) == "table" and type(failure.message) == "string" then
    failure.message = ("%s\n(each_fault: %s)"):format(failure.message, text)
    error(failure, 0)
  end
  text = self.at and ("%s: each_fault: %s"):format(self.at, text) or "each_fault: " .. text
  local luassert = package.loaded["luassert"]
  if luassert then luassert(false, text, luassert:level(-1)) end
  error(text, 0)
end

-- The run that tells what the flow wishes for, and which commands it calls.
function EachFault:clean()
  if self.clean_run then return self.clean_run end
  local run = fault_run.run(self.flow, NONE, self.options)
  local problem = fault_rules.problem(run, run, NONE)
  if problem or not run.calls[1] then self:leave_out() end
  if problem then self:fail(("the flow fails without any fault: %s"):format(problem), run.failure) end
  if not run.calls[1] then self:fail("the flow never calls the simulated server; give it sim:session()") end
  self.clean_run = run
  return run
end

function EachFault:report(fault)
  local clean = self:clean()
  local expected = self.options.expect or {}
  local changed = {}
  for name, field in pairs(fault) do changed[name] = field end
  changed.expected = expected[fault.name] or expected[fault.kind] or fault.expected
  local run = fault_run.run(self.flow, changed, self.options)
  return { name = fault.name, expected = changed.expected, run = run,
           problem = fault_rules.problem(run, clean, changed) }
end

local function describe(reports, problems)
  local lines = {}
  for index, report in ipairs(problems) do
    if index > MOST_TOLD then
      lines[index] = ("  and %d more"):format(#problems - MOST_TOLD)
      break
    end
    lines[index] = ("  %s: %s"):format(report.name, report.problem)
  end
  if #reports == 1 then return ("the flow does not survive\n%s"):format(lines[1]) end
  return ("the flow does not survive %d of %d faults\n%s"):format(#problems, #reports, table.concat(lines, "\n"))
end

-- Runs faults; raises if there is a problem with any.
function EachFault:run(list)
  local reports, problems = {}, {}
  for index, fault in ipairs(list) do
    reports[index] = self:report(fault)
    if reports[index].problem then problems[#problems + 1] = reports[index] end
  end
  if not problems[1] then return reports end
  self:fail(("%s\nto repeat only one: each_fault(…, { only = %q })"):format(describe(reports, problems),
    problems[1].name), problems[1].run.failure)
end

function EachFault:of_word(word) return faults.of_calls(word, self:clean().calls, self.options.every) end

---@class idle.test.FaultGroup  becomes one spec
---@field name string
---@field find fun(self: idle.test.EachFault): idle.test.Fault[]

---@return idle.test.FaultGroup[]
local function groups()
  local list = {}
  for _, fault in ipairs(faults.of_server()) do
    list[#list + 1] = { name = fault.name, find = function() return { fault } end }
  end
  for _, word in ipairs(faults.words()) do
    list[#list + 1] = { name = word, find = function(self) return self:of_word(word) end }
  end
  return list
end

local function find_group(name)
  if type(name) ~= "string" then
    place.raise(("each_fault: a fault is given by its name, not by a %s"):format(type(name)))
  end
  local of_command = faults.find_of_command(name)
  if of_command then return { name = name, find = function() return { of_command } end } end
  local names = {}
  for index, group in ipairs(groups()) do
    if group.name == name then return group end
    names[index] = group.name
  end
  place.raise(("each_fault: there is no fault '%s'%s"):format(name, suggest.hint(name, names)))
end

local function check(flow, options)
  if type(flow) ~= "function" then
    place.raise(("each_fault takes a function(sim, fault), got %s"):format(parameter.kind(flow)))
  end
  local ok, err = pcall(require("idle.engine.fields").check, options, OPTION_NAMES, "the options of each_fault")
  if not ok then place.raise(err.message) end
  for name, word in pairs(options.expect or {}) do
    find_group(name)
    if not EXPECTATIONS[word] then
      place.raise(("each_fault: expect['%s'] must be 'completes', 'fails' or 'either'"):format(name))
    end
  end
end

-- A flow that fails anyway fails one spec, the first to run; the others have nothing to tell.
function EachFault:define(groups_of_faults, it, leave_out)
  local specs = {}
  function self.leave_out() leave_out(specs) end
  if not self.options.only then specs[1] = it(NONE.name, function() self:clean() end) end
  for _, group in ipairs(groups_of_faults) do
    specs[#specs + 1] = it(group.name, function() self:run(group.find(self)) end)
  end
end

--- Takes a flow through all faults.
---@param flow     fun(sim: idle.SimServer, fault: idle.test.Fault): any
---@param options? idle.test.EachFaultOptions
---@return idle.test.FaultReport[]? reports  nothing where specs were defined
return function(flow, options)
  options = options or {}
  check(flow, options)
  local self = setmetatable({ flow = flow, options = options, at = place.of_caller() }, EachFault)
  local chosen = options.only and { find_group(options.only) } or groups()
  local it, leave_out = spec_block.definer()
  if it then return self:define(chosen, it, leave_out) end
  local all = {}
  for _, group in ipairs(chosen) do
    for _, fault in ipairs(group.find(self)) do all[#all + 1] = fault end
  end
  return self:run(all)
end
