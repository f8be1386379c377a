local errors = require("idle.engine.errors")
local idle = require("idle")
local prune_entitlements = require("idle.steps.prune_entitlements")
local prune_world = require("spec.support.prune_world")

describe("idle.steps.prune_entitlements", function()
  local STEP = { Name = "Prune groups", Type = "IdLE.Step.PruneEntitlements" }
  local GROUPS = { "CN=All", "CN=HR", "CN=LEAVER-EXTRA", "CN=LEAVER-RETAIN" }

  local function with(more)
    local all = { IdentityKey = "user1", Kind = "Group" }
    for name, field in pairs(more or {}) do all[name] = field end
    return all
  end

  local function run(world, more) return prune_entitlements(world.context, with(more), STEP) end

  -- Runs the step, and says what is left.
  local function rest(more, world)
    world = world or prune_world.new(GROUPS)
    run(world, more)
    return prune_world.ids(world)
  end

  describe("what is kept", function()
    it("is nothing, if nothing is named", function()
      assert.same({}, rest())
      for _, none in ipairs({ {}, idle.list(), idle.null }) do
        assert.same({}, rest({ Keep = none, KeepPattern = none }))
      end
    end)

    it("is what Keep names, whatever the case", function()
      assert.same({ "CN=LEAVER-RETAIN" }, rest({ Keep = { { Kind = "Group", Id = "cn=leaver-retain" } } }))
    end)

    it("may be one entry instead of a list", function()
      assert.same({ "CN=HR" }, rest({ Keep = { Id = "CN=HR" } }))
    end)

    it("is what a pattern matches", function()
      assert.same({ "CN=LEAVER-EXTRA", "CN=LEAVER-RETAIN" }, rest({ KeepPattern = "cn=leaver-*" }))
      assert.same({ "CN=All" }, rest({ KeepPattern = { "CN=A*", "CN=X?" } }))
    end)

    it("is both of that together", function()
      assert.same({ "CN=All", "CN=LEAVER-EXTRA", "CN=LEAVER-RETAIN" },
        rest({ Keep = { { Id = "CN=All" } }, KeepPattern = { "CN=LEAVER-*" } }))
    end)

    it("is compared by id alone, its own kind is not asked", function()
      assert.same({ "CN=HR" }, rest({ Keep = { { Kind = "Role", Id = "CN=HR" } } }))
    end)

    it("is everything of another kind", function()
      local world = prune_world.new(GROUPS)
      table.insert(world.held, 1, { Kind = "Role", Id = "admin" })
      table.insert(world.held, { Kind = "role", Id = "auditor" })
      assert.same({ "admin", "auditor" }, rest(nil, world))
    end)

    it("is found by the id under which the provider lists it", function()
      local world = prune_world.new({ "CN=Keep,DC=corp", "CN=Gone,DC=corp" }, {
        ResolveEntitlement = function(kind, entitlement)
          return { Kind = kind, Id = ("cn=%s,dc=corp"):format(entitlement.Id:lower()) }
        end,
      })
      assert.same({ "CN=Keep,DC=corp" }, rest({ Keep = { { Id = "Keep" } } }, world))
      assert.same({ "ResolveEntitlement", "ListEntitlements", "RevokeEntitlement" }, world:called())
    end)

    it("ends the step before any change if it cannot be resolved", function()
      local world = prune_world.new(GROUPS, { ResolveEntitlement = function() error("Multiple groups found", 0) end })
      assert.equal("Multiple groups found", world:failure(prune_entitlements, with({ Keep = { Id = "x" } })))
      assert.same({ "ResolveEntitlement" }, world:called())
    end)
  end)

  describe("the result", function()
    it("says that something was changed", function()
      assert.same({ Name = "Prune groups", Type = STEP.Type, Status = "Completed", Changed = true,
        Skipped = idle.list() }, run(prune_world.new(GROUPS), { Keep = { Id = "CN=HR" } }))
    end)

    it("says that nothing was changed when there is nothing to remove", function()
      local world = prune_world.new({ "CN=HR" })
      assert.is_false(run(world, { Keep = { Id = "CN=HR" } }).Changed)
      assert.same({ "ListEntitlements" }, world:called())
    end)

    it("counts a revoke that says nothing as neither changed nor skipped", function()
      local world = prune_world.new({ "CN=HR" }, { RevokeEntitlement = {} })
      local result = run(world)
      assert.is_false(result.Changed)
      assert.same({}, result.Skipped)
    end)
  end)

  it("grants nothing", function()
    local world = prune_world.new(GROUPS)
    run(world, { Keep = { { Id = "CN=New" } } })
    assert.same({}, prune_world.called_with(world, "GrantEntitlement"))
  end)

  it("revokes what was listed, as it was listed", function()
    local listed = { Kind = "Group", Id = "CN=HR", Mail = "hr@corp" }
    local world = prune_world.new({}, { ListEntitlements = listed })
    run(world)
    assert.equal(listed, world.calls[2][3])
  end)

  it("writes what it is going to do, and each removal", function()
    local world = prune_world.new(GROUPS)
    run(world, { KeepPattern = { "CN=LEAVER-*" } })
    assert.equal(3, #world.events)
    for _, event in ipairs(world.events) do assert.equal("Prune groups", event.StepName) end
    assert.same({ Kind = "Group", KeepCount = 2, PruneCount = 2 }, world.events[1].Data)
    assert.equal("Information", world.events[1].Type)
    assert.same({ Kind = "Group", EntitlementId = "CN=All" }, world.events[2].Data)
    assert.equal("PruneEntitlements: revoked 'CN=HR'", world.events[3].Message)
  end)

  describe("an entitlement that the system does not let go", function()
    local function refusing(id, raised)
      return prune_world.new(GROUPS, { RevokeEntitlement = function(_, entitlement)
        if entitlement.Id == id then error(raised, 0) end
        return { Changed = true }
      end })
    end

    it("is skipped with the reason, and the others are removed", function()
      local world = refusing("CN=All", "it is the primary group")
      local result = run(world)
      assert.equal("Completed", result.Status)
      assert.is_true(result.Changed)
      assert.same({ { EntitlementId = "CN=All", Reason = "it is the primary group" } }, result.Skipped)
      assert.is_true(idle.is_list(result.Skipped))
      assert.same(GROUPS, prune_world.called_with(world, "RevokeEntitlement"))
    end)

    it("is a warning in the record", function()
      local world = refusing("CN=All", "it is the primary group")
      run(world)
      local warnings = prune_world.events(world, "Warning")
      assert.equal(1, #warnings)
      assert.equal("PruneEntitlements: 'CN=All' was not removed: it is the primary group", warnings[1].Message)
      assert.same({ Kind = "Group", EntitlementId = "CN=All", Reason = "it is the primary group" }, warnings[1].Data)
    end)

    it("fails the step with OnSkipped = 'Fail', after all others were tried (W-23)", function()
      local world = refusing("CN=All", errors.new("provider.refused", "it is the primary group"))
      local err = world:failure(prune_entitlements, with({ OnSkipped = "fail" }))
      assert.equal("step.failed", err.kind)
      assert.equal("applied", err.effect)
      assert.equal("PruneEntitlements: entitlements that were not removed: 1; 'CN=All': it is the primary group",
        err.message)
      assert.is_true(err.data.Changed)
      assert.equal("CN=All", err.data.Skipped[1].EntitlementId)
      assert.equal(4, #prune_world.called_with(world, "RevokeEntitlement"))
    end)

    it("fails it without any effect if nothing else was removed", function()
      local refusal = errors.new("provider.refused", "no")
      local world = prune_world.new({ "CN=All" }, { RevokeEntitlement = function() error(refusal, 0) end })
      local err = world:failure(prune_entitlements, with({ OnSkipped = "Fail" }))
      assert.equal("none", err.effect)
      assert.is_false(err.data.Changed)
    end)

    it("leaves in doubt what became of it, if its error does not say", function()
      local err = refusing("CN=All", "no"):failure(prune_entitlements, with({ OnSkipped = "Fail" }))
      assert.equal("unknown", err.effect)
    end)

    it("is not one that only cannot be removed now: the step is repeated (W-23)", function()
      local world = refusing("CN=HR", { message = "throttled", transient = true, effect = "none" })
      local err = world:failure(prune_entitlements, with())
      assert.is_true(err.transient)
      assert.equal("applied", err.effect)
      assert.equal("throttled", err.message)
      assert.is_true(err.data.Changed)
      assert.same({ "CN=All", "CN=HR" }, prune_world.called_with(world, "RevokeEntitlement"))
    end)

    it("is not one that nobody could ask for: the way to the system is broken", function()
      local world = refusing("CN=All", errors.new("ssh.lost", "the connection was lost"))
      local err = world:failure(prune_entitlements, with())
      assert.equal("ssh.lost", err.kind)
      assert.equal("unknown", err.effect)
      assert.same({ "CN=All" }, prune_world.called_with(world, "RevokeEntitlement"))
    end)

    it("is not Ctrl-C", function()
      local world = refusing("CN=HR", "x.lua:1: interrupted!")
      assert.equal("x.lua:1: interrupted!", world:failure(prune_entitlements, with()))
    end)
  end)

  describe("a provider that revokes in bulk", function()
    it("is handed all at once", function()
      local world = prune_world.new(GROUPS, { BulkRevokeEntitlements = function(_, list)
        local results = {}
        for index, entitlement in ipairs(list) do results[index] = { Entitlement = entitlement, Changed = true } end
        return results
      end }):has_sessions({ "Directory" })
      local result = run(world, { Keep = { { Id = "CN=HR" } }, AuthSessionName = "Directory" })
      assert.is_true(result.Changed)
      assert.same({ "ListEntitlements", "BulkRevokeEntitlements" }, world:called())
      assert.equal(3, #world.calls[2][3])
      assert.is_true(idle.is_list(world.calls[2][3]))
      assert.equal(world.session, world.calls[2][4])
      assert.equal(4, #prune_world.events(world, "Information"))
    end)

    it("says of each item what became of it", function()
      local world = prune_world.new({ "a", "b", "c" }, { BulkRevokeEntitlements = {
        { Entitlement = { Kind = "Group", Id = "A" }, Changed = false, Error = idle.null },
        { Entitlement = { Kind = "Group", Id = "b" }, Changed = false, Error = "HTTP 403: no" },
      } })
      local result = run(world)
      assert.is_false(result.Changed)
      assert.same({
        { EntitlementId = "b", Reason = "HTTP 403: no" },
        { EntitlementId = "c", Reason = "BulkRevokeEntitlements did not say what became of it" },
      }, result.Skipped)
    end)

    it("ends the step with an item that may succeed later, after all were noted", function()
      local throttled = { message = "HTTP 429", transient = true, effect = "none" }
      local world = prune_world.new({ "a", "b" }, { BulkRevokeEntitlements = {
        { Entitlement = { Kind = "Group", Id = "a" }, Error = throttled },
        { Entitlement = { Kind = "Group", Id = "b" }, Changed = true },
      } })
      local err = world:failure(prune_entitlements, with())
      assert.is_true(err.transient)
      assert.equal("applied", err.effect)
      assert.equal("b", prune_world.events(world, "Information")[2].Data.EntitlementId)
    end)

    it("is not asked to remove nothing", function()
      local world = prune_world.new({}, { BulkRevokeEntitlements = {} })
      run(world)
      assert.same({ "ListEntitlements" }, world:called())
    end)

    it("fails the step if the call itself fails", function()
      local world = prune_world.new(GROUPS, { BulkRevokeEntitlements = function() error("no batch", 0) end })
      assert.equal("no batch", world:failure(prune_entitlements, with()))
    end)
  end)

  it("needs a provider that lists and revokes", function()
    local world = prune_world.new(GROUPS)
    world.provider.RevokeEntitlement = nil
    assert.equal("PruneEntitlements: provider 'Identity' must implement the method 'RevokeEntitlement'",
      world:failure(prune_entitlements, with()).message)
    world.context.Providers = {}
    assert.matches("provider 'Identity' was not supplied", world:failure(prune_entitlements, with()).message)
  end)

  it("needs no provider that grants", function()
    local world = prune_world.new({ "CN=HR" })
    world.provider.GrantEntitlement = nil
    assert.is_true(run(world).Changed)
  end)

  describe("With", function()
    local function failure(raw)
      local world = prune_world.new(GROUPS)
      local err = world:failure(prune_entitlements, raw)
      assert.equal("input.with", err.kind)
      assert.same({}, world.calls)
      assert.same({}, world.events)
      return err.message
    end

    it("is a map", function() assert.matches("^PruneEntitlements requires With to be a hashtable", failure("x")) end)

    it("requires the identity and the kind", function()
      assert.equal("PruneEntitlements requires With.IdentityKey", failure({ Kind = "Group" }))
      assert.equal("PruneEntitlements requires With.Kind", failure({ IdentityKey = "user1" }))
      assert.equal("PruneEntitlements requires With.Kind to be a text, got ''", failure(with({ Kind = "" })))
    end)

    it("has entries with an id in Keep", function()
      assert.equal("PruneEntitlements requires With.Keep[1].Id to be a text that is not empty",
        failure(with({ Keep = { { Id = "x" }, { Kind = "Group" } } })))
      assert.equal("PruneEntitlements requires With.Keep[0] to be a hashtable (a table with keys Kind and Id), got 'x'",
        failure(with({ Keep = "x" })))
    end)

    it("has well-formed patterns in KeepPattern", function()
      assert.equal("PruneEntitlements requires With.KeepPattern[1] to be a text that is not empty, got ' '",
        failure(with({ KeepPattern = { "a", " " } })))
      assert.matches("With.KeepPattern%[0%] to be a text that is not empty, got a table",
        failure(with({ KeepPattern = { { Id = "a" } } })))
      assert.matches("^PruneEntitlements: With.KeepPattern%[0%] is no pattern: .*'%[abc'",
        failure(with({ KeepPattern = { "[abc" } })))
    end)

    it("has no code in it", function()
      assert.matches("^PruneEntitlements: With.KeepPattern%[0%]: ScriptBlocks are not allowed",
        failure(with({ KeepPattern = { function() end } })))
      assert.matches("^PruneEntitlements: With.Keep%[0%].Id: ScriptBlocks are not allowed",
        failure(with({ Keep = { { Id = function() end } } })))
    end)

    it("has session options that are a map, and a policy of two words", function()
      assert.matches("requires With.AuthSessionOptions to be a hashtable",
        failure(with({ AuthSessionName = "Directory", AuthSessionOptions = "invalid" })))
      assert.equal("PruneEntitlements requires With.OnSkipped to be 'Warn' or 'Fail', got 'Retry'",
        failure(with({ OnSkipped = "Retry" })))
    end)
  end)
end)
