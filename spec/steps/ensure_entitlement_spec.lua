local ensure_entitlement = require("idle.steps.ensure_entitlement")
local errors = require("idle.engine.errors")
local idle = require("idle")
local step_world = require("spec.support.step_world")

describe("idle.steps.ensure_entitlement", function()
  local STEP = { Name = "Ensure group", Type = "IdLE.Step.EnsureEntitlement" }
  local GROUP = { Kind = "Group", Id = "demo-group" }

  local function with(state, more)
    local all = { IdentityKey = "user1", Entitlement = { Kind = "Group", Id = "Demo-Group" }, State = state }
    for name, field in pairs(more or {}) do all[name] = field end
    return all
  end

  local function new_world(listed, methods)
    methods = methods or {}
    methods.ListEntitlements = listed or {}
    methods.GrantEntitlement = methods.GrantEntitlement or { Changed = true }
    methods.RevokeEntitlement = methods.RevokeEntitlement or { Changed = true }
    return step_world.new("Identity", methods)
  end

  local function run(world, ...) return ensure_entitlement(world.context, with(...), STEP) end

  it("grants what is missing", function()
    local world = new_world({ { Kind = "Group", Id = "other" }, { Kind = "Role", Id = "demo-group" } })
    assert.same({ Name = "Ensure group", Type = STEP.Type, Status = "Completed", Changed = true },
      run(world, "Present"))
    assert.same({
      { "ListEntitlements", "user1", nil, "Group", n = 4 },
      { "GrantEntitlement", "user1", { Kind = "Group", Id = "Demo-Group" }, n = 4 },
    }, world.calls)
  end)

  it("grants nothing that is there, whatever the case of its id", function()
    local world = new_world({ { kind = "GROUP", id = "DEMO-GROUP" } })
    assert.is_false(run(world, "present").Changed)
    assert.same({ "ListEntitlements" }, world:called())
  end)

  it("revokes what is not to be there", function()
    local world = new_world({ GROUP })
    assert.is_true(run(world, " ABSENT ").Changed)
    assert.same({ "ListEntitlements", "RevokeEntitlement" }, world:called())
  end)

  it("revokes nothing that is not there", function()
    for _, listed in ipairs({ {}, false, idle.list(), idle.list({ idle.null }) }) do
      local world = new_world(listed == false and function() end or listed)
      assert.is_false(run(world, "Absent").Changed)
      assert.same({ "ListEntitlements" }, world:called())
    end
  end)

  it("takes one entitlement for a list of one", function()
    assert.is_false(run(new_world(GROUP), "Present").Changed)
  end)

  it("finds an entitlement by the id under which it is listed (W-04)", function()
    local canonical = { Kind = "Group", Id = "CN=Demo,DC=corp" }
    local resolve = { ResolveEntitlement = { Kind = "Group", Id = "cn=demo,dc=corp", Mail = "x" } }
    local world = new_world({ canonical }, resolve)
    assert.is_true(run(world, "Absent").Changed)
    assert.same({ "ResolveEntitlement", "Group", { Kind = "Group", Id = "Demo-Group" }, n = 4 }, world.calls[1])
    assert.same({ Kind = "Group", Id = "cn=demo,dc=corp" }, world.calls[3][3])
    assert.is_false(run(new_world({ canonical }, resolve), "Present").Changed)
  end)

  it("changes nothing if the id cannot be resolved", function()
    local world = new_world({ GROUP }, { ResolveEntitlement = function() error("Multiple groups found", 0) end })
    assert.equal("Multiple groups found", world:failure(ensure_entitlement, with("Absent")))
    local nothing = new_world({ GROUP }, { ResolveEntitlement = function() end })
    local err = nothing:failure(ensure_entitlement, with("Absent"))
    assert.equal("provider.failed", err.kind)
    assert.equal("none", err.effect)
    assert.same({ "ResolveEntitlement" }, nothing:called())
  end)

  it("counts a call that was needed as a change, unless the provider says otherwise", function()
    assert.is_true(run(new_world({}, { GrantEntitlement = {} }), "Present").Changed)
    assert.is_true(run(new_world({ GROUP }, { RevokeEntitlement = "done" }), "Absent").Changed)
    assert.is_false(run(new_world({}, { GrantEntitlement = { Changed = false } }), "Present").Changed)
  end)

  it("hands the session to every call, before the kind where it lists", function()
    local world = new_world({}, { ResolveEntitlement = GROUP }):has_sessions({ "Directory" })
    run(world, "Present", { AuthSessionName = "Directory" })
    assert.same({ "ResolveEntitlement", "ListEntitlements", "GrantEntitlement" }, world:called())
    assert.equal(world.session, world.calls[1][4])
    assert.same({ "ListEntitlements", "user1", world.session, "Group", n = 4 }, world.calls[2])
    assert.equal(world.session, world.calls[3][4])
    assert.equal(1, #world.asked)
  end)

  it("needs of Grant and Revoke only the one that it uses", function()
    local world = step_world.new("Identity", { ListEntitlements = {}, GrantEntitlement = { Changed = true } })
    assert.is_true(run(world, "Present").Changed)
    assert.equal("EnsureEntitlement: provider 'Identity' must implement the method 'RevokeEntitlement'",
      world:failure(ensure_entitlement, with("Absent")).message)
  end)

  it("fails when the provider is missing", function()
    local world = new_world()
    world.context.Providers = {}
    assert.matches("EnsureEntitlement: provider 'Identity' was not supplied",
      world:failure(ensure_entitlement, with("Present")).message)
  end)

  it("fails with what the provider raises", function()
    local unknown = errors.new("provider.not_found", "no such identity", { effect = "none" })
    local world = new_world({}, { GrantEntitlement = function() error(unknown, 0) end })
    assert.equal(unknown, world:failure(ensure_entitlement, with("Present")))
  end)

  it("fails when a listed entitlement has no kind or id", function()
    for _, wrong in ipairs({ { Kind = "Group" }, { Id = "x" }, { Kind = "Group", Id = " " }, "demo-group" }) do
      local err = new_world({ wrong }):failure(ensure_entitlement, with("Present"))
      assert.equal("EnsureEntitlement: provider 'Identity', method 'ListEntitlements': it answered an entitlement "
        .. "without Kind or Id", err.message)
      assert.equal("none", err.effect)
    end
  end)

  describe("With", function()
    local function failure(raw)
      local world = new_world()
      local err = world:failure(ensure_entitlement, raw)
      assert.equal("input.with", err.kind)
      assert.same({}, world.calls)
      return err.message
    end

    it("requires its keys", function()
      for _, key in ipairs({ "IdentityKey", "Entitlement", "State" }) do
        assert.equal("EnsureEntitlement requires With." .. key, failure(with("Present", { [key] = idle.null })))
      end
    end)

    it("has a State of two words", function()
      assert.equal("EnsureEntitlement requires With.State to be 'Present' or 'Absent', got 'Gone'",
        failure(with("Gone")))
    end)

    it("has an Entitlement of kind and id; more is ignored", function()
      local world = new_world()
      run(world, "Present", { Entitlement = { kind = "Group", ID = 7, DisplayName = "Demo" } })
      assert.same({ Kind = "Group", Id = "7" }, world.calls[2][3])
      for _, name in ipairs({ "Kind", "Id" }) do
        local entitlement = { Kind = "Group", Id = "x" }
        entitlement[name] = " "
        assert.equal(("EnsureEntitlement requires With.Entitlement.%s to be a text that is not empty"):format(name),
          failure(with("Present", { Entitlement = entitlement })))
      end
      assert.matches("requires With.Entitlement to be a hashtable .*got 'demo'",
        failure(with("Present", { Entitlement = "demo" })))
    end)
  end)
end)
