local condition = require("idle.engine.condition")
local errors = require("idle.engine.errors")
local psd1 = require("idle.engine.psd1")
local template = require("idle.engine.template")
local workflow = require("idle.engine.workflow")

-- Files of a size and a kind that nobody writes by hand. Each must be read, or
-- refused with file, line and column, in a time that grows with its size only.
local MILLION = 1000000

local function seconds(f, ...)
  local began = os.clock()
  f(...)
  return os.clock() - began
end

local function refuses(text, expected)
  local began = os.clock()
  local ok, err = pcall(psd1.parse, text, { source = "x.psd1" })
  assert.is_false(ok)
  assert.is_true(errors.is(err), tostring(err))
  assert.matches("^x%.psd1:%d+:%d+: .*" .. expected, err.message)
  assert.is_true(#err.message < 1000)
  assert.is_true(os.clock() - began < 3, "took too long")
end

describe("hostile data files", function()
  it("cannot nest without end", function()
    for _, opener in ipairs({ "@(", "@{ a = ", "(", ", ", "-(", "@(@{a=(" }) do
      refuses("@{ a = " .. opener:rep(MILLION), "nested deeper than 4096 levels")
    end
  end)

  it("may nest up to the limit", function()
    local inside = psd1.parse("@{ a = " .. ("@{ a = "):rep(4000) .. "1" .. (" }"):rep(4001))
    for _ = 1, 4001 do inside = inside.a end
    assert.equal(1, inside)
  end)

  it("cannot leave texts, comments and blocks open at a cost", function()
    refuses("@{ a = " .. ("<#"):rep(MILLION), "comment is never closed")
    refuses("@{ a = {" .. ("<#"):rep(MILLION), "script block is never closed")
    refuses("@{ a = {" .. ("@'\n"):rep(MILLION), "script block is never closed")
    refuses("@{ a = " .. ("@'\n"):rep(MILLION), "here%-string is never closed")
    refuses("@{ a = " .. ("{"):rep(MILLION), "script block is never closed")
    refuses("@{ a = '" .. ("''"):rep(MILLION), "single quote is missing")
    refuses('@{ a = "' .. ("`"):rep(2 * MILLION), "double quote is missing")
  end)

  it("cannot hide behind long words, numbers and signs", function()
    refuses("@{ a = " .. ("x"):rep(MILLION), "would run a command")
    refuses("@{ a = " .. ("1"):rep(MILLION) .. "x }", "is too long")
    refuses("@{ a = " .. ("-+"):rep(MILLION) .. "x }", "a number must follow the sign")
    refuses("@{ " .. ("x"):rep(MILLION) .. " }", "'=' is missing after the key")
  end)

  it("name a place after a million lines", function()
    refuses(("\n"):rep(MILLION) .. "  @(", "must hold one map")
    refuses("@{ a = '" .. ("ä"):rep(MILLION) .. "' $x }", "unexpected")
  end)

  it("are refused beyond a size", function()
    refuses((" "):rep(psd1.MAX_BYTES + 1), "at most %d+ can be read")
  end)

  it("of ten megabytes are read in about a second", function()
    local steps = {}
    for index = 1, 76000 do
      steps[index] = ("    @{\n        Name = 'Step %d'\n        Type = 'IdLE.Step.EmitEvent' # why\n"
        .. "        With = @{ Message = 'hello' ; Level = 12 }\n    }\n"):format(index)
    end
    local text = "@{ Name = 'x'; Steps = @(\n" .. table.concat(steps) .. "\n) }"
    assert.is_true(#text > 9.9 * MILLION)
    assert.is_true(seconds(psd1.parse, text) < 4) -- a busy machine has four seconds
  end)
end)

describe("hostile templates", function()
  local request = { Intent = { A = "a" } }

  local function attempt(text)
    local ok, err = pcall(template.expand, text, request, { step = "S" })
    assert.is_true(ok or err.kind == "input.workflow", tostring(err))
    assert.is_true(ok or #err.message < 2000)
  end

  it("take a time that grows with their length only", function()
    local texts = { ("{{"):rep(MILLION), ("}}"):rep(MILLION), ("{{}"):rep(MILLION), ("\\{{"):rep(MILLION),
      "{{" .. (" "):rep(MILLION) .. "}}", "{{a" .. (" "):rep(MILLION) .. "b}}", (" "):rep(MILLION) .. "{{",
      "{{" .. ("a."):rep(MILLION) .. "}}", "{{Request.Intent" .. (".A"):rep(MILLION) .. "}}",
      ("{{Request.Intent.A}}"):rep(100000), ("\\{{Request.Intent.A}}"):rep(100000) }
    assert.is_true(seconds(function() for _, text in ipairs(texts) do attempt(text) end end) < 10)
  end)
end)

describe("hostile conditions", function()
  it("with thousands of mistakes are all named", function()
    local children = {}
    for index = 1, 5000 do children[index] = { ["Eqals" .. index] = 1 } end
    local compiled, problems = condition.compile({ All = children }, "Condition")
    assert.is_nil(compiled)
    assert.equal(5000, #problems)
  end)

  it("with long paths and patterns are read or refused", function()
    local long = ("a."):rep(100000) .. "a"
    assert.is_false(condition.evaluate(condition.parse({ Exists = long }), { Request = {} }))
    assert.is_nil((condition.compile({ Like = { Path = "A", Pattern = ("["):rep(MILLION) } }, "Condition")))
  end)
end)

describe("hostile workflows", function()
  it("with keys of any length and kind give short messages", function()
    local found = select(2, workflow.check({ [("x"):rep(MILLION)] = 1, ["\27[31m"] = 2, [5] = 3 }))
    assert.equal(6, #found)
    for _, violation in ipairs(found) do
      assert.is_true(#violation.Path < 200 and #violation.Message < 400)
      assert.is_nil((violation.Path .. violation.Message):find("%c"))
    end
  end)

  it("that contain themselves are refused", function()
    local root = { Name = "w", LifecycleEvent = "J" }
    root.Steps = { { Name = "a", Type = "t", With = root } }
    local definition, found = workflow.check(root)
    assert.is_nil(definition)
    assert.matches("the value contains itself", found[1].Message)
  end)
end)
