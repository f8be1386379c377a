local provider_map = require("idle.engine.provider_map")

local function provider(...)
  local ids = { ... }
  return { GetCapabilities = function() return ids end }
end

local function demand(step, ids, fields)
  local made = { Step = step, Capabilities = ids }
  for name, field in pairs(fields or {}) do made[name] = field end
  return made
end

local function message(providers, ...)
  local map = provider_map.new(providers)
  local ok, err = pcall(map.check, map, { ... })
  assert.is_false(ok)
  return err.message, err
end

describe("idle.engine.provider_map", function()
  it("finds providers by alias, whatever its case, in order", function()
    local map = provider_map.new({ Entra = provider("A.B"), AD = provider("C.D") })
    assert.same({ "AD", "Entra" }, map:aliases())
    assert.equal("Entra", map:find("ENTRA").alias)
    assert.is_nil(map:find("Gone"))
  end)

  it("takes broker and registries for what they are", function()
    local broker = { AcquireAuthSession = print }
    local map = provider_map.new({ Identity = provider("A.B"), AuthSessionBroker = broker, StepRegistry = {},
      StepMetadata = {} })
    assert.same({ "Identity" }, map:aliases())
    assert.equal(broker, map.broker)
  end)

  it("takes a list of providers, one alone, and none", function()
    assert.same({ "A.B", "C.D" }, provider_map.new({ provider("C.D"), provider("A.B") }):all_capabilities())
    assert.same({ "A.B" }, provider_map.new(provider("A.B")):all_capabilities())
    assert.same({}, provider_map.new(nil):all_capabilities())
    assert.has_error(function() provider_map.new("x") end)
  end)

  it("finds those that announce a capability", function()
    local map = provider_map.new({ A = provider("X.Y"), B = provider("x.y"), C = provider() })
    assert.equal(2, #map:announcing("X.y"))
  end)

  it("is content if every step's own provider can do what it requires", function()
    provider_map.new({ Identity = provider("A.B", "A.C"), Mail = provider("M.A") }):check({
      demand("one", { "a.b" }, { Provider = "identity" }), demand("two", { "M.A" }, { Provider = "Mail" }),
      demand("three", {}, { Provider = "Gone" }), demand("four", { "M.A" }),
    })
  end)

  it("names what is missing, the steps, and what is there, on one line", function()
    local text, err = message({ Identity = provider("A.B") }, demand("Z", { "C.D", "A.B" }, { Provider = "Identity" }),
      demand("A", { "E.F", "C.D" }, { Provider = "Identity" }))
    assert.equal("input.setup", err.kind)
    assert.matches("^MissingCapabilities: C.D, E.F; AffectedSteps: A, Z; AvailableCapabilities: A.B; ", text)
    assert.matches("step 'Z': provider 'Identity' announces A.B", text)
    assert.is_nil(text:find("\n"))
    assert.same({ "C.D", "E.F" }, err.data.MissingCapabilities)
  end)

  it("does not count what another provider can do", function()
    local text = message({ Identity = provider("A.B"), Other = provider("C.D") },
      demand("one", { "C.D" }, { Provider = "Identity" }))
    assert.matches("MissingCapabilities: C.D", text)
    assert.matches("provider 'Identity' announces A.B", text)
  end)

  it("names a wrong alias and the nearest", function()
    assert.matches("step 'one': there is no provider 'Identiy' %(there are: Identity, Mail%); did you mean 'Identity'",
      message({ Identity = provider("A.B"), Mail = provider() }, demand("one", { "A.B" }, { Provider = "Identiy" })))
  end)

  it("says so if there are no providers at all", function()
    assert.matches("MissingCapabilities: A.B; AffectedSteps: one; AvailableCapabilities: none",
      message(nil, demand("one", { "A.B" }, { Provider = "Identity" })))
  end)

  it("demands nothing for a step that will not run", function()
    provider_map.new({ Identity = provider() }):check({
      demand("one", { "IdLE.Identity.Delete" }, { Provider = "Identity", NotApplicable = true }) })
  end)

  it("counts all providers together for a step that names none, or where there are no aliases", function()
    provider_map.new({ A = provider("X.A"), B = provider("X.B") }):check({ demand("one", { "X.A", "X.B" }) })
    provider_map.new({ provider("X.A"), provider("X.B") })
      :check({ demand("one", { "X.B" }, { Provider = "Identity" }) })
    assert.matches("MissingCapabilities: X.C", message({ A = provider("X.A") }, demand("one", { "X.C" })))
  end)

  it("warns of old names that providers announce", function()
    local warnings = {}
    local map = provider_map.new({ Mail = provider("IdLE.Mailbox.Read") },
      function(text) warnings[#warnings + 1] = text end)
    map:check({ demand("one", { "IdLE.Mailbox.Info.Read" }, { Provider = "Mail" }) })
    assert.equal(1, #warnings)
  end)

  it("checks ten thousand steps quickly", function()
    local demands, began = {}, os.clock()
    for index = 1, 10000 do demands[index] = demand("s" .. index, { "A.B" }, { Provider = "Identity" }) end
    provider_map.new({ Identity = provider("A.B") }):check(demands)
    assert.is_true(os.clock() - began < 1)
  end)
end)
