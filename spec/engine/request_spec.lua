local NULL = require("spec.support.null")
local data = require("idle.engine.data")
local request = require("idle.engine.request")
local value = require("idle.engine.value")

local options = { new_id = function() return "00000000-0000-4000-8000-000000000000" end, source = "joiner.json" }

local function new(fields)
  return request.new(fields, options)
end

local function message(fields, create)
  local ok, err = pcall(create or new, fields)
  assert.is_false(ok)
  assert.equal("input.request", err.kind)
  return err.message, err
end

describe("idle.engine.request", function()
  it("has exactly the fields of a request", function()
    assert.same({
      LifecycleEvent = "Joiner", CorrelationId = "c-1", Actor = "hr", IdentityKeys = { Id = 1 }, Intent = { A = 2 },
      Context = { B = 3 },
    }, (new({ LifecycleEvent = "Joiner", CorrelationId = "c-1", Actor = "hr", IdentityKeys = { Id = 1 },
      Intent = { A = 2 }, Context = { B = 3 } })))
  end)

  it("takes keys whatever their case", function()
    assert.equal("Joiner", new({ lifecycleevent = "Joiner" }).LifecycleEvent)
    assert.same({ A = 1 }, new({ LIFECYCLEEVENT = "Joiner", intent = { A = 1 } }).Intent)
  end)

  it("makes a correlation id where there is none, or a blank one", function()
    local made = options.new_id()
    assert.equal(made, new({ LifecycleEvent = "Joiner" }).CorrelationId)
    assert.equal(made, new({ LifecycleEvent = "Joiner", CorrelationId = " " }).CorrelationId)
    assert.equal(made, new({ LifecycleEvent = "Joiner", CorrelationId = NULL }).CorrelationId)
  end)

  it("keeps a given correlation id as it is", function()
    assert.equal(" Ticket 5", new({ LifecycleEvent = "Joiner", CorrelationId = " Ticket 5" }).CorrelationId)
  end)

  it("takes missing maps, null and empty ones for empty maps", function()
    local made = new({ LifecycleEvent = "Joiner", Intent = NULL, Context = value.list() })
    assert.same({}, made.IdentityKeys)
    assert.same({}, made.Intent)
    assert.same({}, made.Context)
  end)

  it("takes an actor as optional", function()
    assert.is_nil(new({ LifecycleEvent = "Joiner" }).Actor)
    assert.is_nil(new({ LifecycleEvent = "Joiner", Actor = "" }).Actor)
    assert.equal("hr", new({ LifecycleEvent = "Joiner", Actor = "hr" }).Actor)
  end)

  it("takes any word for a lifecycle event, untrimmed, but not a missing or blank one", function()
    assert.equal(" Operational", new({ LifecycleEvent = " Operational" }).LifecycleEvent)
    assert.matches("request 'joiner.json': LifecycleEvent: LifecycleEvent is missing", message({}))
    assert.matches("LifecycleEvent must not be blank", message({ LifecycleEvent = " \t" }))
  end)

  it("takes numbers for texts, but neither lists nor maps", function()
    assert.equal("42", new({ LifecycleEvent = "Joiner", CorrelationId = 42 }).CorrelationId)
    assert.matches("Actor must be a text, got a map", message({ LifecycleEvent = "Joiner", Actor = {} }))
  end)

  it("shares nothing with its origin, at any depth", function()
    local origin = { LifecycleEvent = "Joiner", Intent = { A = { B = { 1 } } }, Context = { C = { D = 1 } } }
    local made = new(origin)
    made.Intent.A.B[1], made.Context.C.D = 2, 2
    assert.equal(1, origin.Intent.A.B[1])
    assert.equal(1, origin.Context.C.D)
  end)

  it("keeps lists of one and of none", function()
    local made = new({ LifecycleEvent = "Joiner", Intent = { one = value.list({ "x" }), none = value.list() } })
    assert.same({ "x" }, made.Intent.one)
    assert.is_true(value.is_list(made.Intent.none))
  end)

  it("refuses code in its maps, with the path", function()
    local code = data.code("{ 1 }")
    assert.matches("Intent%.Attributes%.Department: ScriptBlocks are not allowed",
      message({ LifecycleEvent = "Joiner", Intent = { Attributes = { Department = code } } }))
    assert.matches("Context%.Run: ScriptBlocks are not allowed",
      message({ LifecycleEvent = "Joiner", Context = { Run = print } }))
    assert.matches("IdentityKeys%.Run: ScriptBlocks", message({ LifecycleEvent = "J", IdentityKeys = { Run = code } }))
  end)

  it("refuses code in lists, counting from 0", function()
    assert.matches("Intent%.Items%[1%]: ScriptBlocks are not allowed",
      message({ LifecycleEvent = "Joiner", Intent = { Items = { "x", print } } }))
  end)

  it("refuses maps that are none", function()
    assert.matches("Intent must be a map, got a text", message({ LifecycleEvent = "Joiner", Intent = "x" }))
    assert.matches("IdentityKeys must be a map, got a list",
      message({ LifecycleEvent = "Joiner", IdentityKeys = { 1 } }))
    assert.matches("a request must be a map, got a list", message({ 1 }))
    assert.matches("a request must be a map, got null", message(nil))
  end)

  it("refuses a field called Identity, and points to the right ones", function()
    assert.matches("must not contain property 'Identity'; use IdentityKeys, or Context.Identity",
      message({ LifecycleEvent = "Joiner", identity = {} }))
  end)

  it("names a misspelled field and the nearest", function()
    assert.matches("unknown field 'IdentiyKeys' .*did you mean 'IdentityKeys'",
      message({ LifecycleEvent = "Joiner", IdentiyKeys = {} }))
  end)

  it("passes over other fields, but tells of them", function()
    local made, ignored = new({ LifecycleEvent = "Joiner", DesiredState = {}, Ticket = 5 })
    assert.is_nil(made.DesiredState)
    assert.same({ "'DesiredState' is called 'Intent' since IdLE 0.9.6", "'Ticket' is no field of a request" }, ignored)
  end)

  it("tells everything that is wrong at once", function()
    local _, err = message({ Actor = {}, Intent = 5, Identity = {} })
    assert.equal(4, #err.data.Errors)
  end)

  it("wants event and correlation id where planning is handed a request", function()
    assert.matches("LifecycleEvent is missing", message({ CorrelationId = "c" }, request.for_planning))
    assert.matches("CorrelationId is missing", message({ LifecycleEvent = "Joiner" }, request.for_planning))
    assert.matches("CorrelationId must not be blank",
      message({ LifecycleEvent = "Joiner", CorrelationId = "" }, request.for_planning))
    assert.equal("c", request.for_planning({ LifecycleEvent = "Joiner", CorrelationId = "c" }).CorrelationId)
  end)
end)
