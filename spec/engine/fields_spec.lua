local fields = require("idle.engine.fields")

describe("idle.engine.fields", function()
  local function failure(...)
    local ok, err = pcall(fields.check, ...)
    assert.is_false(ok)
    return err
  end

  it("takes known fields, and none", function()
    fields.check({ name = 1 }, { "name", "key" }, "run")
    fields.check({}, { "name" }, "run")
  end)

  it("names an unknown one, where it stands, and the nearest", function()
    local err = failure({ naem = 1 }, { "name", "key" }, "run")
    assert.equal("input.setup", err.kind)
    assert.equal("run: unknown field 'naem'; did you mean 'name'?", err.message)
  end)

  it("names all of a few where none is near", function()
    assert.equal("run: unknown field 'x'; there are name, key", failure({ x = 1 }, { "name", "key" }, "run").message)
    assert.equal("run: unknown field 'x'; it has none", failure({ x = 1 }, {}, "run").message)
    assert.equal("run: unknown field 'x'",
      failure({ x = 1 }, { "aa", "ab", "ac", "ad", "ae", "af", "ag", "ah", "ai" }, "run").message)
  end)

  it("shows no value, which may be a password at the wrong place", function()
    assert.equal("ssh_session must be a table, got a string", failure("hunter2", {}, "ssh_session").message)
    assert.equal("ssh_session must be a table, got nil", failure(nil, {}, "ssh_session").message)
  end)

  it("minds the case: a field that is nearly right is still passed over", function()
    assert.matches("unknown field 'Name'; did you mean 'name'", failure({ Name = 1 }, { "name" }, "run").message)
  end)

  it("refuses what is no table, with the kind it is told", function()
    local err = failure("x", {}, "exec", "input.parameter")
    assert.equal("input.parameter", err.kind)
    assert.equal("exec must be a table, got a string", err.message)
  end)
end)
