local noise = require("idle.sessions.noise")

describe("idle.sessions.noise", function()
  it("keeps the last few lines for messages, escaped and short", function()
    local heard = noise.new()
    for index = 1, 7 do heard:add("line " .. index .. "\r") end
    heard:add("  ")
    heard:add("\27[2J" .. ("x"):rep(1000))
    assert.matches("^; it printed 'line 4', 'line 5', 'line 6', 'line 7', '\\x1B%[2Jx+'$", heard:describe())
    assert.is_true(#heard:describe() < 400)
  end)

  it("says nothing where nothing was printed", function()
    assert.equal("", noise.new():describe())
  end)

  it("bears much, but not everything, between two answers", function()
    local heard, line = noise.new(), ("x"):rep(1024 * 1024)
    for _ = 1, 15 do assert.is_true(heard:add(line)) end
    assert.is_false(heard:add(line))
    heard:answered()
    assert.is_true(heard:add(line))
  end)

  it("counts empty lines", function()
    local heard = noise.new()
    heard:add("")
    assert.equal(1, heard.bytes)
  end)
end)
