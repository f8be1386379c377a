local suggest = require("idle.engine.suggest")

describe("idle.engine.suggest", function()
  local keys = { "AuthSessionName", "PolicyType", "Provider", "Wait", "TimeoutSeconds", "Until" }

  it("finds a word with a letter missing, too many, wrong or swapped", function()
    assert.equal("Provider", suggest.nearest("Provder", keys))
    assert.equal("Provider", suggest.nearest("Proviider", keys))
    assert.equal("PolicyType", suggest.nearest("PolicyTipe", keys))
    assert.equal("Wait", suggest.nearest("Wiat", keys))
  end)

  it("does not mind the case", function()
    assert.equal("TimeoutSeconds", suggest.nearest("timeoutseconds", keys))
  end)

  it("takes the beginning of a word for the word", function()
    assert.equal("TimeoutSeconds", suggest.nearest("Timeout", keys))
  end)

  it("prefers the one with the fewest mistakes", function()
    assert.equal("plan", suggest.nearest("plam", { "play it", "plan" }))
  end)

  it("is silent when nothing is near", function()
    assert.is_nil(suggest.nearest("Banana", keys))
    assert.is_nil(suggest.nearest("x", { "y" }))
    assert.is_nil(suggest.nearest("", keys))
    assert.is_nil(suggest.nearest("Wait", {}))
  end)

  it("allows more mistakes in a key that is known to be wrong", function()
    local step_keys = { "Name", "Type", "With" }
    assert.is_nil(suggest.nearest("Widht", step_keys))
    assert.equal("; did you mean 'With'?", suggest.key_hint("Widht", step_keys))
    assert.equal("", suggest.key_hint("Foo", step_keys))
    assert.equal("", suggest.key_hint("Banana", step_keys))
  end)

  it("ends a message with a question, or with nothing", function()
    assert.equal("; did you mean 'Provider'?", suggest.hint("Provder", keys))
    assert.equal("", suggest.hint("Banana", keys))
  end)
end)
