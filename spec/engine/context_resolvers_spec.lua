local NULL = require("spec.support.null")
local condition = require("idle.engine.condition")
local context_resolvers = require("idle.engine.context_resolvers")
local errors = require("idle.engine.errors")
local provider_map = require("idle.engine.provider_map")
local request = require("idle.engine.request")
local template = require("idle.engine.template")
local value = require("idle.engine.value")

local LIST, READ = "IdLE.Entitlement.List", "IdLE.Identity.Read"

-- A provider that remembers how it was called.
local function provider(answers, ids)
  return {
    calls = {},
    GetCapabilities = function() return ids or { LIST, READ } end,
    ListEntitlements = function(self, ...)
      self.calls[#self.calls + 1] = { ... }
      return answers.entitlements
    end,
    GetIdentity = function(self, ...)
      self.calls[#self.calls + 1] = { ... }
      return answers.profile
    end,
  }
end

local function entitlement(id) return { Kind = "Group", Id = id } end

local function groups(...)
  local list = value.list()
  for index, id in ipairs({ ... }) do list[index] = entitlement(id) end
  return provider({ entitlements = list })
end

local function profile(department)
  return provider({ profile = { IdentityKey = "jdoe", Enabled = true, Attributes = { Department = department } } })
end

local function resolver(capability, with)
  local made = { IdentityKey = "jdoe" }
  for name, field in pairs(with or {}) do made[name] = field end
  return { Capability = capability, With = made }
end

local function new_request(fields)
  local made = { LifecycleEvent = "Mover", CorrelationId = "c", IdentityKeys = { Id = "k-1" } }
  for name, field in pairs(fields or {}) do made[name] = field end
  return (request.new(made, { new_id = error }))
end

-- Runs resolvers and returns the context.
local function run(resolvers, providers, fields)
  local made = new_request(fields)
  context_resolvers.run(resolvers, made, provider_map.new(providers), { null = NULL })
  return made.Context, made
end

local function failure(resolvers, providers, fields)
  local ok, err = pcall(run, resolvers, providers, fields)
  assert.is_false(ok)
  assert.is_true(errors.is(err))
  return tostring(err), err
end

local function ids(list)
  local found = {}
  for index, item in ipairs(list) do found[index] = item.Id end
  return table.concat(found, " ")
end

describe("idle.engine.context_resolvers: an answer", function()
  it("lies below its provider and session", function()
    local context = run({ resolver(LIST, { Provider = "AD" }) }, { AD = groups("g1", "g2") })
    assert.equal("g1 g2", ids(context.Providers.AD.Default.Identity.Entitlements))
  end)

  it("is a profile for Identity.Read", function()
    local context = run({ resolver(READ, { Provider = "AD" }) }, { AD = profile("IT") })
    assert.equal("IT", context.Providers.AD.Default.Identity.Profile.Attributes.Department)
  end)

  it("is found whatever the case of the capability", function()
    assert.equal("IT", run({ resolver("idle.identity.READ") }, { AD = profile("IT") })
      .Views.Identity.Profile.Attributes.Department)
  end)

  it("keeps a profile's attributes where they are", function()
    local found = run({ resolver(READ) }, { AD = profile("IT") }).Views.Identity.Profile
    assert.is_nil(found.Department)
    assert.equal("IT", found.Attributes.Department)
  end)

  it("says where each entitlement comes from", function()
    local item = run({ resolver(LIST) }, { AD = groups("g1") }).Providers.AD.Default.Identity.Entitlements[1]
    assert.same({ Kind = "Group", Id = "g1", SourceProvider = "AD", SourceAuthSessionName = "Default" }, item)
  end)

  it("says where a profile comes from", function()
    local broker = { AcquireAuthSession = function() return {} end }
    local found = run({ resolver(READ, { AuthSessionName = "Admin" }) },
      { AD = profile("IT"), AuthSessionBroker = broker }).Providers.AD.Admin.Identity.Profile
    assert.equal("AD", found.SourceProvider)
    assert.equal("Admin", found.SourceAuthSessionName)
  end)

  it("is copied, so that the provider keeps its own", function()
    local own = { profile = { Attributes = { A = 1 }, Method = print } }
    local found = run({ resolver(READ) }, { AD = provider(own) }).Views.Identity.Profile
    found.Attributes.A = 2
    assert.equal(1, own.profile.Attributes.A)
    assert.is_nil(own.profile.SourceProvider)
    assert.is_nil(found.Method)
  end)

  it("loses entitlements that are null, and takes a single one for a list", function()
    local context = run({ resolver(LIST) }, { AD = provider({ entitlements = { NULL, entitlement("g1"), NULL } }) })
    assert.equal("g1", ids(context.Views.Identity.Entitlements))
    context = run({ resolver(LIST) }, { AD = provider({ entitlements = entitlement("g1") }) })
    assert.is_true(value.is_list(context.Views.Identity.Entitlements))
  end)

  it("goes into the request it was handed, making the context", function()
    local _, made = run({ resolver(LIST) }, { AD = groups("g1") }, { Context = NULL })
    assert.equal("g1", template.expand("{{Request.Context.Views.Identity.Entitlements.0.Id}}", made, { step = "S" }))
  end)

  it("keeps the rest of the context", function()
    local context = run({ resolver(LIST) }, { AD = groups("g1") },
      { Context = { Site = "Köln", Views = { Mine = 1 } } })
    assert.equal("Köln", context.Site)
    assert.equal(1, context.Views.Mine)
  end)
end)

describe("idle.engine.context_resolvers: a call", function()
  it("has the key, with its template filled", function()
    local ad = groups()
    run({ resolver(LIST, { IdentityKey = "{{Request.IdentityKeys.Id}}" }) }, { AD = ad })
    assert.equal("k-1", ad.calls[1][1])
  end)

  it("sees what earlier resolvers found", function()
    local mail = groups()
    run({ resolver(READ, { Provider = "AD" }), resolver(LIST, { Provider = "Mail",
      IdentityKey = "{{Request.Context.Views.Identity.Profile.Attributes.Department}}" }) },
      { AD = profile("IT"), Mail = mail })
    assert.equal("IT", mail.calls[1][1])
  end)

  it("has the session that the resolver names, acquired with its options", function()
    local ad, session, asked = groups(), {}, nil
    run({ resolver(LIST, { AuthSessionName = "Admin", AuthSessionOptions = { Role = "r" } }) }, { AD = ad,
      AuthSessionBroker = { AcquireAuthSession = function(_, name, options)
        asked = { name, options }
        return session
      end } })
    assert.same({ "Admin", { Role = "r" } }, asked)
    assert.equal(session, ad.calls[1][2])
  end)

  it("has the broker's default session where none is named", function()
    local ad, session = groups(), {}
    run({ resolver(LIST) }, { AD = ad, AuthSessionBroker = { AcquireAuthSession = function() return session end } })
    assert.equal(session, ad.calls[1][2])
  end)

  it("goes without a session where the default one cannot be had", function()
    local ad = groups()
    run({ resolver(LIST) }, { AD = ad, AuthSessionBroker = { AcquireAuthSession = function() error("none") end } })
    assert.same({ "jdoe" }, ad.calls[1])
    run({ resolver(LIST) }, { AD = ad })
    assert.same({ "jdoe" }, ad.calls[2])
  end)
end)

describe("idle.engine.context_resolvers: the provider", function()
  it("is the only one that announces the capability, if none is named", function()
    local context = run({ resolver(LIST) }, { AD = groups("g1"), Mail = provider({}, { "IdLE.Mailbox.Info.Read" }) })
    assert.equal("g1", ids(context.Providers.AD.Default.Identity.Entitlements))
  end)

  it("need not announce the capability, if it is named", function()
    local silent = provider({ entitlements = { entitlement("g1") } }, {})
    assert.equal("g1", ids(run({ resolver(LIST, { Provider = "ad" }) }, { AD = silent }).Views.Identity.Entitlements))
  end)

  it("must be there", function()
    local text, err = failure({ resolver(LIST), resolver(LIST, { Provider = "Entar" }) },
      { Entra = groups() })
    assert.matches("^ContextResolvers%[1%]: there is no provider 'Entar' .*did you mean 'Entra'", text)
    assert.equal("input.setup", err.kind)
  end)

  it("must be one that can do it", function()
    assert.matches("ContextResolvers%[0%]: no provider in the Providers map announces IdLE.Identity.Read",
      failure({ resolver(READ) }, { AD = provider({}, { LIST }) }))
  end)

  it("must be named if several can", function()
    assert.matches("ContextResolvers%[0%]: Multiple providers announce IdLE.Entitlement.List: AD, Entra; "
      .. "name one in With.Provider to disambiguate", failure({ resolver(LIST) }, { Entra = groups(), AD = groups() }))
  end)

  it("must have an alias that fits into a path", function()
    assert.matches("the provider alias 'corp.ad' is not a valid context path segment",
      failure({ resolver(LIST) }, { ["corp.ad"] = groups() }))
  end)

  it("must have the method", function()
    assert.matches("provider 'AD' failed while resolving capability .*no method 'ListEntitlements'",
      failure({ resolver(LIST) }, { AD = { GetCapabilities = function() return { LIST } end } }))
  end)

  it("may fail: the cause is kept, and nothing was changed", function()
    local ad = groups()
    ad.ListEntitlements = function() error(errors.new("ssh.connect", "no route")) end
    local text, err = failure({ resolver(LIST) }, { AD = ad })
    assert.equal("ContextResolvers[0]: provider 'AD' failed while resolving capability IdLE.Entitlement.List: no route",
      text)
    assert.equal("provider.failed", err.kind)
    assert.equal("none", err.effect)
    assert.is_true(err.transient)
    assert.equal("ssh.connect", err.cause.kind)
  end)

  it("must answer with maps", function()
    assert.matches("failed while resolving capability .*returned a text where a map was expected",
      failure({ resolver(LIST) }, { AD = provider({ entitlements = "g1" }) }))
  end)

  it("may be cancelled, and interrupted by Ctrl-C", function()
    for _, interruption in ipairs({ errors.new("cancelled", "stop"), "setup.lua:3: interrupted!" }) do
      local ad = groups()
      ad.ListEntitlements = function() error(interruption, 0) end
      local ok, raised = pcall(run, { resolver(LIST) }, { AD = ad })
      assert.same({ false, interruption }, { ok, raised })
    end
  end)
end)

describe("idle.engine.context_resolvers: refuses", function()
  it("a capability that changes something, with the allowed ones", function()
    local text, err = failure({ resolver("IdLE.Identity.Disable") }, { AD = groups() })
    assert.matches("^ContextResolvers%[0%]: the capability 'IdLE.Identity.Disable' is not in the read%-only "
      .. "allow%-list: IdLE.Entitlement.List, IdLE.Identity.Read", text)
    assert.equal("input.workflow", err.kind)
  end)

  it("a call without an identity key", function()
    assert.matches("failed while resolving capability .*With.IdentityKey is missing",
      failure({ { Capability = LIST, With = {} } }, { AD = groups() }))
  end)

  it("a session name that does not fit into a path", function()
    assert.matches("the auth session name 'a.b' is not a valid context path segment",
      failure({ resolver(LIST, { AuthSessionName = "a.b" }) }, { AD = groups() }))
  end)

  it("a named session without a broker", function()
    assert.matches("ContextResolvers%[0%]: the auth session 'Admin' needs an AuthSessionBroker",
      failure({ resolver(LIST, { AuthSessionName = "Admin" }) }, { AD = groups() }))
  end)

  it("options that are no map", function()
    assert.matches("AuthSessionOptions must be a map", failure({ resolver(LIST, { AuthSessionOptions = "x" }) },
      { AD = groups() }))
  end)

  it("a context with something else in the way", function()
    assert.matches("ContextResolvers%[0%]: the intermediate node 'Request.Context.Providers.AD' .* is a text",
      failure({ resolver(LIST) }, { AD = groups() }, { Context = { Providers = { AD = "x" } } }))
    assert.matches("intermediate node 'Request.Context.Views' .* a list",
      failure({ resolver(LIST) }, { AD = groups() }, { Context = { Views = { 1 } } }))
  end)

  it("a template that leads nowhere, naming the resolver", function()
    assert.matches("step 'ContextResolvers%[0%]', With.IdentityKey: template", failure(
      { resolver(LIST, { IdentityKey = "{{Request.IdentityKeys.Gone}}" }) }, { AD = groups() }))
  end)
end)

describe("idle.engine.context_resolvers: views", function()
  local broker = { AcquireAuthSession = function() return {} end }
  local providers = { Entra = groups("e"), AD = groups("a"), AuthSessionBroker = broker }
  local context = run({
    resolver(LIST, { Provider = "Entra", AuthSessionName = "Tenant" }), resolver(LIST, { Provider = "AD" }),
    resolver(LIST, { Provider = "AD", AuthSessionName = "Tenant" }),
  }, providers)

  it("keep providers and sessions apart", function()
    assert.equal("e", ids(context.Providers.Entra.Tenant.Identity.Entitlements))
    assert.equal("Tenant", context.Providers.AD.Tenant.Identity.Entitlements[1].SourceAuthSessionName)
    assert.equal("Default", context.Providers.AD.Default.Identity.Entitlements[1].SourceAuthSessionName)
  end)

  it("join all, sorted by provider, then by session", function()
    assert.equal("a a e", ids(context.Views.Identity.Entitlements))
    assert.equal("Default", context.Views.Identity.Entitlements[1].SourceAuthSessionName)
  end)

  it("join the sessions of a provider", function()
    assert.equal("a a", ids(context.Views.Providers.AD.Identity.Entitlements))
    assert.equal("e", ids(context.Views.Providers.Entra.Identity.Entitlements))
  end)

  it("join the providers of a session", function()
    assert.equal("a e", ids(context.Views.Sessions.Tenant.Identity.Entitlements))
    assert.equal("a", ids(context.Views.Sessions.Default.Identity.Entitlements))
  end)

  it("show one provider and session", function()
    assert.equal("a", ids(context.Views.Providers.AD.Sessions.Tenant.Identity.Entitlements))
  end)

  it("take the last profile that is there", function()
    local found = run({ resolver(READ, { Provider = "AD" }), resolver(READ, { Provider = "Entra" }),
      resolver(READ, { Provider = "Mail" }) }, { Entra = profile("E"), AD = profile("A"), Mail = provider({}) })
    assert.equal("Entra", found.Views.Identity.Profile.SourceProvider)
    assert.equal("A", found.Views.Providers.AD.Identity.Profile.Attributes.Department)
    assert.equal("E", found.Views.Sessions.Default.Identity.Profile.Attributes.Department)
  end)

  it("are written where there is nothing, too: empty lists and null", function()
    local found = run({ resolver(LIST), resolver(READ) }, { AD = provider({ entitlements = NULL }) })
    for _, view in ipairs({ found.Views, found.Views.Providers.AD, found.Views.Sessions.Default,
      found.Views.Providers.AD.Sessions.Default }) do
      assert.same({}, view.Identity.Entitlements)
      assert.is_true(value.is_list(view.Identity.Entitlements))
      assert.equal(NULL, view.Identity.Profile)
    end
  end)

  it("count what the host put there, and lose what is stale", function()
    local found = run({ resolver(LIST, { Provider = "AD" }) }, { AD = groups("a") }, { Context = {
      Providers = { HR = { Default = { Identity = { Entitlements = { entitlement("h") } } } } },
      Views = { Identity = { Entitlements = { entitlement("stale") } } } } })
    assert.equal("a h", ids(found.Views.Identity.Entitlements))
    assert.equal("h", ids(found.Views.Providers.HR.Identity.Entitlements))
  end)

  it("are what conditions look at", function()
    local _, made = run({ resolver(LIST), resolver(READ) },
      { AD = provider({ entitlements = { entitlement("vpn") }, profile = { Attributes = { Department = "IT" } } }) })
    local function holds(node) return condition.evaluate(condition.parse(node), { Request = made }) end
    assert.is_true(holds({ Contains = { Path = "Request.Context.Views.Identity.Entitlements.Id", Value = "VPN" } }))
    assert.is_true(holds({ Equals = { Path = "Request.Context.Views.Identity.Profile.Attributes.Department",
      Value = "it" } }))
    assert.is_false(holds({ Equals = { Path = "Request.Context.Views.Identity.Profile.Attributes.Department",
      Value = "HR" } }))
  end)

  it("do not exist for a condition where there are no entitlements", function()
    local _, made = run({ resolver(LIST) }, { AD = groups() })
    assert.is_false(condition.evaluate(condition.parse({ Exists = "Request.Context.Views.Identity.Entitlements" }),
      { Request = made }))
  end)
end)

describe("idle.engine.context_resolvers: the current node", function()
  local broker = { AcquireAuthSession = function() return {} end }
  local named = resolver(LIST, { Provider = "AD", AuthSessionName = "Admin" })
  local _, made = run({ named, resolver(LIST, { Provider = "AD" }) },
    { AD = groups("a"), AuthSessionBroker = broker })

  it("is the one of the step's provider and session", function()
    assert.equal(made.Context.Providers.AD.Admin,
      context_resolvers.current(made, { Provider = "ad", AuthSessionName = "Admin" }))
    assert.equal(made.Context.Providers.AD.Default, context_resolvers.current(made, { Provider = "AD" }))
  end)

  it("is the one of the step type's default provider", function()
    assert.equal(made.Context.Providers.AD.Default, context_resolvers.current(made, {}, "AD"))
  end)

  it("is nothing where no resolver filled it", function()
    assert.is_nil(context_resolvers.current(made, { Provider = "Mail" }))
    assert.is_nil(context_resolvers.current(made, {}))
    assert.is_nil(context_resolvers.current(new_request(), { Provider = "AD" }))
  end)
end)
