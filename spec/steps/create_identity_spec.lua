local create_identity = require("idle.steps.create_identity")
local idle = require("idle")
local redact = require("idle.engine.redact")
local step_world = require("spec.support.step_world")
local value = require("idle.engine.value")

describe("idle.steps.create_identity", function()
  local STEP = { Name = "Create", Type = "IdLE.Step.CreateIdentity" }

  local function run(answer, with)
    local world = step_world.new("Identity", { CreateIdentity = answer })
    return create_identity(world.context, with or { IdentityKey = "ann", Attributes = {} }, STEP), world
  end

  local function failure(with)
    local world = step_world.new("Identity", { CreateIdentity = {} })
    local err = world:failure(create_identity, with)
    assert.same({}, world.calls)
    return err.message
  end

  it("calls CreateIdentity with the key and the attributes", function()
    local attributes = { GivenName = "Ann", Manager = idle.null }
    local result, world = run({ Changed = true }, { IdentityKey = 4711, Attributes = attributes })
    assert.same({ Name = "Create", Type = STEP.Type, Status = "Completed", Changed = true }, result)
    assert.same({ { "CreateIdentity", "4711", attributes, n = 4 } }, world.calls)
  end)

  it("is no change if the identity was there", function()
    assert.is_false(run({ Changed = false }).Changed)
  end)

  it("requires its keys", function()
    assert.equal("CreateIdentity requires With.IdentityKey", failure({ Attributes = {} }))
    assert.equal("CreateIdentity requires With.Attributes", failure({ IdentityKey = "ann" }))
    assert.equal("CreateIdentity requires With.Attributes to be a hashtable (a table with keys), got 'x'",
      failure({ IdentityKey = "ann", Attributes = "x" }))
  end)

  it("refuses code among the attributes, but not a secret", function()
    assert.matches("^CreateIdentity: With.Attributes.Title: ScriptBlocks are not allowed",
      failure({ IdentityKey = "ann", Attributes = { Title = print } }))
    local password = idle.secret.new("x")
    local _, world = run({}, { IdentityKey = "ann", Attributes = { AccountPassword = password } })
    assert.equal(password, world.calls[1][3].AccountPassword)
  end)

  describe("a password that the provider generated", function()
    it("is handed over as a secret, with what is known of it", function()
      local result = run({ Changed = true, PasswordGenerated = true, PasswordGenerationPolicyUsed = "DomainPolicy",
        GeneratedAccountPasswordPlainText = "s3cr3t!" })
      assert.is_true(value.is_secret(result.Data.GeneratedAccountPassword))
      assert.is_true(result.Data.PasswordGenerated)
      assert.equal("DomainPolicy", result.Data.PasswordGenerationPolicyUsed)
      assert.is_nil(result.Data.GeneratedAccountPasswordPlainText)
    end)

    it("stays the secret that the provider made of it", function()
      local password = idle.secret.new("s3cr3t!")
      assert.equal(password, run({ GeneratedAccountPassword = password }).Data.GeneratedAccountPassword)
    end)

    it("is not taken for what is only encoded", function()
      local found = run({ PasswordGenerationMethod = "GUID", GeneratedAccountPasswordProtected = "01000000d08c" }).Data
      assert.is_nil(found.GeneratedAccountPassword)
      assert.is_true(value.is_secret(found.GeneratedAccountPasswordProtected))
      assert.equal("GUID", found.PasswordGenerationMethod)
    end)

    it("is in no record", function()
      local shown = redact.copy(run({ GeneratedAccountPassword = "s3cr3t!" }))
      assert.equal("[REDACTED]", shown.Data.GeneratedAccountPassword)
    end)

    it("is nothing that a result without one speaks of", function()
      assert.is_nil(run({ Changed = true, Operation = "CreateIdentity" }).Data)
      assert.is_nil(run(false).Data)
    end)
  end)
end)
