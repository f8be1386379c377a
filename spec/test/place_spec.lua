local place = require("idle.test.place")

describe("idle.test.place", function()
  it("is the innermost line that is not ours", function()
    local function deeper() return (place.of_caller()) end
    assert.matches("^spec/test/place_spec.lua:%d+$", deeper())
  end)

  it("is where a mistake is raised", function()
    local ok, err = pcall(function() place.raise("wrong") end)
    assert.is_false(ok)
    assert.matches("^spec/test/place_spec.lua:%d+: wrong$", err)
  end)

  it("is none in a task of nothing but our own code", function()
    assert.is_nil(require("idle.loop").spawn(place.of_caller):join())
    local ok, err = pcall(function() require("idle.loop").spawn(place.raise, "wrong"):join() end)
    assert.is_false(ok)
    assert.equal("wrong", err)
  end)
end)
