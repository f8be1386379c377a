local NULL = require("spec.support.null")
local condition = require("idle.engine.condition")
local value = require("idle.engine.value")

local roots = { Request = { Intent = {
  Department = "Sales", Title = "", Flag = true, Off = false, Count = 5, Ratio = 1.50, Nothing = NULL,
  Groups = value.list({ "APP-A", "app-b" }), One = value.list({ "x" }), None = value.list(),
  Address = { City = "Köln" }, Empty = {},
}, Context = { Entitlements = value.list({ { Kind = "Group", Id = "g1" }, { Kind = "Role" } }) } } }

local function holds(node)
  return condition.evaluate(condition.parse(node), roots, { step = "S" })
end

local function on(operator, name, operand, key)
  return holds({ [operator] = { Path = "Request.Intent." .. name, [key or "Value"] = operand } })
end

local function message(operator, name, operand, key)
  local ok, err = pcall(on, operator, name, operand, key)
  assert.is_false(ok)
  assert.equal("input.workflow", err.kind)
  return err.message
end

describe("idle.engine.condition: groups", function()
  local yes, no = { Exists = "Request.Intent.Flag" }, { Exists = "Request.Intent.Gone" }

  it("All holds if every child does", function()
    assert.is_true(holds({ All = { yes, yes } }))
    assert.is_false(holds({ All = { yes, no } }))
  end)

  it("Any holds if one child does", function()
    assert.is_true(holds({ Any = { no, yes } }))
    assert.is_false(holds({ Any = { no, no } }))
  end)

  it("None holds if no child does", function()
    assert.is_true(holds({ None = { no, no } }))
    assert.is_false(holds({ None = { no, yes } }))
  end)

  it("takes a single child without a list", function()
    assert.is_true(holds({ All = yes }))
    assert.is_false(holds({ None = yes }))
  end)

  it("nests groups", function()
    assert.is_true(holds({ All = { { Any = { no, yes } }, { None = { no, { All = { yes, no } } } } } }))
  end)

  it("stops as soon as a group is decided", function()
    -- The second child would raise: a text is no list.
    local raises = { Contains = { Path = "Request.Intent.Department", Value = "x" } }
    assert.is_false(holds({ All = { no, raises } }))
    assert.is_true(holds({ Any = { yes, raises } }))
    assert.is_false(holds({ None = { yes, raises } }))
  end)

  it("evaluates a thousand groups within each other", function()
    local node = yes
    for _ = 1, 1000 do node = { All = value.list({ node }) } end
    assert.is_true(holds(node))
  end)
end)

describe("idle.engine.condition: Equals and NotEquals", function()
  it("compare text whatever its case", function()
    assert.is_true(on("Equals", "Department", "SALES"))
    assert.is_false(on("Equals", "Department", "IT"))
    assert.is_true(on("Equals", "Address.City", "KÖLN"))
    assert.is_true(on("NotEquals", "Department", "IT"))
    assert.is_false(on("NotEquals", "Department", "sales"))
  end)

  it("compare booleans as text", function()
    for _, same in ipairs({ true, "True", "true" }) do assert.is_true(on("Equals", "Flag", same)) end
    assert.is_false(on("Equals", "Off", true))
  end)

  it("compare numbers as text", function()
    assert.is_true(on("Equals", "Count", "5"))
    assert.is_true(on("Equals", "Count", 5.0))
    assert.is_true(on("Equals", "Ratio", "1.5"))
  end)

  it("compare the joined text of a list", function()
    assert.is_true(on("Equals", "Groups", "APP-A APP-B"))
    assert.is_true(on("Equals", "One", "x"))
    assert.is_true(on("Equals", "None", ""))
  end)

  it("take a missing path and null for empty text", function()
    assert.is_true(on("Equals", "Gone", ""))
    assert.is_true(on("Equals", "Gone", NULL))
    assert.is_true(on("Equals", "Nothing", NULL))
    assert.is_true(on("NotEquals", "Gone", "x"))
  end)

  it("take a map for the name of its type", function()
    assert.is_true(on("Equals", "Address", "System.Collections.Hashtable"))
  end)
end)

describe("idle.engine.condition: Exists", function()
  local function exists(name) return holds({ Exists = "Request.Intent." .. name }) end

  it("holds for anything that is not null, also empty text and false", function()
    for _, name in ipairs({ "Department", "Title", "Off", "Count" }) do assert.is_true(exists(name)) end
  end)

  it("does not hold for null and what is not there", function()
    assert.is_false(exists("Nothing"))
    assert.is_false(exists("Gone"))
  end)

  it("holds for a list, unless it is empty, and for any map", function()
    assert.is_true(exists("Groups"))
    assert.is_true(exists("One"))
    assert.is_false(exists("None"))
    assert.is_true(exists("Empty"))
  end)

  it("takes a path alone or in a map", function()
    assert.is_true(holds({ Exists = { Path = "Request.Intent.Flag" } }))
  end)
end)

describe("idle.engine.condition: In", function()
  it("holds if one of the values has the same text", function()
    assert.is_true(on("In", "Department", { "IT", "sales" }, "Values"))
    assert.is_true(on("In", "Count", { "4", 5 }, "Values"))
    assert.is_false(on("In", "Department", { "IT" }, "Values"))
    assert.is_false(on("In", "Department", value.list(), "Values"))
  end)

  it("takes a scalar for a list of one", function()
    assert.is_true(on("In", "Department", "Sales", "Values"))
  end)

  it("takes a list for its joined text, and null for empty text", function()
    assert.is_true(on("In", "One", { "x" }, "Values"))
    assert.is_false(on("In", "Groups", { "APP-A" }, "Values"))
    assert.is_true(on("In", "Gone", { "" }, "Values"))
  end)
end)

describe("idle.engine.condition: Contains and NotContains", function()
  it("look for an element of the same text", function()
    assert.is_true(on("Contains", "Groups", "app-a"))
    assert.is_false(on("Contains", "Groups", "APP"))
    assert.is_false(on("NotContains", "Groups", "app-a"))
    assert.is_true(on("NotContains", "Groups", "APP"))
  end)

  it("take a list of one for a list", function()
    assert.is_true(on("Contains", "One", "x"))
    assert.is_false(on("NotContains", "One", "x"))
  end)

  it("take an empty list for a list", function()
    assert.is_false(on("Contains", "None", "x"))
    assert.is_true(on("NotContains", "None", "x"))
  end)

  it("do not contain anything where there is nothing", function()
    assert.is_false(on("Contains", "Gone", "x"))
    assert.is_true(on("NotContains", "Nothing", "x"))
  end)

  it("look at a member of every element", function()
    assert.is_true(holds({ Contains = { Path = "Request.Context.Entitlements.Kind", Value = "role" } }))
    assert.is_true(holds({ Contains = { Path = "Request.Context.Entitlements.Id", Value = "g1" } }))
    assert.is_false(holds({ Contains = { Path = "Request.Context.Entitlements.Id", Value = "g2" } }))
  end)

  it("refuse a scalar, naming its kind and the place", function()
    for _, operator in ipairs({ "Contains", "NotContains" }) do
      assert.equal(("Step 'S': Condition.%s: requires Path to resolve to a list; 'Request.Intent.Department' is a text")
        :format(operator), message(operator, "Department", "x"))
    end
    assert.matches("is a number", message("Contains", "Count", 5))
  end)

  it("refuse a map", function()
    assert.matches("not to a hashtable/dictionary; 'Request.Intent.Address' is a map",
      message("Contains", "Address", "x"))
    assert.matches("hashtable/dictionary", message("NotContains", "Empty", "x"))
  end)
end)

describe("idle.engine.condition: Like and NotLike", function()
  it("match the whole text, whatever its case", function()
    assert.is_true(on("Like", "Department", "s*", "Pattern"))
    assert.is_false(on("Like", "Department", "ale", "Pattern"))
    assert.is_false(on("NotLike", "Department", "S?les", "Pattern"))
    assert.is_true(on("Like", "Count", "[4-6]", "Pattern"))
  end)

  it("look for one element of a list that matches", function()
    assert.is_true(on("Like", "Groups", "*-B", "Pattern"))
    assert.is_false(on("NotLike", "Groups", "*-B", "Pattern"))
    assert.is_true(on("NotLike", "Groups", "*-C", "Pattern"))
    assert.is_false(on("Like", "None", "*", "Pattern"))
  end)

  it("match nothing where there is nothing", function()
    assert.is_false(on("Like", "Gone", "*", "Pattern"))
    assert.is_true(on("NotLike", "Nothing", "*", "Pattern"))
  end)

  it("refuse a map", function()
    assert.matches("hashtable/dictionary", message("Like", "Address", "*", "Pattern"))
    assert.matches("hashtable/dictionary", message("NotLike", "Address", "*", "Pattern"))
  end)
end)

describe("idle.engine.condition: paths and explanations", function()
  it("drops a leading 'context.'", function()
    assert.is_true(holds({ Exists = "context.Request.Intent.Flag" }))
    assert.is_true(holds({ Exists = "Context.Request.Intent.Flag" }))
  end)

  it("expands no templates", function()
    assert.is_false(on("Equals", "Department", "{{Request.Intent.Department}}"))
  end)

  it("tells every comparison that was made, in order", function()
    local compiled = condition.parse({ All = { { Exists = "Request.Intent.Flag" },
      { Equals = { Path = "Request.Intent.Department", Value = "IT" } }, { Exists = "Request.Intent.Never" } } })
    local result, notes = condition.explain(compiled, roots, { step = "Join" })
    assert.is_false(result)
    assert.same({
      { Place = "Step 'Join': Condition.All[0].Exists", Operator = "Exists", Path = "Request.Intent.Flag",
        Actual = "True", Result = true },
      { Place = "Step 'Join': Condition.All[1].Equals", Operator = "Equals", Path = "Request.Intent.Department",
        Expected = "IT", Actual = "Sales", Result = false },
    }, notes)
  end)

  it("keeps secrets by name out of the explanation", function()
    local compiled = condition.parse({ Exists = "Request.Intent.Password" })
    local _, notes = condition.explain(compiled, { Request = { Intent = { Password = "hunter2" } } })
    assert.equal("[REDACTED]", notes[1].Actual)
    assert.equal("Step: Condition.Exists", notes[1].Place)
  end)
end)
