local stand_ins = require("idle.test.stand_ins")

describe("idle.test.stand_ins", function()
  local library
  local own = os.time

  before_each(function() library = { time = own } end)

  local function put()
    local placed = stand_ins.new()
    placed:put(library, "time", function(time)
      assert.equal(own, time)
      return function() return 5 end
    end)
    return placed
  end

  it("takes the place of Lua's own until it is closed", function()
    local placed = put()
    assert.equal(5, library.time())
    placed:close()
    assert.equal(own, library.time)
  end)

  it("leaves alone what a script put there before", function()
    local function mine() return 6 end
    library.time = mine
    local placed = put()
    assert.equal(mine, library.time)
    placed:close()
    assert.equal(mine, library.time)
    stub(library, "time").returns(7)
    put()
    assert.equal(7, library.time())
  end)

  it("leaves alone what a script put there meanwhile", function()
    local placed = put()
    local function mine() return 6 end
    library.time = mine
    placed:close()
    assert.equal(mine, library.time)
  end)
end)
