local redact = require("idle.engine.redact")
local value = require("idle.engine.value")

describe("idle.engine.redact", function()
  it("replaces what stands under a secret's name, in any case, at any depth", function()
    local copy = redact.copy({ Password = "x", a = { CLIENTSECRET = { "y" }, list = { { Token = 1 } } }, name = "joe" })
    assert.same({ Password = "[REDACTED]", a = { CLIENTSECRET = "[REDACTED]", list = { { Token = "[REDACTED]" } } },
      name = "joe" }, copy)
  end)

  it("knows every name of a secret", function()
    for key in ([[password passphrase secret token apikey clientSecret accessToken refreshToken credential privateKey
      AccountPassword AccountPasswordAsPlainText GeneratedAccountPasswordPlainText
      GeneratedAccountPasswordProtected]]):gmatch("%S+") do
      assert.equal("[REDACTED]", redact.copy({ [key] = "x" })[key])
    end
  end)

  it("leaves names alone that only contain one", function()
    local original = { myPassword = "x", tokenize = true, passwordProfile = { forceChange = true } }
    assert.same(original, redact.copy(original))
    assert.same({ passwordProfile = { password = "[REDACTED]" } },
      redact.copy({ passwordProfile = { password = "x" } }))
  end)

  it("replaces functions and coroutines", function()
    assert.same({ f = "[REDACTED]", t = "[REDACTED]" }, redact.copy({ f = print, t = coroutine.create(print) }))
  end)

  it("replaces a reference to its own container", function()
    local ring = { name = "ring" }
    ring.inner = { outer = ring }
    assert.same({ name = "ring", inner = { outer = "[REDACTED]" } }, redact.copy(ring))
  end)

  it("keeps what is shared but no ring, and keeps it shared", function()
    local shared = { host = "dc1" }
    local copy = redact.copy({ first = shared, second = shared })
    assert.same({ host = "dc1" }, copy.second)
    assert.equal(copy.first, copy.second)
  end)

  it("copies a deeply shared structure without repeating it", function()
    local node = {}
    for _ = 1, 60 do node = { left = node, right = node } end
    local copy = redact.copy(node)
    assert.equal(copy.left.left, copy.right.right)
  end)

  it("stops at a nesting that no data has", function()
    local node = {}
    for _ = 1, 10000 do node = { node } end
    assert.equal("table", type(redact.copy(node)))
  end)

  it("keeps lists lists, also empty ones, and an unmarked {} a map", function()
    local copy = redact.copy({ none = value.list(), some = { 1, 2 }, map = {} })
    assert.is_true(value.is_list(copy.none))
    assert.is_true(value.is_list(copy.some))
    assert.is_false(value.is_list(copy.map))
  end)

  it("keeps bytes bytes", function()
    local copy = redact.copy({ raw = value.bytes("\0\255") })
    assert.is_true(value.is_bytes(copy.raw))
    assert.equal("\0\255", copy.raw[1])
  end)

  it("never changes the original", function()
    local original = { password = "x", inner = { 1 } }
    local copy = redact.copy(original)
    copy.inner[1] = 2
    assert.same({ password = "x", inner = { 1 } }, original)
  end)

  it("makes text of what JSON can't hold", function()
    local odd = { [5] = "five", size = math.huge, raw = "\xFF" }
    assert.same({ ["5"] = "five", size = "inf", raw = "\\xFF" }, redact.copy(odd))
    assert.matches("^file", redact.copy(io.stdout))
  end)

  it("shows bytes that are no UTF-8, a lone surrogate among them", function()
    assert.equal("a\\xED\\xA0\\x80", redact.copy("a\xED\xA0\x80"))
    assert.same({ ["\\xFF"] = 1 }, redact.copy({ ["\xFF"] = 1 }))
  end)

  it("keeps an entry called Keys, and what stands beside it", function()
    assert.same({ Keys = { "a" }, password = "[REDACTED]" }, redact.copy({ Keys = { "a" }, password = "x" }))
  end)
end)
