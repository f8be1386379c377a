local plan_json = require("idle.engine.plan_json")
local value = require("idle.engine.value")

describe("idle.engine.plan_json", function()
  local function refusal(v, options)
    local ok, err = pcall(plan_json.pretty, v, options)
    assert.is_false(ok)
    assert.equal("input.plan", err.kind)
    return tostring(err)
  end

  it("writes fields of a shape in their order, and null for one without a value", function()
    local Shape = plan_json.shape("b", "a", "c")
    assert.equal('{\n  "b": 1,\n  "a": null,\n  "c": true\n}', plan_json.pretty(Shape({ b = 1, c = true })))
  end)

  it("sorts the keys of maps", function()
    assert.equal('{"B":1,"a":2,"b":3}', plan_json.canonical({ b = 3, a = 2, B = 1 }))
  end)

  it("sorts the fields of a shape in the canonical form", function()
    assert.equal('{"a":2,"b":1}', plan_json.canonical(plan_json.shape("b", "a")({ b = 1, a = 2 })))
  end)

  it("writes empty lists and maps in one line, and lists of one as lists", function()
    assert.equal('{\n  "a": [],\n  "b": {},\n  "c": [\n    "x"\n  ]\n}',
      plan_json.pretty({ a = value.list(), b = {}, c = value.list({ "x" }) }))
  end)

  it("leaves text as it is, but for what JSON and line ends demand", function()
    assert.equal('"ä€😀/\x7F"', plan_json.canonical("ä€😀/\x7F"))
    assert.equal([["\"\\\b\f\n\r\t\u0000\u001f"]], plan_json.canonical('"\\\b\f\n\r\t\0\x1F'))
    assert.equal([["\u0085\u2028\u2029"]], plan_json.canonical("\u{85}\u{2028}\u{2029}"))
  end)

  it("writes numbers so that they read back as they were", function()
    for text, number in pairs({ ["9223372036854775807"] = math.maxinteger, ["1.0"] = 1.0, ["0.1"] = 0.1,
      ["-0.0"] = -0.0, ["1e+15"] = 1e15, ["0.30000000000000004"] = 0.1 + 0.2, ["-7"] = -7 }) do
      assert.equal(text, plan_json.canonical(number))
    end
  end)

  it("writes bytes as base64", function()
    local texts = { [""] = "", ["f"] = "Zg==", ["fo"] = "Zm8=", ["foo"] = "Zm9v", ["\xFF\x00\xFE"] = "/wD+" }
    for bytes, text in pairs(texts) do
      assert.equal('"' .. text .. '"', plan_json.canonical(value.bytes(bytes)))
    end
  end)

  it("refuses what JSON cannot hold, naming the place", function()
    assert.matches("plan.a%[0%]: .- is no number", refusal({ a = { 0 / 0 } }, { root = "plan" }))
    assert.matches("b: a script block cannot be exported", refusal({ b = print }))
    assert.matches("not UTF%-8", refusal({ c = "\xFF" }))
  end)

  it("refuses a value that contains itself or is nested too deeply", function()
    local loop = {}
    loop.a = loop
    assert.matches("contains itself", refusal(loop))
    local deep = {}
    for _ = 1, 20 do deep = { deep } end
    assert.has_no.errors(function() plan_json.pretty(deep, { max_depth = 20 }) end)
    assert.matches("deeper than 20 levels", refusal({ deep }, { max_depth = 20 }))
  end)

  it("writes a table that is shared wherever it stands", function()
    local shared = { x = 1 }
    assert.equal('{"a":{"x":1},"b":{"x":1}}', plan_json.canonical({ a = shared, b = shared }))
  end)
end)
