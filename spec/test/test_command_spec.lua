--- `idle-lua test`, `busted --lua=idle-lua` and specs that run themselves, as people call them.
local child = require("spec.support.child")
local file = require("idle.file")
local json = require("idle.json")
local process = require("idle.process")
local specs = require("spec.support.specs")

local PROGRAM = assert(process.executable())

local GOOD = [[
local idle = require("idle")
describe("a spec", function()
  it("waits #slow", function() idle.sleep(0.001) end)
  it("spawns", function() assert.equal(7, idle.spawn(function() idle.sleep(0.001) return 7 end):join()) end)
  it("runs a program", function() assert.equal("x\n", idle.exec({ command = { "echo", "x" } }).stdout) end)
end)
]]

local BAD = [[
local idle = require("idle")
describe("a spec", function()
  it("fails", function() assert.equal(1, 2) end)
  it("passes", function() idle.sleep(0.001) end)
end)
]]

local CHANCE = [[
local idle = require("idle")
local loop = require("idle.loop")
local function draw(name)
  local bytes = loop.random_bytes(2)
  io.stderr:write(("%s %.17g %d %s\n"):format(name, loop.random(), math.random(1 << 30), bytes:byte(1, 2)))
end
describe("chance", function()
  for _, name in ipairs({ "a", "b", "c", "d", "e", "f" }) do it(name, function() draw(name) end) end
  it("fails", function() error("to see the seed") end)
end)
]]

describe("idle-lua test", function()
  local function test(text, ...) return specs.run({ ["a_spec.lua"] = text }, { "test", ... }).outcome end

  it("runs specs that wait, spawn and start programs, with busted's exit status", function()
    local good, bad = test(GOOD, "a_spec.lua"), test(BAD, "a_spec.lua")
    assert.matches("^%+%+%+\n3 successes / 0 failures / 0 errors", good.stdout)
    assert.equal("", good.stderr)
    assert.equal(0, good.exit_code)
    assert.matches("^%-%+\n1 success / 1 failure / 0 errors", bad.stdout)
    assert.matches("a_spec.lua:3: Expected objects to be equal", bad.stdout)
    assert.equal(1, bad.exit_code)
  end)

  it("takes ./spec by default, and busted's own options and outputs", function()
    local run = specs.run({ ["a_spec.lua"] = GOOD, ["b_spec.lua"] = BAD, ["helper.lua"] = "print('helped')" },
      { "test", ".", "--helper=helper.lua", "-t", "slow", "-o", "TAP" })
    assert.equal("helped\nok 1 - a spec waits #slow\n1..1\n", run.outcome.stdout)
    local without = test(GOOD)
    assert.matches("Cannot find file or directory: spec", without.stdout)
    assert.equal("", without.stderr) -- no seed would change that
    assert.equal("a_spec.lua:3: a spec waits #slow\na_spec.lua:4: a spec spawns\na_spec.lua:5: a spec runs a program\n",
      test(GOOD, "--list", "a_spec.lua").stdout)
    assert.matches("^busted: error: unknown/bad flag: %-%-fliter;", test(GOOD, "--fliter", "a_spec.lua").stderr)
  end)

  it("writes JUnit's XML to the file that busted's option names", function()
    local run = specs.run({ ["a_spec.lua"] = BAD },
      { "test", "a_spec.lua", "-o", "junit", "-Xoutput", "out.xml", made = { "out.xml" } })
    assert.equal("", run.outcome.stdout)
    local case = run.made["out.xml"]:match("<testcase [^>]*name='a spec fails'[^>]*>%s*<failure>a_spec.lua:3: ")
    assert.matches("classname='a_spec.lua:3'", case)
    assert.matches("<testsuite [^>]*failures='1'", run.made["out.xml"])
  end)

  it("reads .busted, whatever interpreter it names", function()
    local run = specs.run({ ["a_spec.lua"] = GOOD, ["b_test.lua"] = BAD,
      [".busted"] = "return { default = { ROOT = { '.' }, pattern = '_test', lua = '/no/such/lua' } }" }, { "test" })
    assert.matches("^%-%+\n1 success / 1 failure", run.outcome.stdout)
  end)

  it("has its own options hold where .busted names the helper", function()
    local run = specs.run({ ["a_spec.lua"] = [[it("leaks", function() io.open("a_spec.lua") end)]],
      [".busted"] = "return { default = { helper = 'idle.test.busted', Xhelper = 'seed=3' } }" },
      { "test", "a_spec.lua", "--coverage=out.info", "--coverage-specs", "--seed=5", made = { "out.info" } })
    assert.matches("a_spec.lua:1: leak: file 'a_spec.lua' is still open; close it", run.outcome.stdout)
    assert.matches("DA:1,2", run.made["out.info"])
    assert.matches("the seed was 5; again with 'idle%-lua test a_spec.lua %-%-coverage=out.info", run.outcome.stderr)
  end)

  it("shows busted's options for -h", function()
    local outcome = test(BAD, "a_spec.lua", "-h")
    assert.equal(0, outcome.exit_code)
    assert.equal("", outcome.stderr)
    assert.matches("^Usage: idle%-lua test %[OPTIONS%].*%-%-filter=PATTERN.*[^;]\n$", outcome.stdout)
    assert.is_nil(outcome.stdout:find("re-run", 1, true))
  end)

  it("refuses a file for the coverage that cannot be written, before it runs a spec", function()
    local outcome = test(GOOD, "--coverage=missing/out.info", "a_spec.lua")
    assert.equal(66, outcome.exit_code)
    assert.equal("", outcome.stdout)
    assert.equal("idle-lua: --coverage cannot write missing/out.info: No such file or directory\n", outcome.stderr)
    outcome = test(GOOD, "--coverage=", "a_spec.lua")
    assert.equal(64, outcome.exit_code)
    assert.matches("^idle%-lua: %-%-coverage= needs a FILE", outcome.stderr)
  end)

  it("prints one JSON document for --json", function()
    local outcome = test(BAD .. "error('at the top')", "--json", "a_spec.lua")
    local document = assert(json.decode(outcome.stdout))
    assert.equal(0, #document.successes)
    assert.equal("a_spec.lua:6: at the top", document.errors[1].message)
    assert.same({ "a spec passes" }, { json.decode(test(BAD, "a_spec.lua", "--json").stdout).successes[1].name })
    for _, other in ipairs({ "-oTAP", "--output=TAP" }) do
      local refused = test(GOOD, "--json", "a_spec.lua", other)
      assert.equal(64, refused.exit_code)
      assert.equal(("idle-lua: --json is an output of its own; leave it out, or '%s'"):format(other),
        refused.stderr:match("^[^\n]*"))
    end
  end)

  it("leaves stdout to the document", function()
    local outcome = test(GOOD, "--json", "--events", "-", "a_spec.lua")
    assert.equal(64, outcome.exit_code)
    assert.matches("^idle%-lua: %-%-json and %-%-events %- both write to stdout", outcome.stderr)
  end)

  it("tells what an output raises at the end, which tells nothing then", function()
    local outcome = test("describe('a block', function() pending('later') end)", "-o", "json", "a_spec.lua")
    assert.equal(1, outcome.exit_code)
    assert.matches("^idle%-lua: at the end of the specs: .*json.lua:%d+: type 'function' is not supported by JSON",
      outcome.stderr)
    assert.is_nil(test(BAD, "a_spec.lua").stderr:find("at the end", 1, true))
  end)

  it("names the place of a file that it cannot load, in every output", function()
    local function output(...) return test("it('breaks'\nend)", "a_spec.lua", ...).stdout end
    assert.matches("^not ok 1 %- a_spec.lua\n# a_spec.lua @ 2\n# Failure message: a_spec.lua:2: ", output("-o", "TAP"))
    assert.matches("%[  ERROR   %] a_spec.lua @ 2: a_spec.lua\n", output("-o", "gtest"))
    assert.matches("Error %-> a_spec.lua @ 2\na_spec.lua\na_spec.lua:2: ", output("-o", "plainTerminal"))
    assert.equal(2, json.decode(output("--json")).errors[1].line)
  end)

  it("ends with busted's status, and says where, when something other than a spec raises", function()
    local outcome = test(GOOD, "-e", "error('of the line')", "a_spec.lua")
    assert.equal(1, outcome.exit_code)
    assert.matches("^idle%-lua: busted: %(%-e%):1: of the line\nstack traceback:\n\t.-\n\t%(%-e%):1: in main chunk",
      outcome.stderr)
    outcome = test(GOOD, "-e", "print(", "a_spec.lua")
    assert.equal(64, outcome.exit_code)
    assert.matches("^idle%-lua: %(%-e%):1: unexpected symbol near <eof>\n", outcome.stderr)
  end)

  it("tells what a helper raises, and runs nothing then", function()
    local function helped(text, ...)
      return specs.run({ ["a_spec.lua"] = GOOD, ["helper.lua"] = text }, { "test", "a_spec.lua", "--helper=helper.lua",
        ... }).outcome
    end
    local FAILED = "busted: failed running the specified helper (helper.lua), error: "
    for text, expected in pairs({
      ["require('idle').error('shop.closed', 'closed')"] = FAILED .. "closed\n",
      ["error()"] = FAILED .. "nil\n",
      ["os.exit(0)"] = FAILED .. "helper.lua:1: os.exit(0) would end all specs",
    }) do
      local outcome = helped(text)
      assert.equal(1, outcome.exit_code, outcome.stderr)
      assert.equal(expected, outcome.stderr:sub(1, #expected))
      assert.equal("", outcome.stdout)
    end
    assert.equal(124, helped("require('idle').sleep(60)", "--timeout", "0.2").exit_code)
  end)

  it("ends a spec that hangs at --timeout", function()
    local outcome = test([[it("hangs", function() while true do end end)]], "--timeout", "0.2", "a_spec.lua")
    assert.equal(124, outcome.exit_code)
  end)

  it("does not wait for what specs may leave behind", function()
    local outcome = test([[it("leaves", function() require("idle").spawn(require("idle").sleep, 600) end)]],
      "--no-leak-check", "--timeout", "60", "a_spec.lua")
    assert.equal(0, outcome.exit_code)
  end)

  it("says how to install busted where it is missing", function()
    local outcome = specs.run({}, { "test", env = { LUA_PATH_5_4 = "/nowhere/?.lua" } }).outcome
    assert.equal(66, outcome.exit_code)
    assert.equal("idle-lua: busted is not installed: 'apt-get install lua-busted', "
      .. "or set LUA_PATH_5_4 to where it is\n", outcome.stderr)
  end)

  it("has a help of its own, wherever it is asked for", function()
    local outcome = test(GOOD, "a_spec.lua", "--help")
    assert.equal(0, outcome.exit_code)
    assert.matches("^usage: idle%-lua test .-busted's options.-%-%-coverage%[=FILE%]", outcome.stdout)
    assert.equal(outcome.stdout, specs.run({}, { "help", "test" }).outcome.stdout)
  end)

  describe("--seed", function()
    local function draws(outcome)
      local lines = {}
      for line in outcome.stderr:gmatch("[^\n]+") do lines[#lines + 1] = line:match("^%l %d.*") end
      return lines
    end

    it("makes chance the same in every spec, and the order of --shuffle", function()
      local first, again = test(CHANCE, "--seed", "7", "--shuffle", "a_spec.lua"),
        test(CHANCE, "--shuffle", "--seed=7", "a_spec.lua")
      assert.same(draws(first), draws(again))
      assert.equal(6, #draws(first))
      local values = {}
      for _, line in ipairs(draws(first)) do values[line:sub(3)] = true end
      assert.is_nil(next(values, next(values))) -- each spec begins with the seed, so it can be run alone
    end)

    it("is shown when a spec fails, with the command that repeats it", function()
      local outcome = test(CHANCE, "a_spec.lua", "--filter", "chance")
      local seed = outcome.stderr:match("idle%-lua: the seed was (%d+); again with "
        .. "'idle%-lua test a_spec.lua %-%-filter chance %-%-seed=%1'\n$")
      assert.is_string(seed, outcome.stderr)
      assert.same(draws(outcome), draws(test(CHANCE, "a_spec.lua", "--seed=" .. seed)))
    end)

    it("must be a number", function()
      local outcome = test(GOOD, "--seed", "soon", "a_spec.lua")
      assert.equal(64, outcome.exit_code)
      assert.matches("^idle%-lua: %-%-seed needs an integer, not 'soon'", outcome.stderr)
    end)
  end)
end)

describe("busted --lua=idle-lua", function()
  local function busted(text, ...)
    return specs.run({ ["a_spec.lua"] = text }, { "--lua=" .. PROGRAM, "a_spec.lua", ... }, "busted").outcome
  end

  it("runs specs in the host", function()
    local good, bad = busted(GOOD), busted(BAD)
    assert.matches("^%+%+%+\n3 successes", good.stdout)
    assert.equal(0, good.exit_code)
    assert.equal(1, bad.exit_code)
  end)

  it("finds leaks, and repeats chance, with --helper=idle.test.busted", function()
    local leaking = [[it("leaks", function() require("idle").spawn(require("idle").sleep, 0.05) end)]]
    assert.equal(0, busted(leaking).exit_code)
    local outcome = busted(leaking, "--helper=idle.test.busted", "-Xhelper", "seed=11")
    assert.matches("a_spec.lua:1: leak: the task spawned here still waits in 'sleep'", outcome.stdout)
    assert.equal("idle-lua: the seed was 11; again with '-Xhelper seed=11'\n", outcome.stderr)
    assert.equal(0, busted(leaking, "--helper=idle.test.busted", "-Xhelper", "no-leak-check").exit_code)
    assert.matches("no option 'sede=1'", busted(leaking, "--helper=idle.test.busted", "-Xhelper", "sede=1").stderr)
  end)
end)

describe("a spec that runs itself", function()
  local function run(text, ...)
    return specs.run({ ["a_spec.lua"] = 'require("busted.runner")()\n' .. text }, { "a_spec.lua", ... }).outcome
  end

  it("runs in the host", function()
    local good, bad = run(GOOD), run(BAD)
    assert.matches("^%+%+%+\n3 successes", good.stdout)
    assert.equal(0, good.exit_code)
    assert.matches("a_spec.lua:4: Expected objects to be equal", bad.stdout)
    assert.equal(1, bad.exit_code)
  end)

  it("takes the helper, too", function()
    local outcome = run([[it("leaks", function() io.open("a_spec.lua") end)]], "--helper=idle.test.busted")
    assert.matches("a_spec.lua:2: leak: file 'a_spec.lua' is still open; close it", outcome.stdout)
    assert.is_true(file.exists("README.md"))
  end)
end)

describe("the end of idle-lua test from outside", function()
  local HANGING = [[
    local idle = require("idle")
    it("hangs", function() print("begun") io.stdout:flush() idle.sleep(60) end)
    it("is not begun", function() print("too late") end)
  ]]

  local function ended_by(act, ...)
    local folder <close> = setmetatable({ path = child.folder({ ["a_spec.lua"] = HANGING }) },
      { __close = function(self) file.remove_all(self.path) end })
    local started <close> = child.start({ cwd = folder.path, "test", "a_spec.lua", ... })
    started:read_up_to("begun")
    act(started)
    return started:outcome()
  end

  it("is not what a spec raises that meets an end of its own", function()
    local outcome = specs.run({ ["a_spec.lua"] = [[
      local idle = require("idle")
      it("is late", function() idle.with_timeout(0.001, idle.sleep, 60) end)
      it("is cancelled", function()
        local task = idle.spawn(idle.sleep, 60)
        task:cancel()
        task:join()
      end)
      it("goes on", function() end)
    ]] }, { "test", "a_spec.lua" }).outcome
    assert.matches("1 success / 0 failures / 2 errors", outcome.stdout)
  end)

  it("is the end of all specs", function()
    for status, outcome in pairs({
      [130] = ended_by(function(started) started:signal("INT") end),
      [143] = ended_by(function(started) started:signal("TERM") end),
      [124] = ended_by(function() end, "--timeout", "4"),
    }) do
      assert.equal(status, outcome.exit_code, outcome.stdout .. outcome.stderr)
      assert.is_nil(outcome.stdout:find("too late", 1, true), status)
      assert.matches("0 successes / 0 failures / 1 error", outcome.stdout)
    end
  end)
end)
