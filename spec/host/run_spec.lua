local errors = require("idle.engine.errors")
local far = require("spec.support.far")
local json = require("idle.json")
local loop = require("idle.loop")
local run = require("idle.host.run")
local run_stage = require("spec.support.run_stage")
local stages = require("spec.support.stage")
local terminal = require("idle.host.terminal")
local value = require("idle.engine.value")
local virtually = require("idle.test.in_virtual_time")

describe("idle.host.run", function()
  local stage = run_stage.new()
  local begin, types_seen, event_of = stage.begin, stage.types_seen, stage.event_of
  local failure, result_of, fails_at_first = far.raised, run_stage.result_of, stages.fails_at_first

  describe("new", function()
    it("wants a name, and knows its options", virtually(function()
      assert.matches("run: name must be a text that is not empty, got nil", failure(run.new, {}).message)
      assert.matches("run: name must be a text", failure(run.new, { name = " " }).message)
      assert.matches("unknown field 'provider'; did you mean 'providers'",
        failure(run.new, { name = "x", provider = {} }).message)
      assert.matches("run must be a table", failure(run.new, "x").message)
    end))

    it("checks what it is given before anything runs", virtually(function()
      for field, wrong in pairs({ request = 5, providers = "x", event_sink = print, actor = 7, correlation_id = "" }) do
        assert.equal("input.setup", failure(run.new, { name = "x", [field] = wrong }).kind)
      end
      assert.matches("MaxAttempts", failure(run.new, { name = "x",
        execution_options = { RetryProfiles = { p = { MaxAttempts = 99 } } } }).message)
    end))

    it("takes actor and correlation id from the request", virtually(function()
      local result = result_of(begin({ request = { CorrelationId = "c-9", Actor = "ann" } }))
      assert.equal("c-9", result.CorrelationId)
      assert.equal("ann", result.Actor)
    end))

    it("makes a correlation id where none is given", virtually(function()
      local first, second = result_of(begin()), result_of(begin())
      assert.matches("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", first.CorrelationId)
      assert.not_equal(first.CorrelationId, second.CorrelationId)
    end))
  end)

  describe("a step that is a function", function()
    it("returns the function's value", virtually(function()
      local it = begin()
      assert.same({ ticket = 5 }, it:step("Order", function() return { ticket = 5 } end))
      local result = result_of(it)
      assert.equal("Completed", result.Status)
      assert.equal("Function", result.Steps[1].Type)
      assert.same({ Value = { ticket = 5 } }, result.Steps[1].Data)
    end))

    it("is handed providers, sessions and the record", virtually(function()
      local session = { InvokeCommand = function() end }
      local asked
      local it = begin({ correlation_id = "c-1", actor = "ann", providers = { AuthSessionBroker = {
        AcquireAuthSession = function(_, name, options) asked = { name, options } return session end,
      } } })
      it:step("Look", function(context)
        assert.equal(session, context:AcquireAuthSession("Exchange", { Role = "Admin" }))
        context.EventSink:WriteEvent("Custom", "hello", "Look", { n = 1 })
      end)
      assert.same({ "Exchange", { Role = "Admin", CorrelationId = "c-1", Actor = "ann" } }, asked)
      assert.equal("hello", event_of("Custom").Message)
      result_of(it)
    end))

    it("refuses a value that can't be recorded: the change was made", virtually(function()
      local it = begin()
      local err = failure(it.step, it, "Order", function() return { callback = print } end)
      assert.equal("step.failed", err.kind)
      assert.equal("applied", err.effect)
      result_of(it)
    end))

    it("makes an error of whatever is raised, in doubt about the change", virtually(function()
      local it = begin()
      local err = failure(it.step, it, "Order", function() error("no stock", 0) end)
      assert.equal("step.failed", err.kind)
      assert.equal("no stock", err.message)
      assert.equal("unknown", err.effect)
      assert.equal("Order", err.step)
      assert.matches("run_spec.lua", err.traceback)
      assert.equal("InDoubt", result_of(it).Status)
    end))

    it("keeps what a script's own error says", virtually(function()
      local it = begin()
      local err = failure(it.step, it, "Order", function()
        error({ kind = "shop.closed", message = "closed", effect = "none", hours = 8 })
      end)
      assert.equal("shop.closed", err.kind)
      assert.equal(8, err.hours)
      assert.equal("Failed", result_of(it).Status)
    end))
  end)

  describe("a step of a type", function()
    local function with_type(handler, options)
      options = options or {}
      options.providers = { StepRegistry = { ["Acme.Badge"] = handler } }
      return begin(options)
    end

    it("hands over With and returns the handler's result with its attempts", virtually(function()
      local got
      local it = with_type(function(_, with, step)
        got = { with, step }
        return { Status = "Completed", Changed = true, Data = { Number = 7 } }
      end)
      local result = it:step("Badge", "acme.badge", { Colour = "blue" })
      assert.same({ Status = "Completed", Changed = true, Data = { Number = 7 }, Attempts = 1 }, result)
      assert.same({ { Colour = "blue" }, { Name = "Badge", Type = "Acme.Badge" } }, got)
      assert.equal(7, result_of(it).Steps[1].Data.Number)
    end))

    it("takes no result, and one without status, for completed", virtually(function()
      local it = with_type(function(_, with) return with.Result end)
      assert.equal("Completed", it:step("A", "Acme.Badge").Status)
      assert.equal("Completed", it:step("B", "Acme.Badge", { Result = { Changed = false } }).Status)
      result_of(it)
    end))

    it("raises for a result that says Failed, without trying again", virtually(function()
      local calls = 0
      local it = with_type(function()
        calls = calls + 1
        return { Status = "Failed", Error = "no card left", Data = { Stock = 0 } }
      end)
      local err = failure(it.step, it, "Badge", "Acme.Badge")
      assert.equal("step.failed", err.kind)
      assert.equal("none", err.effect)
      assert.same({ Stock = 0 }, err.data)
      assert.equal(1, calls)
      assert.equal("Failed", result_of(it).Status)
    end))

    it("refuses a handler's result that is no table", virtually(function()
      local it = with_type(function() return "done" end)
      assert.matches("returned a string", failure(it.step, it, "Badge", "Acme.Badge").message)
      result_of(it)
      it = with_type(function() return json.null end)
      assert.matches("returned null", failure(it.step, it, "Badge", "Acme.Badge").message)
      result_of(it)
    end))

    it("names the nearest type for an unknown one, before anything happens", virtually(function()
      local it = begin()
      local err = failure(it.step, it, "Sync", "IdLE.Step.TriggerDirectorySnyc", {})
      assert.equal("input.workflow", err.kind)
      assert.matches("did you mean 'IdLE.Step.TriggerDirectorySync'", err.message)
      assert.equal("RunStarted", types_seen())
      result_of(it)
    end))
  end)

  describe("the record", function()
    it("begins and ends with the run, with each step in between", virtually(function()
      local it = begin({ correlation_id = "c-1", actor = "ann" })
      it:step("One", function() end)
      pcall(it.step, it, "Two", function() error(errors.new("ssh.auth", "wrong key"), 0) end)
      result_of(it)
      assert.equal("RunStarted StepStarted StepCompleted StepStarted StepFailed RunCompleted", types_seen())
      assert.equal("c-1", stage.seen[1].Data.CorrelationId)
      assert.is_true(value.is_null(stage.seen[1].Data.StepCount))
      assert.same({ StepType = "Function", Index = 0 }, stage.seen[2].Data)
      assert.same({ StepType = "Function", Index = 1, Error = "wrong key", ErrorKind = "ssh.auth", Effect = "none" },
        stage.seen[5].Data)
      assert.same({ Status = "Failed", StepCount = 2 }, stage.seen[6].Data)
    end))

    it("is in the result, redacted, lists staying lists", virtually(function()
      local it = begin()
      it:step("Make", function() return { Password = "hunter2", groups = value.list() } end)
      local result = result_of(it)
      assert.equal("[REDACTED]", result.Steps[1].Data.Value.Password)
      assert.is_true(value.is_list(result.Steps[1].Data.Value.groups))
      assert.is_true(value.is_list(result.Steps))
      assert.equal(4, #result.Events)
      assert.same({ Status = "NotRun", Steps = {} }, { Status = result.OnFailure.Status, Steps = {} })
      assert.matches("^%d+%-%d+%-%d+T", result.Steps[1].StartedUtc)
      assert.is_true(result.Steps[1].DurationMs >= 0)
      assert.is_string(require("idle.json").encode(result))
    end))

    it("survives a sink that fails, and warns", virtually(function()
      local warnings = {}
      local warn = terminal.warn
      finally(function() terminal.warn = warn end)
      terminal.warn = function(text) warnings[#warnings + 1] = text end
      local it = run.new({ name = "joiner", event_sink = { WriteEvent = function() error("full", 0) end } })
      assert.equal(1, it:step("One", function() return 1 end))
      assert.equal(4, #result_of(it).Events)
      assert.matches("an event sink failed at 'RunStarted': full", warnings[1])
    end))
  end)

  describe("retries", function()
    it("repeats what says it is transient, and counts", virtually(function()
      local it = begin()
      assert.equal("ok", it:step("Call", fails_at_first(2, "ok")))
      assert.equal(3, result_of(it).Steps[1].Attempts)
      local retrying = event_of("StepRetrying")
      assert.same({ attempt = 1, maxAttempts = 3, errorType = "ssh.connect", message = "refused", StepType = "Function",
        Index = 0, delayMs = retrying.Data.delayMs }, retrying.Data)
      assert.matches("^StepExecution: attempt 1 of 3 failed", retrying.Message)
    end))

    it("counts the attempts of a step that fails in the end", virtually(function()
      local it = begin()
      assert.equal("ssh.connect", failure(it.step, it, "Call", fails_at_first(9)).kind)
      assert.equal(3, result_of(it).Steps[1].Attempts)
    end))

    it("never repeats another failure", virtually(function()
      local calls = 0
      local it = begin()
      failure(it.step, it, "Call", function() calls = calls + 1 error("boom") end)
      assert.equal(1, calls)
      assert.equal(1, result_of(it).Steps[1].Attempts)
    end))

    it("takes a profile by name, and one that the step brings along", virtually(function()
      local it = begin({ execution_options = { RetryProfiles = { once = { MaxAttempts = 1 } } } })
      failure(it.step, it, "A", fails_at_first(1), { retry = "once" })
      local twice = { MaxAttempts = 2, InitialDelayMilliseconds = 1 }
      assert.equal("done", it:step("B", fails_at_first(1, "done"), { retry = twice }))
      assert.matches("unknown RetryProfile 'twice'", failure(it.step, it, "C", print, { retry = "twice" }).message)
      result_of(it)
    end))

    it("waits as long as IdLE would", virtually(function()
      local it = begin({ correlation_id = "11111111-1111-1111-1111-111111111111", execution_options = {},
        providers = { StepRegistry = { ["IdLE.Step.EnsureAttributes"] = fails_at_first(1, {}) } } })
      it:step("Ensure attributes", "IdLE.Step.EnsureAttributes")
      assert.equal(262, event_of("StepRetrying").Data.delayMs)
      result_of(it)
    end))
  end)

  describe("the timeout of a step", function()
    it("ends the step with all its attempts", virtually(function()
      local it = begin()
      local err = failure(it.step, it, "Slow", function() loop.sleep(60000) end, { timeout = 0.02 })
      assert.equal("timeout", err.kind)
      assert.equal("step 'Slow' was not done within 0.02 s", err.message)
      assert.equal("Failed", result_of(it).Status)
    end))

    it("must be a time", virtually(function()
      local it = begin()
      assert.matches("timeout must be a number", failure(it.step, it, "Slow", print, { timeout = 0 }).message)
      assert.matches("unknown field 'timout'; did you mean 'timeout'",
        failure(it.step, it, "Slow", print, { timout = 1 }).message)
      result_of(it)
    end))
  end)

  describe("names of steps", function()
    it("are unique, whatever their case", virtually(function()
      local it = begin()
      it:step("Sync", function() end)
      assert.matches("has a step 'sync' already", failure(it.step, it, "sync", function() end).message)
      assert.matches("name of a step must be a text", failure(it.step, it, "", function() end).message)
      assert.matches("needs a step type or a function", failure(it.step, it, "Third", 5).message)
      assert.equal(1, #result_of(it).Steps)
    end))
  end)
end)
