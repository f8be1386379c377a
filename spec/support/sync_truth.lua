--- What is true of a schedule that sync_model has played, whatever its server showed of it.
local sync_truth = {}

-- Long enough for every pause the rules know: no observation, twice the
-- settling time, the lag of the history, slow and failed looks.
local PATIENCE = 400

-- An import from there on takes the change along; for `Initial` only a full one does.
local function reads_change(model, cycle, run)
  return run.stage == "import" and run.connector == model.changed_in and run.start >= 0
    and (cycle.policy == "Initial" or model.traits.policy == "Delta")
end

-- Follows the change until a moment: read by an import, synchronized after it, exported after that.
-- Returns: "exported", "nothing to export" or "under way".
local function fate(model, t)
  model:catch_up(t)
  local is_read, is_synced, is_over = false, false, false
  for _, cycle in ipairs(model.cycles) do
    for _, run in ipairs(cycle.runs) do
      if run.finish <= t and not run.is_stopped then
        is_read = is_read or reads_change(model, cycle, run)
        is_synced = is_synced or (is_read and run.stage == "sync" and run.connector == model.changed_in)
        if is_synced and run.stage == "export" then return "exported" end
      end
    end
    is_over = is_over or (is_synced and cycle.finish <= t)
  end
  if is_over and not model.traits.has_pending then return "nothing to export" end
  return "under way"
end

--- Whether an outcome claims more than is true.
---@param model   table  of sync_model
---@param outcome string
---@return boolean
function sync_truth.is_false_success(model, outcome)
  if outcome == "Success" or outcome == "CompletedWithErrors" then return fate(model, model.now) ~= "exported" end
  return outcome == "NoExport" and fate(model, model.now) == "under way"
end

-- The cycle that a report is about, by the date of its import.
local function reported_cycle(model, import_start)
  for _, cycle in ipairs(model.cycles) do
    for _, run in ipairs(cycle.runs) do
      if run.stage == "import" and math.abs(run.date - import_start) < 0.002 then return cycle end
    end
  end
end

local DECISIVE = { import = true, sync = true, export = true }

--- Whether a success passes over a run that did not go well.
---@param model        table
---@param import_start number  as it was reported
---@return boolean
function sync_truth.is_glossed_over(model, import_start)
  for _, run in ipairs(reported_cycle(model, import_start).runs) do
    if DECISIVE[run.stage] and run.result ~= "success" then return true end
  end
  return false
end

--- Whose cycle it was.
---@param model        table
---@param import_start number  as it was reported
---@return "Started"|"Adopted"
function sync_truth.carried(model, import_start)
  return reported_cycle(model, import_start).by == "ours" and "Started" or "Adopted"
end

--- Whether somebody ran an import by hand: what it has read lies there until the next cycle.
---@param model table
---@return boolean
function sync_truth.has_hand_import(model)
  for _, cycle in ipairs(model.cycles) do
    if cycle.by == "hand" then return true end
  end
  return false
end

local function has_carried(model)
  for _, cycle in ipairs(model.cycles) do
    for _, run in ipairs(cycle.runs) do
      if cycle.by ~= "hand" and reads_change(model, cycle, run) then return true end
    end
  end
  return false
end

--- Whether a wait reached its deadline although all was over, and visible, long before it.
---@param model   table  of sync_model
---@param outcome string
---@return boolean
function sync_truth.is_needless_timeout(model, outcome)
  local was_free = model.free_at <= model.now - PATIENCE
  if outcome == "Busy" then return was_free end
  if outcome ~= "Timeout" or not was_free or not has_carried(model) then return false end
  if not sync_truth.has_hand_import(model) then return true end
  local traits = model.traits
  return fate(model, model.now) ~= "under way" and traits.purge_at == math.huge and traits.flag ~= "missing"
end

--- Whether our cycle ran where everybody who looks must see it.
---@param model table
---@return boolean
function sync_truth.should_be_seen(model)
  local traits = model.traits
  return model.starts == 1 and traits.has_clock and traits.has_history and traits.history_shift == 0
    and traits.clock_step == 0 and traits.purge_at == math.huge and not traits.stop
end

return sync_truth
