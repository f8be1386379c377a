local place = require("idle.test.place")

describe("idle.test.place", function()
  it("is the innermost line that is not ours", function()
    local function deeper() return (place.of_caller()) end
    assert.matches("^spec/test/place_spec.lua:%d+$", deeper())
  end)

  it("is in a script whose folder is called as one of ours", function()
    for _, path in ipairs({ "/home/busted/a_spec.lua", "x/luassert/a_spec.lua", "/srv/lua/idle/flow.lua" }) do
      local call = assert(load("local f = ...\nreturn (f())", "@" .. path))
      assert.equal(path .. ":2", call(place.of_caller))
    end
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
