local option_texts = require("idle.sim.option_texts")
local options = require("idle.sim.options")

describe("idle.sim.option_texts", function()
  it("has one text for each option, and for nothing else", function()
    local missing = options.complete({}, true)
    for _, row in ipairs(option_texts) do
      assert.is_not_nil(missing[row[1]], row[1])
      missing[row[1]] = nil
      assert.matches("%S", row[2])
    end
    assert.same({}, missing)
  end)

  it("names every fault", function()
    for _, row in ipairs(option_texts) do
      for _, word in ipairs(row[1] == "faults" and options.fault_words or {}) do
        assert.is_truthy(row[2]:find(word, 1, true), word)
      end
    end
  end)
end)
