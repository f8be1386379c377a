local with_schema = require("idle.engine.with_schema")

describe("idle.engine.with_schema", function()
  local function read(required, optional)
    return with_schema.read({ RequiredKeys = required, OptionalKeys = optional }, "Step type 'T'")
  end

  local function refusal(schema)
    local ok, err = pcall(with_schema.read, schema, "Step type 'T'")
    assert.is_false(ok)
    assert.equal("input.setup", err.kind)
    return err.message
  end

  local function messages(schema, with)
    local list = {}
    for index, problem in ipairs(with_schema.problems(schema, with)) do list[index] = problem.Message end
    return list
  end

  it("reads lists of keys, and a lone one", function()
    local schema = read({ "Provider", "Name" }, "Mode")
    assert.same({ "Name", "Provider" }, { table.unpack(schema.required) })
    assert.same({ "Mode", "Name", "Provider" }, { table.unpack(schema.allowed) })
  end)

  it("refuses what is none, and names the place", function()
    assert.equal("Step type 'T': WithSchema is missing", refusal(nil))
    assert.matches("WithSchema must be a hashtable, got a text", refusal("Name"))
    assert.matches("WithSchema.OptionalKeys is missing", refusal({ RequiredKeys = "Name" }))
    assert.matches("WithSchema.RequiredKeys must be a text or a list of texts, got a number",
      refusal({ RequiredKeys = 1, OptionalKeys = {} }))
    assert.matches("WithSchema.OptionalKeys[1] must be a key, got ' '",
      refusal({ RequiredKeys = {}, OptionalKeys = { "Name", " " } }), 1, true)
    assert.matches("has the key 'name' in both RequiredKeys and OptionalKeys",
      refusal({ RequiredKeys = "Name", OptionalKeys = { "name" } }))
  end)

  it("finds nothing wrong with keys in any case", function()
    assert.same({}, messages(read({ "Name" }, { "Mode" }), { NAME = "x", mode = "y" }))
  end)

  it("names each missing key with all that are required", function()
    assert.same({ "requires With.Name (required: Name, Provider)",
                  "requires With.Provider (required: Name, Provider)" }, messages(read({ "Provider", "Name" }, {}), {}))
  end)

  it("names each unknown key with all that are supported, and the nearest one", function()
    assert.same({ "With.Mood is an unknown key (supported: Mode, Name); did you mean 'Mode'?" },
      messages(read({ "Name" }, { "Mode" }), { Name = "x", Mood = "y" }))
  end)

  it("reports a misspelled required key once", function()
    assert.same({ "requires With.Provider (required: Provider); With has the unknown key 'Provder'; "
      .. "did you mean 'Provider'?" }, messages(read({ "Provider" }, {}), { Provder = "x" }))
  end)

  it("says where a key of the step belongs", function()
    assert.matches("'Condition' belongs to the step: move it out of With",
      messages(read({}, {}), { condition = {} })[1])
  end)

  it("allows everything by a star, and still misses what is required", function()
    local schema = read({ "Name" }, { "*" })
    assert.same({}, messages(schema, { Name = "x", Whatever = "y" }))
    assert.equal("requires With.Name (required: Name)", messages(schema, { Whatever = "y" })[1])
  end)
end)
