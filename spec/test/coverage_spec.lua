--- `idle-lua test --coverage`, as viewers of lcov's files read it.
local coverage = require("idle.test.coverage")
local specs = require("spec.support.specs")

local JOINER = [[
local joiner = {}

local function helper(x)
  if x > 1 then
    return "big"
  else
    return "small"
  end
end

function joiner.run(x)
  local t = {
    size = helper(x),
  }
  return t
end

function joiner.never()
  local a = 1
  while true do
    a = a + 1
  end
end

function joiner.in_task()
  local idle = require("idle")
  return idle.spawn(function()
    idle.sleep(0.001)
    return coroutine.wrap(function()
      return 3
    end)()
  end):join()
end

return joiner
]]

local SPEC = [[
local joiner = dofile("joiner.lua")
dofile("./joiner.lua")
it("runs", function() assert.equal("big", joiner.run(2).size) end)
it("runs tasks", function() assert.equal(3, joiner.in_task()) end)
]]

local FILES = { ["a_spec.lua"] = SPEC, ["joiner.lua"] = JOINER }

-- What a viewer does with the file: everything by the path of its record.
local function parse(text)
  local records, record = {}, nil
  for line in text:gmatch("[^\n]+") do
    local key, value = line:match("^(%u+):(.*)$")
    if key == "SF" then
      record = { lines = {}, functions = {} }
      records[value] = record
    elseif key == "DA" then
      local number, count = value:match("^(%d+),(%d+)$")
      record.lines[tonumber(number)] = tonumber(count)
    elseif key == "FNDA" then
      local count, name = value:match("^(%d+),(.+)$")
      record.functions[name] = tonumber(count)
    elseif key then
      record = record or {}
      record[key] = tonumber(value)
    end
  end
  return records
end

describe("idle-lua test --coverage", function()
  local function test(...)
    return specs.run(FILES, { made = { "lcov.info", "out.info" }, "test", "a_spec.lua", ... })
  end

  local run, record

  setup(function()
    run = test("--coverage")
    record = parse(run.made["lcov.info"])[run.made.folder .. "/joiner.lua"]
  end)

  it("counts the lines that ran, in tasks and coroutines, too", function()
    assert.equal(0, run.outcome.exit_code)
    assert.same({
      [1] = 2, [4] = 1, [5] = 1, [7] = 0, [11] = 2, [12] = 1, [13] = 1, [15] = 1, [18] = 2, [19] = 0, [21] = 0,
      [25] = 2, [26] = 1, [27] = 3, [28] = 1, [29] = 2, [30] = 1, [32] = 3, [35] = 2,
    }, record.lines)
  end)

  it("counts lines of functions that were never called as lines that did not run", function()
    assert.equal(0, record.lines[19])
    assert.equal(0, record.functions["joiner.never"])
    assert.equal(1, record.functions.helper)
    assert.equal(1, record.functions["joiner.run"])
    assert.equal(6, record.FNF)
    assert.equal(5, record.FNH)
  end)

  it("sums up, in the file and on stderr", function()
    local count, hit = 0, 0
    for _, hits in pairs(record.lines) do
      count, hit = count + 1, hit + (hits > 0 and 1 or 0)
    end
    assert.equal(count, record.LF)
    assert.equal(hit, record.LH)
    assert.equal(("idle-lua: %d of %d lines ran (%.1f %%), in 1 file: lcov.info\n"):format(hit, count,
      100 * hit / count), run.outcome.stderr)
  end)

  it("knows of a function on one line whether it was called", function()
    local short = specs.run({
      ["short.lua"] = "local t = { called = function() return 1 end,\nnever = function() return 2 end }\n"
        .. "function t.outer()\n  local inner = function() return t.called() end\n  inner()\n  inner()\nend\n"
        .. "return t\n",
      ["a_spec.lua"] = "it('calls', function() dofile('short.lua').outer() end)",
    }, { "test", "a_spec.lua", "--coverage", made = { "lcov.info" } })
    assert.same({ called = 2, never = 0, ["t.outer"] = 1, inner = 2 },
      parse(short.made["lcov.info"])[short.made.folder .. "/short.lua"].functions)
  end)

  it("counts below the folder that the specs are run in, wherever they go", function()
    local files = { ["sub/a_spec.lua"] = [[
      it("goes elsewhere", function()
        dofile("joiner.lua")
        require("lfs").chdir("..")
      end)]], ["sub/joiner.lua"] = JOINER }
    local elsewhere = specs.run(files, { "test", "-C", "sub", "a_spec.lua", "--coverage=out.info",
      made = { "out.info", "sub/out.info" } })
    assert.is_nil(elsewhere.made["out.info"])
    assert.is_table(parse(elsewhere.made["sub/out.info"])[elsewhere.made.folder .. "/sub/joiner.lua"])
  end)

  it("is what busted's own option stands for, and the one in .busted", function()
    local short = test("-c")
    assert.same(record, parse(short.made["lcov.info"])[short.made.folder .. "/joiner.lua"])
    local files = { [".busted"] = "return { default = { coverage = true } }" }
    for name, text in pairs(FILES) do files[name] = text end
    local given = specs.run(files, { "test", "a_spec.lua", made = { "lcov.info" } })
    assert.same(record, parse(given.made["lcov.info"])[given.made.folder .. "/joiner.lua"])
  end)

  it("leaves the specs out, unless they are asked for", function()
    assert.is_nil(parse(run.made["lcov.info"])[run.made.folder .. "/a_spec.lua"])
    local all = test("--coverage=out.info", "--coverage-specs")
    local of_specs = parse(all.made["out.info"])[all.made.folder .. "/a_spec.lua"]
    assert.equal(2, of_specs.lines[4])
    assert.is_nil(all.made["lcov.info"])
  end)

  it("names nothing but files below the folder", function()
    for path in pairs(parse(run.made["lcov.info"])) do assert.equal(run.made.folder .. "/joiner.lua", path) end
  end)

  it("works as busted's helper", function()
    local files = { ["a_spec.lua"] = 'require("busted.runner")()\n' .. SPEC, ["joiner.lua"] = JOINER }
    local by_itself = specs.run(files, { made = { "out.info" }, "a_spec.lua", "--helper=idle.test.busted", "-Xhelper",
      "coverage=out.info" })
    assert.same(record.lines,
      parse(by_itself.made["out.info"])[by_itself.made.folder .. "/joiner.lua"].lines)
  end)

  it("is read by lcov itself, where that is installed", function()
    local has_lcov = require("idle").exec({ command = { "sh", "-c", "command -v lcov || true" } }).stdout ~= ""
    if not has_lcov then return pending("lcov is not installed") end
    local command = ('"%s" test a_spec.lua --coverage >/dev/null 2>&1 && lcov --summary lcov.info 2>&1'
      .. ' && genhtml --quiet --output-directory html lcov.info'):format(require("spec.support.child").PROGRAM)
    local outcome = specs.run(FILES, { "-c", command }, "sh").outcome
    assert.equal(0, outcome.exit_code, outcome.stderr)
    local summary = outcome.stdout
    assert.matches("lines%.*: 84%.2%% %(16 of 19 lines%)", summary)
    assert.matches("functions%.*: 83%.3%% %(5 of 6 functions%)", summary)
  end)

  it("leaves out a file that is gone, or is no Lua any more", function()
    local hits = {
      { path = "/no/such.lua", hits = { 1 }, begun = {} }, { path = "README.md", hits = { 1 }, begun = {} },
    }
    local text, sums = coverage.records(hits, require("lfs").currentdir())
    assert.equal("", text)
    assert.same({ files = 0, lines = 0, hit = 0 }, sums)
  end)
end)
