--- What a flow must not do, whatever goes wrong at the far end.
local errors = require("idle.engine.errors")

local fault_rules = {}

-- A mistake in the flow or in the spec itself, not a way to fail.
local function mistake_in(text)
  return text:find(":%d+: attempt to ") or text:find("bad argument #", 1, true)
end

local ENDLESS = { ["test.limit"] = true, ["test.stuck"] = true }

-- The step that a result failed with.
local function step_words(result)
  for _, record in ipairs(type(result.Steps) == "table" and result.Steps or {}) do
    if type(record) == "table" and record.Error then
      return (": step '%s', %s (%s, effect %s)"):format(errors.escape(tostring(record.Name)),
        errors.escape(tostring(record.Error)), tostring(record.ErrorKind), tostring(record.Effect))
    end
  end
  return ""
end

local function words_of(run)
  if run.raised == nil then
    return ("its result says '%s'%s"):format(errors.escape(run.status), step_words(run.result))
  end
  local err = errors.from(run.raised)
  return ("%s (%s, effect %s%s)"):format(errors.escape(tostring(err)), err.kind, err.effect,
    run.raised_at and ", at " .. run.raised_at or "")
end

local rules = {}

function rules.mistake(run)
  if run.raised == nil then return end
  if run.failure ~= nil then return tostring(run.failure):match("^[^\n]*") end
  local err = errors.from(run.raised)
  if ENDLESS[err.kind] then return ("it never ends: %s"):format(tostring(err)) end
  if err.kind:find("^test%.") then return tostring(err) end
  if mistake_in(tostring(err)) then return ("it breaks: %s"):format(errors.escape(tostring(err))) end
end

function rules.expected(run, clean, fault)
  -- Who does not wait says no more than that a cycle was started; who starts none, nothing.
  local says_little = clean.exported == 0 and (#run.starts > 0 or #clean.starts == 0)
  if fault.expected == "completes" and not run.is_completed then
    return ("a correct flow gets over this, but it failed: %s"):format(words_of(run))
  elseif fault.expected == "fails" and run.is_completed and not says_little then
    return "it completed, though its change cannot have been exported"
  end
end

-- Who wished for how many cycles is known from the run without a fault.
function rules.double_start(run, clean)
  if #run.starts > #clean.starts then
    return ("double start: %d starts took effect, and it wishes for %d"):format(#run.starts, #clean.starts)
  end
  for index, start in ipairs(run.starts) do
    if start.is_blind then
      return ("double start: start %d was sent while nobody knew what had become of the one before it, whose answer "
        .. "was lost"):format(index)
    end
  end
end

-- As many cycles must have carried its changes as without a fault. A flow that does not wait has none there.
function rules.false_success(run, clean)
  if run.is_completed and run.exported < clean.exported then
    return ("false success: it completed, and %d of %d changes were exported by then"):format(run.exported,
      clean.exported)
  end
end

local ORDER = { "mistake", "double_start", "false_success", "expected" }

--- The first rule that a run breaks.
---@param run   idle.test.FaultRun
---@param clean idle.test.FaultRun  of the same flow without a fault
---@param fault idle.test.Fault
---@return string? problem
function fault_rules.problem(run, clean, fault)
  for _, name in ipairs(ORDER) do
    local problem = rules[name](run, clean, fault)
    if problem then return problem end
  end
end

return fault_rules
