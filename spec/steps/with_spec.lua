local idle = require("idle")
local with = require("idle.steps.with")

describe("idle.steps.with", function()
  local KEYS = {
    { key = "IdentityKey", read = with.name, required = true },
    { key = "State", read = with.word({ "Present", "Absent" }), default = "Present" },
    { key = "Message", read = with.any_text },
  }

  local function read(raw, path) return with.read("Step", raw, KEYS, path) end

  local function failure(...)
    local ok, err = pcall(read, ...)
    assert.is_false(ok)
    assert.equal("input.with", err.kind)
    assert.equal("none", err.effect)
    return err.message
  end

  it("takes keys and words in any case, and returns them as they are spelled", function()
    assert.same({ IdentityKey = "ann", State = "Absent" }, read({ identitykey = "ann", STATE = " absent " }))
  end)

  it("takes a number for a name, and makes a text of it", function()
    assert.equal("4711", read({ IdentityKey = 4711 }).IdentityKey)
    assert.equal("1.5", read({ IdentityKey = 1.5 }).IdentityKey)
  end)

  it("tells a text that is not empty from one that may be", function()
    assert.equal("", read({ IdentityKey = "ann", Message = "" }).Message)
    assert.equal("Step requires With.IdentityKey to be a text, got ' '", failure({ IdentityKey = " " }))
  end)

  it("takes null for a key that is not there", function()
    assert.equal("Present", read({ IdentityKey = "ann", State = idle.null }).State)
    assert.equal("Step requires With.IdentityKey", failure({ IdentityKey = idle.null }))
  end)

  it("says what a value must be and what it is", function()
    assert.equal("Step requires With.State to be 'Present' or 'Absent', got 'Gone'",
      failure({ IdentityKey = "ann", State = "Gone" }))
    assert.equal("Step requires With.IdentityKey to be a text, got a table",
      failure({ IdentityKey = { ValueFrom = "Request.Intent.Key" } }))
    assert.matches("got a secret", failure({ IdentityKey = idle.secret.new("x") }))
  end)

  it("names the nearest key, always the same one of several", function()
    for _ = 1, 5 do
      assert.equal("Step: unknown key 'With.IdentiyKey'; did you mean 'IdentityKey'?",
        failure({ IdentiyKey = "ann", Stat = "Absent", Zzz = 1 }))
    end
  end)

  it("reads a map inside With, and says where it is", function()
    assert.equal("Step requires With.Entries[2].IdentityKey", failure({}, "With.Entries[2]"))
    assert.equal("Step: unknown key 'With.Entries[2].Key'", failure({ Key = 1 }, "With.Entries[2]"))
    assert.equal("Step requires With.Entries[2] to be a hashtable (a table with keys), got 'x'",
      failure("x", "With.Entries[2]"))
    assert.matches("to be a hashtable", failure({ "a", "b" }))
    assert.matches("to be a hashtable", failure(idle.list()))
  end)
end)
