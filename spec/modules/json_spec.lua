local json = require("idle.json")
local value = require("idle.engine.value")

local function round_trip(v)
  return assert(json.decode(assert(json.encode(v))))
end

describe("idle.json", function()
  it("writes keys in order, whatever the order of the table", function()
    assert.equal('{"a":1,"b":{"c":2,"d":3},"é":4}', json.encode({ ["é"] = 4, b = { d = 3, c = 2 }, a = 1 }))
  end)

  it("keeps 64-bit integers exact", function()
    for _, n in ipairs({ math.mininteger, math.maxinteger, 9007199254740993, 0, -1 }) do
      assert.equal(n, round_trip(n))
      assert.equal("integer", math.type(round_trip(n)))
    end
  end)

  it("writes floats with the fewest digits, and they stay floats", function()
    assert.equal("[0.1,1.0,1e300,-2.5]", json.encode({ 0.1, 1.0, 1e300, -2.5 }))
    assert.equal(0.1 + 0.2, round_trip(0.1 + 0.2))
    assert.equal("float", math.type(round_trip(1.0)))
  end)

  it("tells empty lists from empty maps", function()
    assert.equal('{"list":[],"map":{}}', json.encode({ list = value.list(), map = {} }))
    assert.is_true(value.is_list(round_trip(value.list({ value.list() }))[1]))
    assert.is_false(value.is_list(round_trip({ {} })[1]))
  end)

  it("takes an unmarked table as a list only if its keys are 1 to n", function()
    assert.equal("[1,2]", json.encode({ 1, 2 }))
    local text, err = json.encode({ [1] = "a", [3] = "c" })
    assert.is_nil(text)
    assert.matches("has a key that is not a text", err.message)
  end)

  it("knows the null of cjson", function()
    local cjson = require("cjson")
    assert.equal('{"none":null}', json.encode({ none = cjson.null }))
    assert.equal(cjson.null, round_trip({ json.null })[1])
  end)

  it("escapes what a JSON string can't hold, zero bytes included", function()
    assert.equal([["\u0000\n\"\\é𝄞"]], json.encode("\0\n\"\\é𝄞"))
    assert.equal("\0\n\"\\é𝄞", round_trip("\0\n\"\\é𝄞"))
  end)

  it("writes bytes as base64", function()
    assert.equal('{"photo":"AP8="}', json.encode({ photo = value.bytes("\0\xFF") }))
  end)

  it("indents when asked to", function()
    assert.equal('{\n  "a": [\n    1\n  ],\n  "b": {}\n}', json.encode({ a = { 1 }, b = {} }, { indent = 2 }))
  end)

  it("writes as an escape what a terminal obeys or hides, in keys and values", function()
    local marks = "\u{202E}a\u{9B}\127é\u{200B}\u{200D}\u{E0041}\u{1F642}"
    local text = json.encode({ [marks] = marks })
    local escaped = [["\u202ea\u009b\u007fé\u200b]] .. "\u{200D}" .. [[\udb40\udc41]] .. '\u{1F642}"'
    assert.equal("{" .. escaped .. ":" .. escaped .. "}", text)
    assert.same({ [marks] = marks }, json.decode(text))
  end)

  describe("refuses, naming the path,", function()
    local cycle = {}
    cycle.self = cycle
    local cases = {
      ["a function"] = { { Members = { { Name = print } } }, "Members%[1%]%.Name is a function" },
      ["a cycle"] = { cycle, "self contains itself" },
      ["text that is not UTF-8"] = { { a = "\xFF" }, "a is a string that is not UTF%-8" },
      ["NaN"] = { { 0 / 0 }, "%[1%] is not a finite number" },
    }
    for name, case in pairs(cases) do
      it(name, function()
        local text, err = json.encode(case[1])
        assert.is_nil(text)
        assert.equal("input.parameter", err.kind)
        assert.matches(case[2], err.message)
      end)
    end

    it("more than 100 levels", function()
      local deep = {}
      for _ = 1, 100 do deep = { deep } end
      local _, err = json.encode(deep)
      assert.matches("nested too deeply", err.message)
    end)
  end)

  it("writes a table that is met twice without being a cycle", function()
    local shared = { 1 }
    assert.equal('{"a":[1],"b":[1]}', json.encode({ a = shared, b = shared }))
  end)

  it("names source, line and column of a mistake", function()
    local document, err = json.decode('{\n  "a": 1,\n  "b" 2\n}', "joiner.json")
    assert.is_nil(document)
    assert.equal("input.json", err.kind)
    assert.matches("^joiner%.json, line 3, column %d+: ", err.message)
  end)

  it("refuses a repeated key, integers beyond 64 bits and hostile nesting", function()
    assert.matches("duplicate", select(2, json.decode('{"a":1,"a":2}')).message)
    assert.is_nil((json.decode("9223372036854775808")))
    assert.is_nil((json.decode(("["):rep(100000))))
  end)
end)
