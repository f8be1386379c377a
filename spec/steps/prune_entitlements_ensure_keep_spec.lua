local errors = require("idle.engine.errors")
local idle = require("idle")
local prune_world = require("spec.support.prune_world")
local prune_ensure_keep = require("idle.steps.prune_entitlements_ensure_keep")
local step_metadata = require("idle.engine.step_metadata")

describe("idle.steps.prune_entitlements_ensure_keep", function()
  local STEP = { Name = "Prune groups", Type = "IdLE.Step.PruneEntitlementsEnsureKeep" }

  local function with(keep, more)
    local all = { IdentityKey = "user1", Kind = "Group", Keep = keep }
    for name, field in pairs(more or {}) do all[name] = field end
    return all
  end

  local function run(world, ...) return prune_ensure_keep(world.context, with(...), STEP) end

  it("removes what is not kept", function()
    local world = prune_world.new({ "CN=All", "CN=RETAIN" })
    local result = run(world, { { Id = "CN=RETAIN" } })
    assert.is_true(result.Changed)
    assert.same({}, result.Skipped)
    assert.same({ "CN=RETAIN" }, prune_world.ids(world))
  end)

  it("grants what is to be kept and is missing, before it removes anything (W-23)", function()
    local world = prune_world.new({ "CN=All" })
    run(world, { { Id = "CN=NEW" } })
    assert.same({ "ListEntitlements", "GrantEntitlement", "RevokeEntitlement" }, world:called())
    assert.same({ Kind = "Group", Id = "CN=NEW" }, world.calls[2][3])
    assert.same({ "CN=NEW" }, prune_world.ids(world))
    assert.equal("PruneEntitlementsEnsureKeep: granted 'CN=NEW'", world.events[2].Message)
    assert.same({ Kind = "Group", EntitlementId = "CN=NEW" }, world.events[2].Data)
  end)

  it("grants nothing that is there, whatever the case", function()
    local world = prune_world.new({ "CN=RETAIN" })
    assert.is_false(run(world, { { Id = "cn=retain" } }).Changed)
    assert.same({ "ListEntitlements" }, world:called())
  end)

  it("grants an entry once, even if Keep names it twice", function()
    local world = prune_world.new({})
    run(world, { { Id = "CN=NEW" }, { Id = "cn=new" } })
    assert.same({ "CN=NEW" }, prune_world.called_with(world, "GrantEntitlement"))
  end)

  it("grants the id that the provider made of an entry", function()
    local world = prune_world.new({}, { ResolveEntitlement = { Kind = "Group", Id = "CN=New,DC=corp" } })
    run(world, { Id = "New" })
    assert.same({ "CN=New,DC=corp" }, prune_world.called_with(world, "GrantEntitlement"))
  end)

  it("removes everything and grants nothing without Keep", function()
    local world = prune_world.new({ "a", "b" })
    assert.is_true(run(world, nil).Changed)
    assert.same({}, prune_world.ids(world))
    assert.same({}, prune_world.called_with(world, "GrantEntitlement"))
  end)

  it("counts a grant as a change, unless the provider says otherwise", function()
    assert.is_true(run(prune_world.new({}, { GrantEntitlement = {} }), { Id = "a" }).Changed)
    assert.is_false(run(prune_world.new({}, { GrantEntitlement = { Changed = false } }), { Id = "a" }).Changed)
  end)

  describe("a grant that fails", function()
    it("ends the step before anything is removed", function()
      local world = prune_world.new({ "CN=All" }, { GrantEntitlement = function() error("no such group", 0) end })
      assert.equal("no such group", world:failure(prune_ensure_keep, with({ Id = "CN=NEW" })))
      assert.same({ "CN=All" }, prune_world.ids(world))
    end)

    it("says that others were granted before", function()
      local world = prune_world.new({}, { GrantEntitlement = function(_, entitlement)
        if entitlement.Id == "b" then error(errors.new("provider.refused", "no", { effect = "none" }), 0) end
        return { Changed = true }
      end })
      local err = world:failure(prune_ensure_keep, with({ { Id = "a" }, { Id = "b" }, { Id = "c" } }))
      assert.equal("provider.refused", err.kind)
      assert.equal("applied", err.effect)
      assert.is_true(err.data.Changed)
      assert.same({ "a", "b" }, prune_world.called_with(world, "GrantEntitlement"))
    end)

    it("ends it in bulk, too: what is guaranteed is never skipped", function()
      local world = prune_world.new({ "CN=All" }, { BulkGrantEntitlements = {
        { Entitlement = { Kind = "Group", Id = "a" }, Changed = true },
        { Entitlement = { Kind = "Group", Id = "b" }, Error = "HTTP 400: no" },
      } })
      local err = world:failure(prune_ensure_keep, with({ { Id = "a" }, { Id = "b" } }))
      assert.equal("HTTP 400: no", err.message)
      assert.is_true(err.data.Changed)
      assert.same({ "CN=All" }, prune_world.ids(world))
    end)
  end)

  it("grants in bulk where the provider can", function()
    local world = prune_world.new({}, { BulkGrantEntitlements = {
      { Entitlement = { Kind = "Group", Id = "A" }, Changed = true },
      { Entitlement = { Kind = "Group", Id = "b" }, Changed = false },
    } })
    assert.is_true(run(world, { { Id = "a" }, { Id = "b" } }).Changed)
    assert.same({ "ListEntitlements", "BulkGrantEntitlements" }, world:called())
    assert.same({ { Kind = "Group", Id = "a" }, { Kind = "Group", Id = "b" } }, world.calls[2][3])
  end)

  it("skips what cannot be removed, with a warning", function()
    local world = prune_world.new({ "CN=All", "CN=HR" }, { RevokeEntitlement = function(_, entitlement)
      if entitlement.Id == "CN=All" then error("it is protected", 0) end
      return { Changed = true }
    end })
    local result = run(world, nil)
    assert.same({ { EntitlementId = "CN=All", Reason = "it is protected" } }, result.Skipped)
    assert.same({ Kind = "Group", EntitlementId = "CN=All", Reason = "it is protected" },
      prune_world.events(world, "Warning")[1].Data)
  end)

  it("refuses KeepPattern, even an empty one", function()
    for _, pattern in ipairs({ "CN=*", {}, "", idle.null }) do
      local world = prune_world.new({ "a" })
      local err = world:failure(prune_ensure_keep, with(nil, { keepPattern = pattern }))
      assert.equal("input.with", err.kind)
      assert.matches("^PruneEntitlementsEnsureKeep: With.KeepPattern cannot be guaranteed", err.message)
      assert.same({}, world.calls)
    end
  end)

  it("refuses a With that is no map", function()
    local world = prune_world.new({})
    assert.matches("requires With to be a hashtable", world:failure(prune_ensure_keep, "x").message)
  end)

  it("needs a provider that grants, and announces it", function()
    local world = prune_world.new({ "a" })
    world.provider.GrantEntitlement = nil
    assert.equal("PruneEntitlementsEnsureKeep: provider 'Identity' must implement the method 'GrantEntitlement'",
      world:failure(prune_ensure_keep, with()).message)
    local function needs(type_name)
      return table.concat(step_metadata[1].steps[type_name].RequiredCapabilities, " ")
    end
    assert.matches("IdLE.Entitlement.Grant", needs("IdLE.Step.PruneEntitlementsEnsureKeep"), 1, true)
    assert.not_matches("IdLE.Entitlement.Grant", needs("IdLE.Step.PruneEntitlements"), 1, true)
  end)
end)
