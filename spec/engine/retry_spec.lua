local errors = require("idle.engine.errors")
local retry = require("idle.engine.retry")

describe("idle.engine.retry", function()
  local function seeded_unit(factor, ratio) return (factor / ratio + 1) / 2 end

  it("grows the delay with every failure, up to its limit", function()
    local steady = { InitialDelayMilliseconds = 100, BackoffFactor = 2.0, MaxDelayMilliseconds = 250, JitterRatio = 0 }
    assert.equal(100, retry.delay_ms(steady, 1, 0.3))
    assert.equal(200, retry.delay_ms(steady, 2, 0.3))
    assert.equal(250, retry.delay_ms(steady, 3, 0.3))
    assert.equal(250, retry.delay_ms(steady, 10, 0.3))
  end)

  it("adds the jitter that IdLE adds", function()
    local flat = { InitialDelayMilliseconds = 100, BackoffFactor = 1.5, MaxDelayMilliseconds = 1000, JitterRatio = 0.1 }
    assert.equal(262, retry.delay_ms(retry.DEFAULTS, 1, seeded_unit(0.048827850767, 0.2)))
    assert.equal(590, retry.delay_ms(retry.DEFAULTS, 2, seeded_unit(0.179811182885, 0.2)))
    assert.equal(105, retry.delay_ms(flat, 1, seeded_unit(0.046878577808, 0.1)))
    assert.equal(154, retry.delay_ms(flat, 2, seeded_unit(0.026850267145, 0.1)))
    assert.equal(215, retry.delay_ms(flat, 3, seeded_unit(-0.045022188080, 0.1)))
  end)

  it("rounds halves to the even number", function()
    local half = { InitialDelayMilliseconds = 1, BackoffFactor = 2.5, MaxDelayMilliseconds = 1000, JitterRatio = 0 }
    assert.equal(2, retry.delay_ms(half, 2, 0))
    half.BackoffFactor = 3.5
    assert.equal(4, retry.delay_ms(half, 2, 0))
  end)

  it("never waits a negative time", function()
    local wild = { InitialDelayMilliseconds = 10, BackoffFactor = 1, MaxDelayMilliseconds = 10, JitterRatio = 1 }
    assert.equal(0, retry.delay_ms(wild, 1, 0))
    assert.equal(20, retry.delay_ms(wild, 1, 1))
  end)

  it("names the attempt in the seed, and the section of on-failure steps", function()
    local step = { type = "IdLE.Step.EmitEvent", name = "Notify", index = 1 }
    assert.equal("corr-1|IdLE.Step.EmitEvent|Notify|1|2", retry.seed("corr-1", step, 2))
    step.on_failure = true
    assert.equal("corr-1|OnFailure|IdLE.Step.EmitEvent|Notify|1|2", retry.seed("corr-1", step, 2))
  end)

  it("makes a number of the first eight bytes, little-endian and unsigned", function()
    assert.equal(0.0, retry.unit(("\0"):rep(32)))
    assert.equal(1.0, retry.unit(("\255"):rep(32)))
    assert.near(0.5, retry.unit("\0\0\0\0\0\0\0\x80"), 1e-15)
    assert.near(1 / 2 ^ 64, retry.unit("\1\0\0\0\0\0\0\0"), 1e-30)
  end)

  it("repeats only what says it is transient", function()
    assert.is_true(retry.may_repeat(retry.DEFAULTS, 1, errors.new("ssh.connect", "refused")))
    assert.is_false(retry.may_repeat(retry.DEFAULTS, 1, errors.new("ssh.auth", "wrong key")))
    assert.is_false(retry.may_repeat(retry.DEFAULTS, 1, errors.from("boom")))
  end)

  it("stops after the last attempt", function()
    local refused = errors.new("ssh.connect", "refused")
    assert.is_true(retry.may_repeat({ MaxAttempts = 3 }, 2, refused))
    assert.is_false(retry.may_repeat({ MaxAttempts = 3 }, 3, refused))
    assert.is_false(retry.may_repeat({ MaxAttempts = 1 }, 1, refused))
    assert.is_false(retry.may_repeat({ MaxAttempts = 0 }, 1, refused))
  end)

  it("does not repeat a step that has waited its whole time for a busy server", function()
    assert.is_false(retry.may_repeat(retry.DEFAULTS, 1, errors.new("sync.busy", "busy for 600 s")))
  end)
end)
