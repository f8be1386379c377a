local base64 = require("idle.base64")

describe("idle.base64", function()
  it("writes the text of any bytes", function()
    assert.equal("", base64.encode(""))
    assert.equal("AP8=", base64.encode("\0\xFF"))
    assert.equal("Zm9vYmFy", base64.encode("foobar"))
  end)

  it("reads back what it wrote", function()
    local bytes = {}
    for byte = 0, 255 do bytes[#bytes + 1] = string.char(byte) end
    local all = table.concat(bytes)
    for size = 0, #all do
      assert.equal(all:sub(1, size), base64.decode(base64.encode(all:sub(1, size))))
    end
  end)

  it("refuses what is not base64", function()
    for _, text in ipairs({ "A", "AB=", "A===", "A*==", "AP8=AP8=" }) do
      local bytes, err = base64.decode(text)
      assert.is_nil(bytes)
      assert.equal("remote.protocol", err.kind)
    end
  end)
end)
