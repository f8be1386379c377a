local lock = require("idle.sessions.lock")
local loop = require("idle.loop")
local virtually = require("idle.test.in_virtual_time")

describe("idle.sessions.lock", function()
  local queue, order

  before_each(function() queue, order = lock.new(), {} end)

  -- A task that notes its name when its turn has come, and keeps its place for a while.
  local function enter(name, ms)
    return loop.spawn(function()
      local place <close> = queue:enter()
      place:wait()
      order[#order + 1] = name
      loop.sleep(ms)
    end)
  end

  it("lets tasks go on one by one, in the order in which they came", virtually(function()
    local tasks = { enter("a", 5), enter("b", 1), enter("c", 0) }
    for _, task in ipairs(tasks) do task:join() end
    assert.same({ "a", "b", "c" }, order)
  end))

  it("forgets a task that gave up, wherever it stood", virtually(function()
    local first, second, third = enter("a", 20), enter("b", 0), enter("c", 0)
    loop.sleep(1)
    second:cancel()
    first:join()
    third:join()
    assert.same({ "a", "c" }, order)
    assert.has_error(function() second:join() end)
  end))

  it("lets the next go on when the first raises or is cancelled", virtually(function()
    local first, second = enter("a", 60000), enter("b", 0)
    loop.sleep(1)
    first:cancel()
    second:join()
    assert.same({ "a", "b" }, order)
    pcall(first.join, first)
  end))
end)
