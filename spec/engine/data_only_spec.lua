local NULL = require("spec.support.null")
local data = require("idle.engine.data")
local data_only = require("idle.engine.data_only")
local psd1 = require("idle.engine.psd1")
local value = require("idle.engine.value")

local CODE = data.code("{ Get-Date }")

local function message(v, root, options)
  local ok, err = pcall(data_only.check, v, root or "Workflow", options)
  assert.is_false(ok)
  return err.message, err
end

describe("idle.engine.data_only: accepts", function()
  it("null", function()
    data_only.check(nil, "Intent")
    data_only.check(NULL, "Intent")
  end)

  it("scalars", function()
    for _, v in ipairs({ "text", 1, 1.5, true, false }) do data_only.check(v, "Intent") end
  end)

  it("a map", function() data_only.check({ a = 1, b = "x" }, "Intent") end)
  it("nested maps", function() data_only.check({ a = { b = { c = 1 } } }, "Intent") end)
  it("lists", function() data_only.check(value.list({ 1, "x", value.list() }), "Intent") end)
  it("lists of maps", function() data_only.check({ { a = 1 }, { b = 2 } }, "Intent") end)
  it("bytes", function() data_only.check({ value.bytes("\0") }, "Intent") end)
  it("text that looks like code", function() data_only.check({ a = "{ Get-Date }" }, "Intent") end)

  it("objects of a host that are no tables", function()
    data_only.check({ file = io.stdout }, "Providers")
  end)

  it("a provider whose methods lie in its metatable", function()
    local provider = setmetatable({ store = {} }, { __index = { GetCapabilities = function() end } })
    data_only.check({ Identity = provider }, "Providers")
  end)

  it("the functions of a provider, where they may stay", function()
    data_only.check({ Identity = { GetCapabilities = function() end } }, "Providers", { functions = true })
  end)

  it("a value that is met twice", function()
    local shared = { x = 1 }
    data_only.check({ a = shared, b = shared }, "Intent")
  end)

  it("a thousand conditions within each other", function()
    local node = { Exists = "Request.Intent.A" }
    for _ = 1, 1000 do node = { All = value.list({ node }) } end
    data_only.check({ Steps = { { Condition = node } } }, "Workflow")
  end)
end)

describe("idle.engine.data_only: refuses", function()
  it("a script block", function()
    assert.matches("^Intent: ScriptBlocks are not allowed", message(CODE, "Intent"))
  end)

  it("a Lua function", function()
    assert.matches("^Intent%.f: ScriptBlocks are not allowed; this is a function", message({ f = print }, "Intent"))
  end)

  it("a coroutine", function()
    assert.matches("a thread", message({ t = coroutine.create(print) }))
  end)

  it("code in a map, naming its path", function()
    assert.matches("^Intent%.Attributes%.Department: ",
      message({ Attributes = { Department = CODE } }, "Intent"))
  end)

  it("code in a list, counting from 0", function()
    assert.matches("^Items%[1%]: ", message({ "x", CODE }, "Items"))
  end)

  it("code deep in a mixed structure", function()
    assert.matches("^Workflow%.Steps%[0%]%.With%.Action: ",
      message({ Name = "x", Steps = { { Name = "a", With = { Action = CODE } } } }))
  end)

  it("code in a map that also has an entry called Keys", function()
    assert.matches("^Intent%.Run: ", message({ Keys = {}, Run = CODE }, "Intent"))
  end)

  it("code as a key", function()
    assert.matches("ScriptBlocks are not allowed", message({ [print] = 1 }))
  end)

  it("a script block among the functions of a provider", function()
    assert.matches("^Providers%.Identity%.Run: ",
      message({ Identity = { GetCapabilities = print, Run = CODE } }, "Providers", { functions = true }))
  end)

  it("always the same one of several, in order", function()
    local v = { z = CODE, m = { CODE }, b = { y = CODE, a = CODE } }
    for _ = 1, 20 do assert.matches("^Workflow%.b%.a: ", message(v)) end
  end)

  it("elements of a long list in the order of their numbers", function()
    local list = {}
    for index = 1, 12 do list[index] = index >= 2 and CODE or 1 end
    assert.matches("^Items%[1%]: ", message(list, "Items"))
  end)

  it("a script block of a data file", function()
    local root = psd1.parse("@{ Steps = @( @{ Name = 'a'; With = @{ Action = { Get-Date } } } ) }")
    assert.matches("^Workflow%.Steps%[0%]%.With%.Action: ScriptBlocks are not allowed; this is a script block",
      message(root))
  end)

  it("a value that contains itself, instead of walking it for ever", function()
    local t = { a = {} }
    t.a.t = t
    assert.matches("^Intent%.a%.t: the value contains itself", message(t, "Intent"))
  end)

  it("what is nested too deeply, instead of filling the stack", function()
    local t = {}
    for _ = 1, 100000 do t = { t } end
    assert.matches("nested deeper than 4096 levels", message(t))
  end)

  it("with the kind of error it is told", function()
    local _, err = message({ f = CODE }, "Intent", { kind = "input.request" })
    assert.equal("input.request", err.kind)
    assert.same({ "f" }, err.data.Keys)
  end)
end)
