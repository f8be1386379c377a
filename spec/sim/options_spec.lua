local options = require("idle.sim.options")

local function refusal(given, with_process_options)
  local ok, err = pcall(options.complete, given, with_process_options)
  assert.is_false(ok)
  assert.equal("input.option", err.kind)
  return err.message
end

describe("idle.sim.options", function()
  it("fills in the defaults", function()
    local complete = options.complete({ busy_starts = 3 })
    assert.equal(3, complete.busy_starts)
    assert.equal(8, complete.cycle_seconds)
    assert.equal(1, complete.start_delay_seconds)
    assert.equal(0.5, complete.gap_seconds)
    assert.is_true(complete.flag_in_gaps)
    assert.equal("begin", complete.history_at)
  end)

  it("names the nearest option for an unknown one", function()
    assert.equal("unknown simulator option 'busy_start'; did you mean 'busy_starts'?", refusal({ busy_start = 1 }))
  end)

  it("names the nearest run and the nearest result", function()
    assert.matches("'Entra Exprt' is none; did you mean 'Entra Export'%?$",
      refusal({ result = { ["Entra Exprt"] = "success" } }))
    assert.matches("'completed%-export%-eror' is none; did you mean 'completed%-export%-errors'%?$",
      refusal({ result = { ["Entra Export"] = "completed-export-eror" } }))
  end)

  it("refuses values of the wrong kind", function()
    assert.matches("'cycle_seconds' must be a number of seconds above 0", refusal({ cycle_seconds = 0 }))
    assert.matches("'gap_seconds' must be a number of seconds", refusal({ gap_seconds = "27" }))
    assert.matches("'staging' must be true or false", refusal({ staging = 1 }))
    assert.matches("'busy_starts' must be a whole number", refusal({ busy_starts = 1.5 }))
    assert.matches("'history_at' must be one of begin, end", refusal({ history_at = "middle" }))
    assert.matches("'foreign_starts' must be a list of seconds", refusal({ foreign_starts = { "1" } }))
    assert.matches("'faults' must be a list of", refusal({ faults = { { command = "Get-Date", fault = "crash" } } }))
    assert.matches("'faults' must be a list of",
      refusal({ faults = { { command = "Get-Date", nth = 0, fault = "null" } } }))
  end)

  it("knows the options of a process only where there is one", function()
    assert.equal("unknown simulator option 'noise'; it is only behind 'sim sshd'", refusal({ noise = true }))
    assert.is_true(options.complete({ noise = true }, true).noise)
    assert.matches("'language_mode' must be one of", refusal({ language_mode = "Full" }, true))
  end)

  it("reads settings of the command line as JSON or as words", function()
    assert.same({ "busy_starts", 2 }, { options.parse_setting("busy_starts=2") })
    assert.same({ "staging", true }, { options.parse_setting("staging=true") })
    assert.same({ "history_at", "end" }, { options.parse_setting("history_at=end") })
    local name, result = options.parse_setting('result={"AD Export":"no-start-connection"}')
    assert.equal("result", name)
    assert.equal("no-start-connection", result["AD Export"])
    assert.has_error(function() options.parse_setting("busy_starts") end)
  end)
end)
