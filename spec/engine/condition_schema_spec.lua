local NULL = require("spec.support.null")
local condition = require("idle.engine.condition")
local value = require("idle.engine.value")

local PATH = "Request.Intent.A"

-- The errors of a condition as "path: message", one each.
local function problems(node)
  local compiled, errors = condition.compile(node, "Condition")
  local texts = {}
  for index, problem in ipairs(errors) do texts[index] = problem.Path .. ": " .. problem.Message end
  assert.equal(#texts == 0, compiled ~= nil)
  return texts
end

local function only_problem(node)
  local texts = problems(node)
  assert.equal(1, #texts, table.concat(texts, " | "))
  return texts[1]
end

describe("idle.engine.condition_schema", function()
  it("accepts every operator", function()
    for _, node in ipairs({
      { Equals = { Path = PATH, Value = "x" } }, { NotEquals = { Path = PATH, Value = 1 } },
      { Exists = PATH }, { Exists = { Path = PATH } }, { In = { Path = PATH, Values = { "a", "b" } } },
      { In = { Path = PATH, Values = "a" } }, { Contains = { Path = PATH, Value = "x" } },
      { NotContains = { Path = PATH, Value = "x" } }, { Like = { Path = PATH, Pattern = "a*" } },
      { NotLike = { Path = PATH, Pattern = "a*" } },
    }) do
      assert.same({}, problems(node))
    end
  end)

  it("accepts groups within groups, a single child without a list, and keys in any case", function()
    local none = { None = { { Equals = { path = PATH, VALUE = 1 } } } }
    assert.same({}, problems({ all = { { ANY = { exists = PATH } }, none } }))
  end)

  it("accepts a value of null, but not its absence", function()
    assert.same({}, problems({ Equals = { Path = PATH, Value = NULL } }))
    assert.matches("^Condition%.Equals: Value is missing", only_problem({ Equals = { Path = PATH } }))
  end)

  it("refuses a node that is no map", function()
    assert.equal("Condition: a condition must be a map, got a text", only_problem("x"))
    assert.equal("Condition.All[1]: a condition must be a map, got null",
      only_problem({ All = { { Exists = PATH }, NULL } }))
    assert.matches("got a list", only_problem({ { Exists = PATH } }))
  end)

  it("refuses a node that mixes a group and an operator", function()
    assert.matches("^Condition: mixes the group and the operator keys 'All', 'Exists'",
      only_problem({ All = { { Exists = PATH } }, Exists = PATH }))
  end)

  it("refuses a node with several operators, or several groups", function()
    assert.matches("^Condition: has several keys, 'Equals', 'Exists'",
      only_problem({ Equals = { Path = PATH, Value = 1 }, Exists = PATH }))
    assert.matches("'All', 'Any'", only_problem({ All = { { Exists = PATH } }, Any = { { Exists = PATH } } }))
  end)

  it("refuses a node without a recognised key", function()
    assert.matches("^Condition: no recognised key; a condition is one of: All, Any, None, Equals", only_problem({}))
  end)

  it("names an unknown key and the nearest right one", function()
    assert.matches("^Condition: unknown key 'Eqals' .*did you mean 'Equals'%?$",
      only_problem({ Eqals = { Path = PATH, Value = 1 } }))
    assert.matches("^Condition%.Any%[0%]: unknown key 'NotLik'",
      only_problem({ Any = { { NotLik = { Path = PATH, Pattern = "x" } } } }))
  end)

  it("refuses a group that is null, no list, or empty", function()
    assert.equal("Condition.All: All must not be null", only_problem({ All = NULL }))
    assert.equal("Condition.Any: Any must be a list of conditions, got a text", only_problem({ Any = "x" }))
    assert.equal("Condition.None: None must have at least one condition", only_problem({ None = value.list() }))
  end)

  it("refuses an operator without a map", function()
    assert.equal("Condition.Equals: Equals must be a map with 'Path', 'Value', got a text",
      only_problem({ Equals = "x" }))
    assert.matches("must be a map with 'Path', 'Values', got a list", only_problem({ In = { 1, 2 } }))
  end)

  it("names an unknown operand, with the allowed ones and the nearest", function()
    assert.matches("^Condition%.All%[1%]%.Equals: unknown key 'Valeu' %(allowed: Path, Value%); did you mean 'Value'",
      problems({ All = { { Exists = PATH }, { Equals = { Path = PATH, Valeu = 1 } } } })[1])
    assert.matches("unknown key 'Value' %(allowed: Path, Pattern%)",
      problems({ Like = { Path = PATH, Value = "x", Pattern = "x" } })[1])
  end)

  it("refuses a path that is missing, blank, or no text", function()
    assert.equal("Condition.Equals: Path is missing or blank", only_problem({ Equals = { Value = 1 } }))
    assert.equal("Condition.Like: Path is missing or blank", only_problem({ Like = { Path = " ", Pattern = "x" } }))
    assert.equal("Condition.Exists: the path is missing or blank", only_problem({ Exists = "" }))
    assert.matches("Path must be a text, got a number", only_problem({ Exists = { Path = 5 } }))
  end)

  it("refuses a path with an empty segment", function()
    assert.equal("Condition.Exists: the path 'Request..A' has an empty segment",
      only_problem({ Exists = "Request..A" }))
  end)

  it("refuses Values that are missing, null or a map", function()
    assert.equal("Condition.In: Values is missing", only_problem({ In = { Path = PATH } }))
    assert.equal("Condition.In: Values must not be null",
      only_problem({ In = { Path = PATH, Values = NULL } }))
    assert.equal("Condition.In: Values must be a list, got a map",
      only_problem({ In = { Path = PATH, Values = { a = 1 } } }))
  end)

  it("refuses an empty map for Values where lists are marked", function()
    local node = { In = { Path = PATH, Values = {} } }
    assert.same({}, select(2, condition.compile(node, "Condition")))
    local _, found = condition.compile(node, "Condition", true)
    assert.equal("Values must be a list, got a map", found[1].Message)
  end)

  it("refuses a pattern that is missing or malformed", function()
    assert.equal("Condition.Like: Pattern is missing", only_problem({ Like = { Path = PATH } }))
    assert.matches("^Condition%.NotLike: Pattern '%[abc' is malformed: '%[' is never closed",
      only_problem({ NotLike = { Path = PATH, Pattern = "[abc" } }))
  end)

  it("finds all mistakes at once, each with its place", function()
    local texts = problems({ All = { { Exists = "" }, { Any = {} }, { Foo = 1 }, { Equals = { Pth = PATH } } } })
    assert.equal(6, #texts)
    assert.matches("^Condition%.All%[0%]%.Exists", texts[1])
    assert.matches("^Condition%.All%[1%]%.Any", texts[2])
    assert.matches("^Condition%.All%[2%]: unknown key 'Foo'", texts[3])
    assert.matches("^Condition%.All%[3%]%.Equals: unknown key 'Pth'.*did you mean 'Path'", texts[4])
    assert.matches("^Condition%.All%[3%]%.Equals: Path is missing", texts[5])
    assert.matches("^Condition%.All%[3%]%.Equals: Value is missing", texts[6])
  end)

  it("raises them joined, with the step and the kind of condition", function()
    local ok, err = pcall(condition.parse, { Foo = 1, Bar = 2 }, { step = "Grant VPN", source = "Precondition" })
    assert.is_false(ok)
    assert.equal("input.workflow", err.kind)
    assert.matches("^invalid Precondition on step 'Grant VPN': Precondition: unknown key 'Bar'", err.message)
    assert.matches("; Precondition: unknown key 'Foo'", err.message)
    assert.equal(2, #err.data.Errors)
  end)

  it("takes a thousand conditions within each other, and stops at a depth", function()
    local node = { Exists = PATH }
    for _ = 1, 1000 do node = { All = value.list({ node }) } end
    assert.same({}, problems(node))
    for _ = 1, 3000 do node = { All = value.list({ node }) } end
    local ok, err = pcall(condition.compile, node, "Condition")
    assert.is_false(ok)
    assert.matches("nested deeper than", err.message)
  end)
end)
