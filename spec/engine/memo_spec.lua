local memo = require("idle.engine.memo")

describe("idle.engine.memo", function()
  local asked
  local length = memo.of(function(text)
    asked = asked + 1
    return #text > 2 and #text
  end)

  before_each(function() asked = 0 end)

  it("asks once, also if the answer is false", function()
    for _ = 1, 3 do
      assert.equal(3, length("abc"))
      assert.is_false(length("a"))
    end
    assert.equal(2, asked)
  end)

  it("does not keep long texts, which may be anything", function()
    local long = ("x"):rep(65)
    assert.equal(65, length(long))
    assert.equal(65, length(long))
    assert.equal(2, asked)
  end)

  it("begins anew before it grows large", function()
    for round = 1, 2 do
      for number = 1, 1000 do length(("number %d"):format(number)) end
      assert.equal(1000 * round, asked)
    end
    length("number 1000")
    assert.equal(2000, asked)
  end)
end)
