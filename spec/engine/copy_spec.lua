local NULL = require("spec.support.null")
local copy = require("idle.engine.copy")
local data = require("idle.engine.data")
local value = require("idle.engine.value")

describe("idle.engine.copy", function()
  it("shares nothing with the original", function()
    local original = { a = { b = value.list({ { c = 1 } }) } }
    local copied = copy.deep(original, "Intent")
    copied.a.b[1].c = 2
    assert.equal(1, original.a.b[1].c)
  end)

  it("keeps lists whatever their length, and marks those that were not", function()
    local copied = copy.deep({ none = value.list(), one = value.list({ "x" }), plain = { 1, 2 } }, "Intent")
    assert.is_true(value.is_list(copied.none))
    assert.is_true(value.is_list(copied.one))
    assert.is_true(value.is_list(copied.plain))
    assert.same({ "x" }, copied.one)
  end)

  it("keeps null, false and bytes", function()
    local copied = copy.deep({ n = NULL, f = false, b = value.bytes("x") }, "Intent")
    assert.equal(NULL, copied.n)
    assert.is_false(copied.f)
    assert.is_true(value.is_bytes(copied.b))
  end)

  it("keeps what is shared shared", function()
    local shared = { x = 1 }
    local copied = copy.deep({ a = shared, b = shared }, "Intent")
    assert.equal(copied.a, copied.b)
    assert.not_equal(shared, copied.a)
  end)

  it("names the place where a value contains itself", function()
    local t = { a = { {} } }
    t.a[1].back = t
    local ok, err = pcall(copy.deep, t, "Intent", { kind = "input.request" })
    assert.is_false(ok)
    assert.equal("input.request", err.kind)
    assert.equal("Intent.a[0].back: the value contains itself, so it has no end", err.message)
  end)

  it("stops at a depth", function()
    local t = {}
    for _ = 1, 10000 do t = { t } end
    local ok, err = pcall(copy.deep, t, "Intent")
    assert.is_false(ok)
    assert.matches("nested deeper than " .. data.MAX_DEPTH, err.message)
  end)

  it("leaves methods out where it is told to", function()
    assert.same({ a = 1 }, copy.deep({ a = 1, b = print }, "Provider", { drop_methods = true }))
  end)

  it("hands texts to a function with the way to them, and leaves keys alone", function()
    local seen
    local copied = copy.deep({ k = { "x" } }, "With", { map_text = function(text, keys, depth)
      seen = { text, keys[1], keys[2], depth }
      return 5
    end })
    assert.same({ k = { 5 } }, copied)
    assert.same({ "x", "k", 1, 2 }, seen)
  end)
end)
