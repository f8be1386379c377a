local chance = require("idle.test.chance")
local loop = require("idle.loop")

describe("idle.test.chance", function()
  after_each(function()
    loop.seed(nil)
    math.randomseed()
  end)

  local function draw() return { loop.random(), loop.random_bytes(20), math.random(1 << 53) } end

  it("repeats jitter, ids and math.random behind a seed", function()
    chance.seed(7)
    local first, second = draw(), draw()
    chance.seed(7)
    assert.same({ first, second }, { draw(), draw() })
    assert.not_same(first, second)
    chance.seed(8)
    assert.not_same(first, draw())
    assert.equal(8, chance.current())
  end)

  it("is the system's again without a seed", function()
    loop.seed(7)
    local first = loop.random_bytes(16)
    loop.seed(nil)
    assert.not_equal(first, loop.random_bytes(16))
    assert.not_equal(loop.random_bytes(16), loop.random_bytes(16))
  end)

  it("gives numbers from 0 to below 1", function()
    chance.seed(1)
    for _ = 1, 1000 do
      local x = loop.random()
      assert.is_true(x >= 0 and x < 1)
    end
  end)

  it("wants an integer", function()
    assert.error_matches(function() chance.seed("soon") end, "seed must be an integer, got soon")
    assert.error_matches(function() chance.seed(1.5) end, "seed must be an integer, got 1.5")
  end)
end)
