local context_views = require("idle.engine.context_views")

local LIST, READ = "IdLE.Entitlement.List", "IdLE.Identity.Read"
local NULL = require("spec.support.null")

describe("idle.engine.context_views", function()
  local run

  before_each(function() run = { request = { Context = {} }, null = NULL, label = "ContextResolvers[0]" } end)

  local function store(alias, session, capability, answer)
    context_views.store(run, { alias, session }, capability, answer)
    context_views.rebuild(run, capability)
  end

  it("puts an answer under its provider and session", function()
    store("Directory", "Default", LIST, { "a" })
    local identity = run.request.Context.Providers.Directory.Default.Identity
    assert.same({ "a" }, identity.Entitlements)
  end)

  it("joins the lists of all providers and sessions, in the order of their names", function()
    store("B", "Default", LIST, { "b" })
    store("a", "Second", LIST, { "a2" })
    store("a", "First", LIST, { "a1", "a1b" })
    local views = run.request.Context.Views
    assert.same({ "a1", "a1b", "a2", "b" }, views.Identity.Entitlements)
    assert.same({ "a1", "a1b", "a2" }, views.Providers.a.Identity.Entitlements)
    assert.same({ "b" }, views.Sessions.Default.Identity.Entitlements)
    assert.same({ "a2" }, views.Providers.a.Sessions.Second.Identity.Entitlements)
  end)

  it("takes the last profile that is there", function()
    store("A", "Default", READ, { Name = "of A" })
    store("B", "Default", READ, { Name = "of B" })
    store("C", "Default", READ, NULL)
    local views = run.request.Context.Views
    assert.equal("of B", views.Identity.Profile.Name)
    assert.equal(NULL, views.Providers.C.Identity.Profile)
  end)

  it("leaves nothing stale", function()
    store("A", "Default", LIST, { "old" })
    run.request.Context.Providers = {}
    context_views.rebuild(run, LIST)
    assert.same({}, run.request.Context.Views.Identity.Entitlements)
  end)

  it("refuses to go through what is no map, and names it", function()
    run.request.Context.Providers = { A = "taken" }
    local ok, err = pcall(store, "A", "Default", LIST, {})
    assert.is_false(ok)
    assert.equal("input.request", err.kind)
    assert.equal("ContextResolvers[0]: the intermediate node 'Request.Context.Providers.A' of Request.Context is a "
      .. "text, and a map is needed there", err.message)
  end)
end)
