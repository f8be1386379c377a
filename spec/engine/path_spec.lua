local NULL = require("spec.support.null")
local data = require("idle.engine.data")
local path = require("idle.engine.path")
local value = require("idle.engine.value")

local function resolve(root, text, options)
  return path.resolve(root, path.split(text), options)
end

local function exists(root, text)
  return path.exists(root, path.split(text))
end

describe("idle.engine.path", function()
  local entitlements = value.list({ { Kind = "Group", Id = "a" }, { Kind = "Role", Id = "b" } })
  local root = { Request = { Intent = { Department = "IT", Empty = "", No = false, Nothing = NULL,
    Groups = value.list({ "a", "b" }), One = value.list({ "x" }), None = value.list() },
    Context = { Entitlements = entitlements } } }

  it("follows keys of maps, whatever their case", function()
    assert.equal("IT", resolve(root, "Request.Intent.Department"))
    assert.equal("IT", resolve(root, "request.INTENT.department"))
  end)

  it("returns the value as it is: empty text, false, maps", function()
    assert.equal("", resolve(root, "Request.Intent.Empty"))
    assert.is_false(resolve(root, "Request.Intent.No"))
    assert.equal(root.Request.Context, resolve(root, "Request.Context"))
  end)

  it("returns null for a key that is not there", function()
    assert.is_nil(resolve(root, "Request.Intent.Title"))
    assert.is_nil(resolve(root, "Request.Gone.Department"))
  end)

  it("stops at null", function()
    assert.is_nil(resolve(root, "Request.Intent.Nothing"))
    assert.is_nil(resolve(root, "Request.Intent.Nothing.More"))
    assert.is_nil(resolve(nil, "Request"))
  end)

  it("takes a member of every element of a list", function()
    local ids = resolve(root, "Request.Context.Entitlements.Id")
    assert.is_true(value.is_list(ids))
    assert.same({ "a", "b" }, ids)
  end)

  it("keeps a list of one a list", function()
    assert.same({ "x" }, resolve(root, "Request.Intent.One"))
    assert.same({ "a" }, resolve({ E = value.list({ { Id = "a" } }) }, "E.Id"))
  end)

  it("puts null where an element lacks the member", function()
    local kinds = resolve({ E = value.list({ { Id = "a" }, { Other = 1 }, "text" }) }, "E.Id")
    assert.same({ "a", data.NULL, data.NULL }, kinds)
  end)

  it("passes over elements that are null", function()
    assert.same({ "a" }, resolve({ E = value.list({ NULL, { Id = "a" } }) }, "E.Id"))
  end)

  it("takes no member that the first element lacks", function()
    assert.is_nil(resolve({ E = value.list({ { Other = 1 }, { Id = "a" } }) }, "E.Id"))
    assert.is_nil(resolve(root, "Request.Intent.Groups.Id"))
  end)

  it("takes no member of an empty list", function()
    assert.is_nil(resolve(root, "Request.Intent.None.Id"))
  end)

  it("goes on from member to member of lists", function()
    local nested = { E = value.list({ { A = { Id = 1 } }, { A = { Id = 2 } } }) }
    assert.same({ 1, 2 }, resolve(nested, "E.A.Id"))
  end)

  it("knows the length of lists and texts, but a map's own key comes first", function()
    assert.equal(2, resolve(root, "Request.Intent.Groups.Count"))
    assert.equal(0, resolve(root, "Request.Intent.None.length"))
    assert.equal(2, resolve(root, "Request.Intent.Department.Length"))
    assert.equal(7, resolve({ M = { Count = 7 } }, "M.Count"))
  end)

  it("does not take a text for a list of characters", function()
    assert.is_nil(resolve(root, "Request.Intent.Department.0", { index = true }))
  end)

  it("picks elements by number only where it is told to", function()
    assert.is_nil(resolve(root, "Request.Intent.Groups.0"))
    assert.equal("b", resolve(root, "Request.Intent.Groups.1", { index = true }))
    assert.is_nil(resolve(root, "Request.Intent.Groups.2", { index = true }))
    assert.equal("key", resolve({ M = { ["0"] = "key" } }, "M.0", { index = true }))
  end)

  it("refuses empty segments", function()
    assert.is_nil(path.split("a..b"))
    assert.is_nil(path.split(".a"))
    assert.is_nil(path.split("a."))
    assert.same({ "a", "b" }, path.split("a.b"))
  end)

  it("says that a path exists if its last key is there, be it null", function()
    assert.is_true(exists(root, "Request.Intent.Nothing"))
    assert.is_true(exists(root, "Request.Intent.No"))
    assert.is_false(exists(root, "Request.Intent.Title"))
    assert.is_false(exists(root, "Request.Intent.Nothing.More"))
  end)

  it("says that members of elements exist, and any of an empty list", function()
    assert.is_true(exists(root, "Request.Context.Entitlements.Id"))
    assert.is_true(exists(root, "Request.Intent.None.Id"))
    assert.is_false(exists(root, "Request.Context.Entitlements.Gone"))
  end)

  it("tells how far a path leads", function()
    local reached, here = path.follow(root, { "Request", "Intent", "Titel" })
    assert.equal(2, reached)
    assert.equal(root.Request.Intent, here)
  end)
end)
