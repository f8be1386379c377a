local calendar = require("idle.test.calendar")
local loop = require("idle.loop")

describe("idle.test.calendar", function()
  it("asks the clock of the running task", function()
    local showing <close> = calendar.begin() -- luacheck: ignore showing
    assert.is_true(math.abs(os.time() - loop.now_ms() // 1000) <= 1)
  end)

  it("leaves alone what a script put there meanwhile", function()
    local time, date = os.time, os.date
    local function mine() return 5 end
    do
      local showing <close> = calendar.begin() -- luacheck: ignore showing
      os.time = mine -- luacheck: ignore 122
    end
    local left = os.time
    os.time = time -- luacheck: ignore 122
    assert.equal(mine, left)
    assert.equal(date, os.date)
  end)
end)
