local place = require("idle.engine.place")

describe("idle.engine.place", function()
  local text = "ab\nçd\r\n\nx"

  it("counts lines and characters from 1", function()
    assert.same({ 1, 1 }, { place.of(text, 1) })
    assert.same({ 2, 2 }, { place.of(text, 6) })
    assert.same({ 4, 1 }, { place.of(text, #text) })
  end)

  it("finds the same with an index of the lines", function()
    local lines = place.lines(text)
    for pos = 1, #text + 1 do assert.same({ place.of(text, pos) }, { lines:of(pos) }) end
  end)
end)
