local loop = require("idle.loop")

--- A value whose __close calls `f`.
local function closing(f)
  return setmetatable({}, { __close = f })
end

describe("idle.loop", function()
  it("sleeps at least as long as it was told", function()
    local start = loop.monotonic()
    loop.sleep(20)
    assert.is_true(loop.monotonic() - start >= 0.020)
  end)

  it("joins a task and gets all its results, nil included", function()
    local task = loop.spawn(function(...)
      loop.sleep(1)
      return select("#", ...), nil, ...
    end, "a", nil)
    local results = table.pack(task:join())
    assert.same({ n = 4, 2, nil, "a", nil }, results)
    assert.same(results, table.pack(task:join()))
  end)
end)
