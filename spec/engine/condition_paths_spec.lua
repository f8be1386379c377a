local NULL = require("spec.support.null")
local condition = require("idle.engine.condition")
local condition_paths = require("idle.engine.condition_paths")
local value = require("idle.engine.value")

local roots = { Plan = {}, Workflow = { Name = "w" }, Request = { LifecycleEvent = "Joiner",
  Intent = { Department = "IT", Nothing = NULL },
  Context = { Views = { Entitlements = value.list({ { Id = "a" } }), None = value.list() } } } }

local function check(node, where)
  where = where or {}
  where.step = "Grant VPN"
  return condition_paths.check(condition.parse(node), roots, where)
end

local function message(node, where)
  local ok, err = pcall(check, node, where)
  assert.is_false(ok)
  assert.equal("input.workflow", err.kind)
  return err.message, err
end

local function all_operators(path)
  return {
    { Equals = { Path = path, Value = 1 } }, { NotEquals = { Path = path, Value = 1 } },
    { In = { Path = path, Values = { 1 } } }, { Contains = { Path = path, Value = 1 } },
    { NotContains = { Path = path, Value = 1 } }, { Like = { Path = path, Pattern = "x" } },
    { NotLike = { Path = path, Pattern = "x" } },
  }
end

describe("idle.engine.condition_paths", function()
  it("accepts paths that are there, be their value null", function()
    assert.is_nil(check({ All = all_operators("Request.Intent.Department") }))
    assert.is_nil(check({ Equals = { Path = "Request.Intent.Nothing", Value = NULL } }))
    assert.is_nil(check({ Equals = { Path = "Workflow.Name", Value = "w" } }))
  end)

  it("accepts members of the elements of a list, also of an empty one", function()
    assert.is_nil(check({ Contains = { Path = "Request.Context.Views.Entitlements.Id", Value = "a" } }))
    assert.is_nil(check({ NotContains = { Path = "Request.Context.Views.None.Id", Value = "a" } }))
  end)

  it("checks the path of every operator but Exists", function()
    for _, node in ipairs(all_operators("Request.Intent.Gone")) do
      assert.matches("unresolved condition path", message(node))
    end
    assert.is_nil(check({ Exists = "Request.Intent.Gone" }))
  end)

  it("names the step, the kind of condition, where the path breaks off, and the nearest key", function()
    assert.equal("step 'Grant VPN': unresolved condition path in Condition: 'Request.Intent.Departmnt' "
      .. "('Request.Intent' has no 'Departmnt'; did you mean 'Department'?)",
      message({ Equals = { Path = "Request.Intent.Departmnt", Value = "IT" } }))
    assert.matches("there is no 'Reqest'; did you mean 'Request'",
      message({ Equals = { Path = "Reqest.A", Value = 1 } }))
  end)

  it("names all of them once, in the order of the document", function()
    local _, err = message({ All = {
      { Equals = { Path = "Request.Intent.Z", Value = 1 } },
      { None = { { Like = { Path = "Request.Intent.A", Pattern = "x" } },
        { Equals = { Path = "Request.Intent.Z", Value = 2 } } } },
    } })
    assert.same({ "Request.Intent.Z", "Request.Intent.A" }, err.data.Paths)
  end)

  it("finds them although an Exists would guard them", function()
    local text = message({ All = { { Exists = "Request.Intent.Flag" },
      { Equals = { Path = "Request.Intent.Flag", Value = true } } } })
    assert.matches("'Request.Intent.Flag'", text)
  end)

  it("is strict about the context in a condition", function()
    assert.matches("unresolved condition path",
      message({ Equals = { Path = "Request.Context.Later", Value = 1 } }, { source = "Condition" }))
  end)

  it("warns of a precondition's path into a context that is not there yet", function()
    local warning = check({ Any = { { Equals = { Path = "Request.Context.Current.X", Value = 1 } },
      { Exists = "Request.Context.Later" }, { Exists = "Request.Intent.Department" } } }, { source = "Precondition" })
    assert.same({
      Code = "PreconditionContextPathUnresolvedAtPlan", Type = "Warning", Step = "Grant VPN", Source = "Precondition",
      Paths = { "Request.Context.Current.X", "Request.Context.Later" }, Message = warning.Message,
    }, warning)
    assert.matches("'Grant VPN': Precondition .*Request.Context.Current.X, Request.Context.Later", warning.Message)
    assert.is_true(value.is_list(warning.Paths))
  end)

  it("refuses other paths of a precondition when planning, Exists included", function()
    assert.matches("in Precondition: 'Request.Intent.Gone'",
      message({ Exists = "Request.Intent.Gone" }, { source = "Precondition" }))
  end)

  it("refuses every missing path of a precondition when it runs, but not of Exists", function()
    local where = { source = "Precondition", at_run_time = true }
    assert.matches("'Request.Context.Later'",
      message({ Equals = { Path = "Request.Context.Later", Value = 1 } }, where))
    assert.is_nil(check({ Exists = "Request.Context.Later" }, { source = "Precondition", at_run_time = true }))
  end)
end)
