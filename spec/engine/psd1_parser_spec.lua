local NULL = require("spec.support.null")
local data = require("idle.engine.data")
local data_files = require("spec.support.data_files")
local parser = require("idle.engine.psd1_parser")
local psd1 = require("idle.engine.psd1")
local value = require("idle.engine.value")

local parse, read, refusal, refused = data_files.parse, data_files.read, data_files.refusal, data_files.refused

local function same_list(expected, actual)
  assert.is_true(value.is_list(actual))
  assert.same(expected, actual)
end

describe("idle.engine.psd1_parser: maps", function()
  it("reads entries on lines and between semicolons", function()
    assert.same({ a = 1, b = 2, c = 3 }, parse("@{ a = 1; b = 2\n c = 3; }"))
  end)

  it("keeps the spelling of keys", function()
    assert.same({ Name = "x", lifecycleEVENT = "y" }, parse("@{ Name = 'x'\nlifecycleEVENT = 'y' }"))
  end)

  it("takes keys in quotes, numbers, and words of the language", function()
    assert.same({ ["IdLE.Step.X"] = 1, ["a b"] = 2, ["5"] = 3, ["if"] = 4, ["function"] = 5 },
      parse("@{ 'IdLE.Step.X' = 1; \"a b\" = 2; 5 = 3; if = 4; function = 5 }"))
  end)

  it("takes letters beyond ASCII in keys", function()
    assert.same({ ["Straße"] = 1, ["Имя"] = 2 }, parse("@{ Straße = 1; Имя = 2 }"))
  end)

  it("takes an entry called Keys like any other", function()
    assert.same({ Keys = 1, Count = 2 }, parse("@{ Keys = 1; Count = 2 }"))
  end)

  it("lets a value begin on the next line", function()
    assert.same({ a = { b = 1 } }, parse("@{ a =\n\n @{\n b =\n 1 } }"))
  end)

  it("reads an empty map as a map", function()
    assert.same({}, read("@{}"))
    assert.is_false(value.is_list(read("@{ }")))
  end)

  it("refuses a key twice, whatever its case, and says where it was first", function()
    assert.matches("joiner%.psd1:3:2: the key 'NAME' stands in this map already, in line 2",
      refusal("@{\n Name = 1\n NAME = 2\n}"))
    assert.matches("'ÜBER' stands in this map already", refusal("@{ über = 1; ÜBER = 2 }"))
  end)

  it("takes the same key in two maps, in different spellings", function()
    assert.same({ { Ab = 1 }, { aB = 1 } }, read("@( @{ Ab = 1 }; @{ aB = 1 } )"))
  end)

  it("wants a new line or a semicolon between entries", function()
    assert.matches(":1:10: unexpected 'b = 2", refusal("@{ a = 1 b = 2 }"))
  end)

  it("names a key without its equals sign", function()
    assert.matches("'=' is missing after the key 'Name'", refusal("@{ Name 'x' }"))
    assert.matches("must be put in quotes", refusal("@{ Content-Type = 'x' }"))
  end)
end)

describe("idle.engine.psd1_parser: lists", function()
  it("reads elements on lines, between semicolons and between commas", function()
    same_list({ 1, 2, 3, 4 }, read("@(\n 1\n 2; 3, 4\n)"))
  end)

  it("reads a list of one and a list of none as lists", function()
    same_list({ "x" }, read("@('x')"))
    same_list({}, read("@()"))
  end)

  it("reads a bare comma list", function()
    same_list({ "a", "b" }, read("'a', 'b'"))
    same_list({ "a", "b" }, read("'a',\n\n 'b'"))
  end)

  it("reads a comma before a value as a list of it alone", function()
    same_list({ "a" }, read(", 'a'"))
    assert.same({ { "a" } }, read("@( , @('a') )"))
  end)

  it("joins lists that stand on lines of their own", function()
    same_list({ 1, 2, 3 }, read("@(\n @(1, 2)\n @(3)\n)"))
    same_list({ 1, 2, 3 }, read("@( (1, 2); 3 )"))
    same_list({ "a" }, read("@( @('a') )"))
    same_list({}, read("@( @() )"))
  end)

  it("keeps lists nested that are joined by commas", function()
    assert.same({ { 1, 2 }, { 3 } }, read("@( @(1, 2), @(3) )"))
    assert.same({ { 1, 2 }, 3 }, read("(1, 2), 3"))
  end)

  it("keeps null in a list, or leaves it out if there is no null to stand for it", function()
    assert.same({ 1, NULL, 2 }, read("@(1, $null, 2)"))
    assert.same({ 1, 2 }, psd1.parse("@{ v = @(1, $null, 2) }").v)
  end)

  it("refuses a comma without a value after it", function()
    assert.matches("a value is missing here", refused("@(1, 2, )"))
  end)

  it("refuses two values side by side", function()
    assert.matches("unexpected ''b'' after a value; a new line, ';' or ',' is missing", refused("@('a' 'b')"))
  end)

  it("says that entries of a map stand in a map", function()
    assert.matches("'Name' looks like a key.*'@{ … }'", refused("@( Name = 'x' )"))
  end)
end)

describe("idle.engine.psd1_parser", function()
  -- Where it stopped, and why.
  local function stopped(text)
    local ok, err = pcall(parser.parse, { text = text, report = function(pos, message) error({ pos, message }, 0) end })
    assert.is_false(ok)
    return err[1], err[2]
  end

  it("reports a place once, and leaves it to the caller to raise", function()
    local pos, message = stopped("@{ a = 1\n b = }")
    assert.same({ 15, "a value is missing here" }, { pos, message })
  end)

  it("reports a bracket that is never closed where it opens", function()
    assert.same({ 8, "'@(' is never closed; ')' is missing" }, { stopped("@{ a = @( 'x'\n") })
  end)

  it("notes the byte at which every entry begins, if it is given a table for that", function()
    local places = {}
    local root = parser.parse({ text = "@{ a = 1; b = @(\n 2, 3 )}", report = error, places = places })
    assert.same({ a = 4, b = 11 }, places[root])
    assert.same({ 19, 22 }, places[root.b])
  end)

  it("counts what is nested, so that no file can fill the stack", function()
    -- The file's map is the first level; the list beyond the last one is where it stops.
    local before = "@{ v = "
    local pos, message = stopped(before .. ("@("):rep(data.MAX_DEPTH))
    assert.equal(#before + 2 * (data.MAX_DEPTH - 1) + 1, pos)
    assert.equal(("nested deeper than %d levels"):format(data.MAX_DEPTH), message)
  end)
end)
