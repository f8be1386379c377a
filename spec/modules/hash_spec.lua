local hash = require("idle.hash")
local process = require("idle.process")
local retry = require("idle.engine.retry")
local secret = require("idle.secret")

describe("idle.hash", function()
  local function hex(bytes)
    return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
  end

  it("computes SHA-256, as FIPS 180-4 has it", function()
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hex(hash.sha256("")))
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex(hash.sha256("abc")))
  end)

  it("takes zero bytes", function()
    assert.not_equal(hash.sha256("a\0b"), hash.sha256("a\0c"))
  end)

  it("refuses what is no string", function()
    assert.has_error(function() hash.sha256({}) end)
  end)

  describe("tags of secrets", function()
    local password = secret.new("hunter2")

    it("tell whether two are the same", function()
      assert.equal(32, #hash.tag(password))
      assert.equal(hash.tag(password), hash.tag(secret.new("hunter2")))
      assert.equal(hash.tag(password), hash.tag("hunter2"))
      assert.not_equal(hash.tag(password), hash.tag("hunter3"))
      assert.not_equal(hash.tag("a\0b"), hash.tag(secret.new("a\0c")))
    end)

    it("are none of a closed one, and refused of what is no secret", function()
      local closed = secret.new("x")
      closed:close()
      assert.is_nil(hash.tag(closed))
      assert.has_error(function() hash.tag({}) end)
    end)

    it("mean nothing elsewhere: not as a digest, not in another process, and not by a seed", function()
      local function elsewhere(argument)
        local child <close> = assert(process.spawn({ command = { process.executable(), "-e", [[
          if arg[1] then require("idle.loop").seed(1) end
          io.write(require("idle.hash").tag("hunter2"))]], "-", argument } }))
        child:finish()
        return assert(child:read_all(10000))
      end
      local tags = { hash.tag(password), hash.sha256("hunter2"), elsewhere(), elsewhere("seed"), elsewhere("seed") }
      for index = 1, #tags do
        assert.equal(32, #tags[index])
        for other = index + 1, #tags do assert.not_equal(tags[index], tags[other]) end
      end
    end)
  end)

  describe("as the source of a retry's jitter", function()
    local function delay(profile, seed)
      return retry.delay_ms(profile, math.tointeger(seed:match("%d+$")), retry.unit(hash.sha256(seed)))
    end

    it("gives the delays that IdLE gives", function()
      local prefix = "11111111-1111-1111-1111-111111111111|IdLE.Step.EnsureAttributes|Ensure attributes|0|"
      assert.equal(262, delay(retry.DEFAULTS, prefix .. "1"))
      assert.equal(590, delay(retry.DEFAULTS, prefix .. "2"))
    end)

    it("gives them for on-failure steps and other profiles", function()
      local profile = { InitialDelayMilliseconds = 100, BackoffFactor = 1.5, MaxDelayMilliseconds = 1000,
        JitterRatio = 0.1 }
      local step = { type = "IdLE.Step.EmitEvent", name = "Notify", index = 1, on_failure = true }
      for attempt, expected in ipairs({ 105, 154, 215 }) do
        assert.equal(expected, delay(profile, retry.seed("corr-1", step, attempt)))
      end
    end)

    it("gives the unit to twelve digits", function()
      local seed = "corr-1|OnFailure|IdLE.Step.EmitEvent|Notify|1|3"
      assert.near(-0.045022188080, (2 * retry.unit(hash.sha256(seed)) - 1) * 0.1, 1e-12)
    end)
  end)
end)
