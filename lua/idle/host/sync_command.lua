--- `idle-lua sync`: a sync cycle without any script.
local document = require("idle.host.document")
local errors = require("idle.engine.errors")
local sync_session = require("idle.host.sync_session")

local sync_command = {}

local WARNINGS = { CompletedWithErrors = true, Unverified = true, NoExport = true }

local function open_session(options)
  local of_server = options.sim and sync_session.option_in(options)
  if of_server == "host" then
    errors.raise("input.option", "--sim and --host exclude each other")
  elseif of_server then
    errors.raise("input.option", ("--%s is for a real server, and --sim has none; leave one of them out"):format(
      of_server))
  elseif options.set and not options.sim then
    errors.raise("input.option", "--set is for the simulator; add --sim")
  elseif options.sim then
    return require("idle.host.simulated").session(options.set or {})
  elseif not options.host then
    errors.raise("input.option", "sync needs --host HOST, the Entra Connect server; or --sim, to try it without one")
  end
  return sync_session.open(options)
end

local function check_options(options)
  document.check_stdout(options)
  if options["no-wait"] and options["wait-timeout"] then
    errors.raise("input.option", "--no-wait and --wait-timeout exclude each other")
  end
end

local function with_of(options, former)
  return {
    AuthSessionName = "sync",
    PolicyType = options.policy or "Delta",
    Wait = not options["no-wait"],
    TimeoutSeconds = options["wait-timeout"],
    PollIntervalSeconds = options.poll,
    OnBusy = options["on-busy"],
    SettleSeconds = options.settle,
    Until = options["until"],
    AllowDisabled = options["allow-disabled"],
    Expect = options.expect,
    Baseline = former,
  }
end

local function print_data(options, data)
  if options.json then return end
  io.stdout:write(require("idle.host.sync_text").describe(data))
end

local function waiting_on(options, data)
  local later = "the same call" .. (options["no-wait"] and " without --no-wait" or "") .. " waits on"
  if data and data.Outcome == "NotObserved" then
    later = later .. "; if no cycle was started, remove the file, and it starts one"
  end
  return (data and data.Starts == 0) and "nothing was started now; " .. later or later
end

-- What became of the sync counts more than what becomes of the file.
local function settle(keeper, options, data)
  local ok, is_kept = pcall(keeper.settle, keeper, data)
  if not ok then
    require("idle.host.terminal").warn(("%s; see to it by hand: while it is there, no cycle is started"):format(
      tostring(is_kept)))
  elseif is_kept and not options.json then
    local path = errors.escape(options.baseline)
    io.stdout:write(("  baseline  kept in '%s': %s\n"):format(path, waiting_on(options, data)))
  end
end

-- Also a step that failed has something to show, and a baseline to keep.
local function trigger(options, providers, keeper)
  local lone_step = require("idle.host.lone_step")
  local with = with_of(options, keeper and keeper.former)
  local note = require("idle.host.sync_note").new(keeper)
  local ok, outcome = pcall(lone_step.trigger_directory_sync, with, {
    Providers = providers, EventSink = note, NoteStart = keeper and function(intent) keeper:note_start(intent) end,
  })
  local data = type(outcome) == "table" and (outcome.Data or outcome.data) or nil
  if data and data.Outcome then print_data(options, data) end
  if keeper then settle(keeper, options, data) end
  if not ok then error(errors.is_ctrl_c(outcome) and note:interruption() or outcome, 0) end
  return outcome
end

local function run_step(options, providers)
  local keeper = options.baseline and require("idle.host.baseline_file").open(options.baseline)
  local result = trigger(options, providers, keeper)
  if options.json then document.print(result) end
  return options.strict and WARNINGS[result.Data.Outcome] and 2 or 0
end

-- Why the step would refuse to start a cycle now.
local function refusal_of(options, answer)
  local look = require("idle.engine.sync_look").read(answer)
  local machine = { attempts = 0, allow_disabled = options["allow-disabled"] }
  return require("idle.engine.sync_start").refusal(machine, look)
end

local function check_server(options, provider, session)
  local answer = provider:GetSyncCycleState(session)
  local refusal = refusal_of(options, answer)
  if options.json then
    answer.Refusal = refusal and { Kind = refusal.kind, Message = refusal.message }
    document.print(answer)
  else
    io.stdout:write(require("idle.host.sync_text").describe_look(answer, refusal and refusal.message))
  end
  return refusal and 2 or 0
end

--- Runs the command.
---@param options table  by name, as `idle.host.command_table` lists them
---@return integer exit_status
function sync_command.main(options)
  check_options(options)
  local session = open_session(options)
  local _ <close> = setmetatable({}, { __close = function(_, err)
    if session.close then session:close() end
    sync_session.name_options(err)
  end })
  local provider = require("idle.providers.entra_connect")({})
  if options.check then return check_server(options, provider, session) end
  return run_step(options, {
    DirectorySync = provider,
    AuthSessionBroker = require("idle.host.broker").new({ default = session, fallback = true }),
  })
end

return sync_command
