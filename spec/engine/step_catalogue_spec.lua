local data = require("idle.engine.data")
local step_catalogue = require("idle.engine.step_catalogue")
local step_metadata = require("idle.engine.step_metadata")

local EMPTY = { RequiredKeys = {}, OptionalKeys = {} }

local function message(options)
  local ok, err = pcall(step_catalogue.build, options)
  assert.is_false(ok)
  assert.equal("input.setup", err.kind)
  return err.message
end

local function of_host(metadata)
  return message({ host = { ["Custom.Step"] = metadata } })
end

describe("idle.engine.step_catalogue", function()
  local catalogue = step_catalogue.build()

  it("knows all built-in step types", function()
    local types = catalogue:types()
    assert.equal(16, #types)
    assert.equal("IdLE.Step.CreateIdentity", types[1])
    assert.is_not_nil(catalogue:find("IdLE.Step.Mailbox.EnsurePermissions"))
    assert.is_nil(catalogue:find("IdLE.Step.AcquireAuthSession"))
  end)

  it("finds a step type whatever its case, and tells its spelling and owner", function()
    local entry = catalogue:find("idle.step.DISABLEidentity")
    assert.equal("IdLE.Step.DisableIdentity", entry.Type)
    assert.equal("IdLE.Steps.Common", entry.Owner)
  end)

  it("knows what a step type requires", function()
    assert.same({ "IdLE.Identity.Disable" }, catalogue:find("IdLE.Step.DisableIdentity").RequiredCapabilities)
    assert.same({ "IdLE.DirectorySync.Status", "IdLE.DirectorySync.Trigger" },
      catalogue:find("IdLE.Step.TriggerDirectorySync").RequiredCapabilities)
    assert.same({ "IdLE.Entitlement.Grant", "IdLE.Entitlement.List", "IdLE.Entitlement.Revoke" },
      catalogue:find("IdLE.Step.EnsureEntitlement").RequiredCapabilities)
    assert.same({}, catalogue:find("IdLE.Step.EmitEvent").RequiredCapabilities)
  end)

  it("knows which provider a step uses", function()
    local function alias(type_name, with) return step_catalogue.provider_alias(catalogue:find(type_name), with) end
    assert.equal("Identity", alias("IdLE.Step.DisableIdentity", {}))
    assert.equal("ExchangeOnline", alias("IdLE.Step.Mailbox.GetInfo", {}))
    assert.equal("DirectorySync", alias("IdLE.Step.TriggerDirectorySync", {}))
    assert.equal("Entra", alias("IdLE.Step.DisableIdentity", { provider = "Entra" }))
    assert.is_nil(alias("IdLE.Step.EmitEvent", {}))
  end)

  it("takes step types of the host", function()
    local made = step_catalogue.build({ host = { ["Custom.Step"] = {
      requiredcapabilities = " Custom.Do ", WithSchema = { RequiredKeys = "A", OptionalKeys = { "B" } },
      Note = "the owner's own",
    } } })
    local entry = made:find("custom.step")
    assert.same({ "Custom.Do" }, entry.RequiredCapabilities)
    assert.equal("Providers.StepMetadata", entry.Owner)
    assert.same({ "A", "B" }, entry.WithSchema.allowed)
  end)

  it("joins packs in the order of their names, whatever order they come in", function()
    local a = { name = "A", steps = { ["X.One"] = { WithSchema = EMPTY } } }
    local b = { name = "B", steps = { ["X.Two"] = { WithSchema = EMPTY } } }
    assert.same(step_catalogue.build({ packs = { a, b } }), step_catalogue.build({ packs = { b, a } }))
  end)

  it("refuses a step type that two packs describe, naming both", function()
    local one = { name = "A", steps = { ["X.Step"] = { WithSchema = EMPTY } } }
    local two = { name = "B", steps = { ["x.step"] = { WithSchema = EMPTY } } }
    assert.matches("DuplicateStepTypeMetadata: the step type 'X.Step' is described by both 'A' and 'B'",
      message({ packs = { two, one } }))
  end)

  it("refuses a host that redefines a step type: it can only supplement", function()
    assert.matches("DuplicateStepTypeMetadata: the step type 'IdLE.Step.EmitEvent' is described by 'IdLE.Steps.Common'"
      .. "; .* supplement", message({ host = { ["idle.step.emitevent"] = { WithSchema = EMPTY } } }))
  end)

  it("refuses metadata that is no hashtable, and blank names", function()
    assert.matches("must be a hashtable, got a text", message({ host = "x" }))
    assert.matches("'Custom.Step': the metadata must be a hashtable, got a text", of_host("x"))
    assert.matches("a step type must be a name", message({ host = { [" "] = { WithSchema = EMPTY } } }))
  end)

  it("refuses code in metadata, with source, type and path", function()
    assert.matches("Providers.StepMetadata: step type 'Custom.Step'.*Handler: ScriptBlocks are not allowed",
      of_host({ WithSchema = EMPTY, Handler = print }))
    assert.matches("ScriptBlock", of_host({ WithSchema = EMPTY, Handler = data.code("{ 1 }") }))
  end)

  it("refuses bad capabilities, naming them", function()
    assert.matches("step type 'Custom.Step': invalid capability 'Identity Read'",
      of_host({ WithSchema = EMPTY, RequiredCapabilities = { "Identity Read" } }))
    assert.matches("invalid capability: RequiredCapabilities must be a text or a list of texts, got a map",
      of_host({ WithSchema = EMPTY, RequiredCapabilities = { A = 1 } }))
    assert.matches("invalid capability: RequiredCapabilities has a number",
      of_host({ WithSchema = EMPTY, RequiredCapabilities = { 5 } }))
  end)

  it("refuses a missing or bad WithSchema, naming its part", function()
    assert.matches("'Custom.Step': WithSchema is missing", of_host({}))
    assert.matches("WithSchema must be a hashtable, got a text", of_host({ WithSchema = "x" }))
    assert.matches("WithSchema.RequiredKeys is missing", of_host({ WithSchema = { OptionalKeys = {} } }))
    assert.matches("WithSchema.OptionalKeys must be a text or a list of texts, got a map",
      of_host({ WithSchema = { RequiredKeys = {}, OptionalKeys = { A = 1 } } }))
    assert.matches("WithSchema.RequiredKeys%[0%] must be a key",
      of_host({ WithSchema = { RequiredKeys = { " " }, OptionalKeys = {} } }))
  end)

  it("refuses a key that is both required and optional", function()
    assert.matches("has the key 'a' in both RequiredKeys and OptionalKeys",
      of_host({ WithSchema = { RequiredKeys = "A", OptionalKeys = { "a" } } }))
  end)

  it("names a misspelled key of metadata", function()
    assert.matches("unknown key 'RequiredCapabilites'; did you mean 'RequiredCapabilities'",
      of_host({ WithSchema = EMPTY, RequiredCapabilites = "A.B" }))
  end)

  it("collects warnings of old names of capabilities", function()
    local made = step_catalogue.build({ host = { ["Custom.Step"] = {
      RequiredCapabilities = "IdLE.Mailbox.Read", WithSchema = EMPTY } } })
    assert.same({ "IdLE.Mailbox.Info.Read" }, made:find("Custom.Step").RequiredCapabilities)
    assert.matches("DEPRECATED: .*'IdLE.Mailbox.Read' is now called 'IdLE.Mailbox.Info.Read'", made.Warnings[1])
  end)

  it("names step, type, remedies and the nearest where a step type is unknown", function()
    local function missing(type_name)
      local ok, err = pcall(catalogue.require, catalogue, type_name, "Greet")
      assert.is_false(ok)
      assert.equal("input.workflow", err.kind)
      return err.message
    end
    assert.matches("^MissingStepTypeMetadata: step 'Greet': .*'IdLE.Step.EmitEvnt'; load the step pack .*"
      .. "Providers.StepMetadata; did you mean 'IdLE.Step.EmitEvent'%?$", missing("IdLE.Step.EmitEvnt"))
    assert.matches("did you mean 'IdLE.Step.EmitEvent'", missing("EmitEvent"))
    assert.equal("IdLE.Step.EmitEvent", catalogue:require("IDLE.step.EmitEvent", "Greet").Type)
  end)

  it("leaves the built-in packs as they are", function()
    local names = {}
    for index, pack in ipairs(step_metadata) do names[index] = pack.name end
    assert.same({ "IdLE.Steps.Common", "IdLE.Steps.DirectorySync", "IdLE.Steps.Mailbox" }, names)
  end)
end)

describe("idle.engine.step_catalogue: the keys of With", function()
  local catalogue = step_catalogue.build()
  local disable = catalogue:find("IdLE.Step.DisableIdentity")

  local function problem(entry, with)
    local ok, err = pcall(step_catalogue.check_with, entry, with, "Lock out")
    assert.is_false(ok)
    assert.equal("input.workflow", err.kind)
    return err.message
  end

  it("accept what is required and optional, whatever their case", function()
    step_catalogue.check_with(disable, { identitykey = "x", PROVIDER = "Identity" }, "Lock out")
  end)

  it("accept the keys of both contracts of the directory sync, and ours", function()
    local sync = catalogue:find("IdLE.Step.TriggerDirectorySync")
    step_catalogue.check_with(sync, { AuthSessionName = "a", PolicyType = "Delta", ComputerName = "s", Wait = true,
      TimeoutSeconds = 1, PollIntervalSeconds = 1, OnBusy = "Wait", Until = "Export" }, "Sync")
  end)

  it("refuse a missing key with step, type, key and the required ones in order", function()
    assert.equal("step 'Lock out' (IdLE.Step.DisableIdentity): requires With.IdentityKey (required: IdentityKey)",
      problem(disable, {}))
    assert.matches("requires With.Entitlement %(required: Entitlement, IdentityKey, State%)",
      problem(catalogue:find("IdLE.Step.EnsureEntitlement"), {}))
  end)

  it("refuse an unknown key with the supported ones in order, and the nearest", function()
    assert.equal("step 'Lock out' (IdLE.Step.DisableIdentity): With.Prvoider is an unknown key (supported: "
      .. "AuthSessionName, AuthSessionOptions, IdentityKey, Provider); did you mean 'Provider'?",
      problem(disable, { IdentityKey = "x", Prvoider = "y" }))
  end)

  it("say which misspelled key was the missing one", function()
    assert.matches("requires With.IdentityKey .*With has the unknown key 'IdentiyKey'; did you mean 'IdentityKey'",
      problem(disable, { IdentiyKey = "x" }))
  end)

  it("say that a condition belongs to the step", function()
    assert.matches("With.Condition is an unknown key .*; 'Condition' belongs to the step: move it out of With",
      problem(disable, { IdentityKey = "x", Condition = {} }))
  end)

  it("accept anything where the schema has a star", function()
    local made = step_catalogue.build({ host = { ["Custom.Step"] = {
      WithSchema = { RequiredKeys = { "A" }, OptionalKeys = { "*" } } } } })
    step_catalogue.check_with(made:find("Custom.Step"), { A = 1, Whatever = 2 }, "S")
    assert.matches("requires With.A", problem(made:find("Custom.Step"), { Whatever = 2 }))
  end)
end)
