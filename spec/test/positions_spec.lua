local errors = require("idle.engine.errors")
local positions = require("idle.test.positions")

describe("idle.test.positions", function()
  it("puts a place in front of a text that has none", function()
    assert.equal("a.lua:3: boom", positions.text("boom", "a.lua:3"))
    assert.equal("a.lua:3: no route", positions.text(errors.new("ssh.connect", "no route"), "a.lua:3"))
    assert.equal("boom", positions.text("boom"))
  end)

  it("leaves a place of the script alone, and replaces one inside the program", function()
    assert.equal("b.lua:7: boom", positions.text("b.lua:7: boom", "a.lua:3"))
    assert.equal("a.lua:3: boom", positions.text("idle.host.tasks:12: boom", "a.lua:3"))
    assert.equal("a.lua:3: boom", positions.text("idle:12: boom", "a.lua:3"))
  end)

  it("does not take an address for a place", function()
    assert.equal("a.lua:3: cannot reach 'ssh://host:22': refused",
      positions.text("cannot reach 'ssh://host:22': refused", "a.lua:3"))
  end)

  it("reads the place that a trace names", function()
    assert.equal("a.lua:3", positions.of_trace({ short_src = "a.lua", currentline = 3 }))
    assert.is_nil(positions.of_trace({}))
    assert.is_nil(positions.of_trace(nil))
  end)

  it("shows busted where the script is, behind any number of our own frames", function()
    local core = { rewriteMessage = function(_, message) return message end }
    -- As busted's: it takes the level as it is given.
    core.getTrace = load("return debug.getinfo(select(2, ...), 'Sl')", "@/usr/share/lua/busted/core.lua")
    positions.install(core)
    local trace, line
    local function note() trace = core.getTrace({}, 3) end
    xpcall(function()
      line = debug.getinfo(1, "l").currentline + 1
      errors.raise("ssh.connect", "no route")
    end, note)
    assert.equal("spec/test/positions_spec.lua:" .. line, positions.of_trace(trace))
    assert.matches("^" .. positions.of_trace(trace):gsub("%p", "%%%0") .. ": no route$",
      core.rewriteMessage({}, errors.new("ssh.connect", "no route"), trace))
  end)
end)
