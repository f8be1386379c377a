local idle = require("idle")

describe("idle.test.in_virtual_time", function()
  local seen

  it("makes a block of it", idle.test.in_virtual_time(function()
    idle.sleep(7 * 86400)
    seen = idle.now()
  end))

  it("that runs where it stands", function() assert.equal("2026-01-08T00:00:00.000Z", seen) end)

  it("hands arguments, results and options through", function()
    local function f(a, b) return idle.now(), a + b end
    local add = idle.test.in_virtual_time(f, { start = "2027-01-01T00:00:00Z" })
    assert.same({ "2027-01-01T00:00:00.000Z", 3 }, { add(1, 2) })
  end)

  it("wants a function", function()
    assert.error_matches(function() idle.test.in_virtual_time(5) end, "takes a function, got a number")
  end)
end)
