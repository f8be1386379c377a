local number = require("idle.engine.psd1_number")

describe("idle.engine.psd1_number", function()
  local function reads(cases)
    for run, expected in pairs(cases) do
      local v, problem = number.read(run, false)
      assert.same({ expected, math.type(expected) }, { v, math.type(v) }, run .. ": " .. tostring(problem))
    end
  end

  it("reads whole numbers exactly, up to the last of 64 bits", function()
    reads({ ["0"] = 0, ["007"] = 7, ["9223372036854775807"] = math.maxinteger, ["12L"] = 12 })
    assert.equal(math.mininteger, (number.read("9223372036854775808", true)))
    assert.equal(-12, (number.read("12", true)))
  end)

  it("keeps what .NET holds as Decimal or UInt64 as text", function()
    reads({ ["9223372036854775808"] = "9223372036854775808", ["18446744073709551615ul"] = "18446744073709551615",
            ["1d"] = "1", ["2.50d"] = "2.50", [".5d"] = "0.5" })
    assert.equal("-2.50", (number.read("2.50d", true)))
    assert.equal("1024", (number.read("1dkb", false)))
  end)

  it("goes on with floats beyond Decimal", function()
    reads({ ["79228162514264337593543950335"] = "79228162514264337593543950335",
            ["79228162514264337593543950336"] = 79228162514264337593543950336.0, ["1.5e3"] = 1500.0, [".25"] = 0.25 })
  end)

  it("multiplies", function()
    reads({ ["4kb"] = 4096, ["1MB"] = 1048576, ["1.5kb"] = 1536.0, ["0x10kb"] = 16384, ["2lgb"] = 2147483648 })
  end)

  it("reads the first bit of full hexadecimal and binary digits as a sign", function()
    reads({ ["0x7F"] = 127, ["0xFFFFFFFF"] = -1, ["0x0FFFFFFFF"] = 4294967295, ["0xFFFFFFFFu"] = 4294967295,
            ["0b101"] = 5, ["0b11111111"] = -1, ["0b011111111"] = 255 })
  end)

  it("keeps to the range of a suffix", function()
    reads({ ["127y"] = 127, ["255uy"] = 255, ["32767s"] = 32767, ["65535us"] = 65535 })
    for run, range in pairs({ ["128y"] = "-128 to 127", ["256uy"] = "0 to 255", ["32768s"] = "-32768 to 32767" }) do
      local v, problem = number.read(run, false)
      assert.is_nil(v)
      assert.matches("is outside " .. range, problem, 1, true)
    end
  end)

  it("says what is wrong with numbers that are too large", function()
    for run, words in pairs({ ["9223372036854775808L"] = "does not fit into 64 bits",
      ["0x1FFFFFFFFFFFFFFFF"] = "does not fit into 64 bits", ["99999999pb"] = "does not fit into 64 bits",
      ["18446744073709551616ul"] = "is no unsigned number of 64 bits", ["1e308kb"] = "is too large",
      [("1"):rep(513)] = "is too long" }) do
      local v, problem = number.read(run, false)
      assert.is_nil(v)
      assert.equal(words, problem)
    end
  end)

  it("says nothing of what is no number at all", function()
    for _, run in ipairs({ "5abc", "1.2.3", "0xG", "0b2", "1e", "1kbkb", "." }) do
      assert.same({}, { number.read(run, false) }, run)
    end
  end)
end)
