local frames = require("idle.sessions.frames")

describe("idle.sessions.frames", function()
  it("reads a frame, also one that ends in CR", function()
    assert.same({ seq = 3, kind = "ok", body = "QUJD" }, frames.parse("IDLE a1 3 ok 4 QUJD a1", "a1"))
    assert.same({ seq = -1, kind = "error", body = "QUJD" }, frames.parse("IDLE a1 -1 error 4 QUJD a1\r", "a1"))
    assert.same({ seq = 3, kind = "large", body = "12345678" }, frames.parse("IDLE a1 3 large 8 12345678 a1", "a1"))
  end)

  it("takes every other line for noise", function()
    for _, line in ipairs({
      "", "\r", "WARNING: IDLE a1 3 ok 4 QUJD a1", " IDLE a1", "IDLEness", "IDL", "IDLE is no frame",
    }) do
      local frame, problem = frames.parse(line, "a1")
      assert.is_nil(frame)
      assert.is_nil(problem)
    end
  end)

  it("says what is wrong with a line that begins like a frame", function()
    local cases = {
      ["IDLE a1 3 ok 4 QU"] = "cut or merged",
      ["IDLE a1 3 ok 4 QUJD a1 and more"] = "cut or merged",
      ["IDLE a1 three ok 4 QUJD a1"] = "cut or merged",
      ["IDLE b2 3 ok 4 QUJD b2"] = "somebody else",
      ["IDLE a1 3 ok 4 QUJD b2"] = "cut or merged",
      ["IDLE a1 3 okay 4 QUJD a1"] = "unknown kind",
      ["IDLE a1 3 ok 4 QU D a1"] = "cut or merged",
      ["IDLE a1 3 ok 4 a1"] = "cut or merged",
      ["IDLE a1 3 ok 4 "] = "cut or merged",
      ["IDLE a1 3 ok 4  a1"] = "announces 4 characters and has 0",
      ["IDLE a1 3 ok 5 QUJD a1"] = "announces 5 characters and has 4",
    }
    for line, problem in pairs(cases) do
      local frame, said = frames.parse(line, "a1")
      assert.is_nil(frame)
      assert.matches(problem, said)
    end
  end)
end)
