local file = require("idle.file")

describe("the fault matrix", function()
  it("names specs that are there", function()
    local count = 0
    for line in io.lines("spec/faults/README.md") do
      local path, title = line:match("^|[^|]*| (%S+%.lua) | (.-) |$")
      if path then
        count = count + 1
        local is_there = assert(file.read("spec/" .. path)):find(title, 1, true) ~= nil
        assert.is_true(is_there, ("%s has no '%s'"):format(path, title))
      end
    end
    assert.is_true(count > 40, "the matrix is not read")
  end)
end)
