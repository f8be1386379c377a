local NULL = require("spec.support.null")
local execution_options = require("idle.engine.execution_options")
local retry = require("idle.engine.retry")

describe("idle.engine.execution_options", function()
  local function message(options)
    local ok, err = pcall(execution_options.check, options)
    assert.is_false(ok)
    assert.equal("input.setup", err.kind)
    return err.message
  end

  local function profile_message(profile) return message({ RetryProfiles = { slow = profile } }) end

  it("takes none for the defaults", function()
    local checked = execution_options.check(nil)
    assert.equal(retry.DEFAULTS, execution_options.profile(checked, "Sync"))
  end)

  it("lets a profile override only what it names, in any case", function()
    local checked = execution_options.check({ retryprofiles = { slow = { maxattempts = 5 } } })
    local profile = execution_options.profile(checked, "Sync", "SLOW")
    assert.equal(5, profile.MaxAttempts)
    assert.equal(250, profile.InitialDelayMilliseconds)
  end)

  it("gives the default profile to steps that name none", function()
    local checked = execution_options.check({
      RetryProfiles = { once = { MaxAttempts = 1 } }, DefaultRetryProfile = "Once",
    })
    assert.equal(1, execution_options.profile(checked, "Sync").MaxAttempts)
  end)

  it("takes a profile that a step brings along", function()
    local checked = execution_options.check(nil)
    assert.equal(7, execution_options.profile(checked, "Sync", { MaxAttempts = 7 }).MaxAttempts)
    assert.has_error(function() execution_options.profile(checked, "Sync", { MaxAttempts = 70 }) end)
  end)

  it("names the profile and the bound", function()
    assert.matches("'slow': MaxAttempts must be an integer between 0 and 10", profile_message({ MaxAttempts = 11 }))
    assert.matches("MaxAttempts", profile_message({ MaxAttempts = "3" }))
    assert.matches("MaxAttempts", profile_message({ MaxAttempts = 1.5 }))
    assert.matches("between 0 and 60000", profile_message({ InitialDelayMilliseconds = 60001 }))
    assert.matches("BackoffFactor must be a number >= 1.0", profile_message({ BackoffFactor = 0.5 }))
    assert.matches("between 0 and 300000", profile_message({ MaxDelayMilliseconds = -1 }))
    assert.matches("JitterRatio must be a number between 0.0 and 1.0", profile_message({ JitterRatio = 1.1 }))
    assert.matches("JitterRatio", profile_message({ JitterRatio = 0 / 0 }))
    assert.matches("must be a map, not a boolean$", profile_message(false))
    assert.matches("must be a map, not null$", profile_message(NULL))
  end)

  it("looks at the limit and the first delay together, defaults included", function()
    assert.matches("%(100%) must be >= InitialDelayMilliseconds %(250%)",
      profile_message({ MaxDelayMilliseconds = 100 }))
    assert.matches("%(5000%) must be >= InitialDelayMilliseconds %(6000%)",
      profile_message({ InitialDelayMilliseconds = 6000 }))
  end)

  it("refuses names that are none", function()
    assert.matches("the name 'a b'", message({ RetryProfiles = { ["a b"] = {} } }))
    assert.matches("DefaultRetryProfile must be a name", message({ DefaultRetryProfile = " " }))
    assert.matches("must be a map, not a string$", message("fast"))
    assert.matches("must be a map, not null$", message(NULL))
    assert.matches("RetryProfiles must be a map", message({ RetryProfiles = 1 }))
  end)

  it("refuses a default that does not exist, with the nearest", function()
    assert.matches("'slw' does not exist; did you mean 'slow'", message({
      RetryProfiles = { slow = {} }, DefaultRetryProfile = "slw",
    }))
  end)

  it("ignores keys of others, but not a misspelled one", function()
    execution_options.check({ Telemetry = true })
    assert.matches("unknown key 'RetryProfile'; did you mean 'RetryProfiles'", message({ RetryProfile = {} }))
    assert.matches("unknown key 'MaxAttemps'; did you mean 'MaxAttempts'", profile_message({ MaxAttemps = 1 }))
  end)

  it("refuses an unknown profile of a step, with and without profiles", function()
    for names, options in pairs({ ["none"] = {}, ["quick, slow"] = { RetryProfiles = { slow = {}, quick = {} } } }) do
      local ok, err = pcall(execution_options.profile, execution_options.check(options), "Sync", "fast")
      assert.is_false(ok)
      assert.matches("step 'Sync': unknown RetryProfile 'fast'; available: " .. names, err.message)
    end
  end)
end)
