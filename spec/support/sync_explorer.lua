--- Plays one random schedule of the model against the sync decision.
local sync_cycle = require("idle.engine.sync_cycle")
local sync_model = require("spec.support.sync_model")
local sync_truth = require("spec.support.sync_truth")
local utc = require("idle.engine.utc")

local sync_explorer = {}

local FAILED_LOOK = { kind = "ssh.lost", message = "connection lost", effect = "unknown", transient = true }

local function pick(list) return list[math.random(#list)] end

local function new_machine(policy, ignore_dates)
  return sync_cycle.new({
    policy_type = policy, wait = true, on_busy = "Wait", allow_disabled = false, random = math.random, now = 0,
    timeout = pick({ 120, 600, 900, 1800, 3600 }), poll_interval = pick({ 5, 10, 30 }), settle = pick({ 40, 45, 60 }),
    until_ = pick({ "CycleEnd", "CycleEnd", "CycleEnd", "Export" }), ignore_dates = ignore_dates,
  })
end

local moves = {}

function moves.look(model, machine)
  local answer = model:look()
  if answer then machine:saw(model.now, answer) else machine:look_failed(model.now, FAILED_LOOK) end
  return answer and answer.State or "failed"
end

function moves.start(model, machine)
  return machine:answered(model.now, model:start())
end

function moves.sleep(model, _, action)
  model:sleep(action.seconds)
end

function moves.details(_, machine)
  machine:saw_details(nil)
end

--- What is wrong with how it ended; nil = nothing.
local function fault_of(model, machine, done)
  local outcome, data, traits = done.outcome, done.data, model.traits
  if sync_truth.is_false_success(model, outcome) then return "false success" end
  if model.starts > 1 or machine.starts > 1 then return "double start" end
  if sync_truth.is_needless_timeout(model, outcome) then return "needless timeout" end
  local is_early = model.now < machine.deadline
  if outcome == "NotObserved" and is_early and sync_truth.should_be_seen(model) then return "not observed" end
  -- A purge may take any entry away, and a clock that is set moves dates.
  local import_start = utc.parse(data.ImportStartUtc)
  if not import_start or traits.purge_at < math.huge or traits.clock_step ~= 0 then return nil end
  if outcome == "Success" and sync_truth.is_glossed_over(model, import_start) then return "errors passed over" end
  -- After a lost answer nobody can tell whose cycle it is, nor after a stopped one, nor before its end.
  if traits.answer ~= "good" or traits.stop or outcome == "Timeout" then return nil end
  if sync_truth.has_hand_import(model) then return nil end
  if data.Carried ~= sync_truth.carried(model, import_start) then return "started and adopted mixed up" end
end

--- Plays a schedule to its end.
---@param seed integer
---@param options? { ignore_dates?: boolean, trace?: fun(line: string) }
---@return string? fault
---@return string  outcome, or the kind of the refusal
function sync_explorer.play(seed, options)
  local trace = options and options.trace
  math.randomseed(seed)
  local model = sync_model.new()
  local machine = new_machine(model.traits.policy, options and options.ignore_dates)
  while true do
    local action = machine:next(model.now)
    if action.action == "done" then
      if trace then trace(("%8.2f  %s: %s"):format(model.now, tostring(action.outcome), action.message)) end
      if trace then trace(model:describe()) end
      return fault_of(model, machine, action), action.outcome or action.kind
    end
    local word = moves[action.action](model, machine, action)
    if trace and word then trace(("%8.2f  %s: %s"):format(model.now, action.action, word)) end
  end
end

return sync_explorer
