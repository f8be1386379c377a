local NULL = require("spec.support.null")
local psd1 = require("idle.engine.psd1")
local workflow_report = require("idle.engine.workflow_report")

describe("idle.engine.workflow_report", function()
  local report

  before_each(function() report = workflow_report.new(false) end)

  it("keeps violations in the order in which they are found, by path", function()
    report:add({ "Steps", 2, "With" }, "With must be a map, got %s", "a text")
    report:add({}, "too long")
    assert.same({
      { Path = "Steps[1].With", Message = "With must be a map, got a text" }, { Path = "", Message = "too long" },
    }, report.violations)
  end)

  it("joins ways without touching the first part", function()
    local keys = { "Steps", 1 }
    assert.same({ "Steps", 1, "With", "Provider" }, workflow_report.join(keys, "With", "Provider"))
    assert.same({ "Steps", 1 }, keys)
  end)

  describe("fields", function()
    local RULES = workflow_report.rules("Unknown key", { "Name", "With" }, { notes = { when = "write 'Condition'" } })
    local LENIENT = workflow_report.rules("Unknown key", { "Type", "Message" }, { lenient = true })

    it("have the right spelling of their keys, without those that are null", function()
      assert.same({ Name = "a" }, report:fields({ NAME = "a", with = NULL }, {}, RULES))
      assert.same({}, report.violations)
    end)

    it("that are unknown are violations, sorted, with the nearest key or a note", function()
      report:fields({ Nmae = "a", WHEN = 1, [5] = 2 }, { "Steps", 1 }, RULES)
      local messages = {}
      for index, violation in ipairs(report.violations) do
        messages[index] = violation.Path .. ": " .. violation.Message
      end
      assert.same({
        "Steps[0][4]: Unknown key '5' (allowed: Name, With)",
        "Steps[0].Nmae: Unknown key 'Nmae' (allowed: Name, With); did you mean 'Name'?",
        "Steps[0].WHEN: Unknown key 'WHEN' (allowed: Name, With); write 'Condition'",
      }, messages)
    end)

    it("may be anybody's own where only misspelled ones are refused", function()
      report:fields({ Type = "t", Note = 1, Mesage = "m" }, {}, LENIENT)
      assert.equal(1, #report.violations)
      assert.matches("'Mesage' .*; did you mean 'Message'", report.violations[1].Message)
    end)
  end)

  it("finds the line of a violation, or of the nearest thing above that is there", function()
    local root, places = psd1.parse("@{\n Steps = @(\n  @{ Name = 'a'\n   with = 'x' }\n )\n}", { places = true })
    report:add({ "Steps", 1, "With" }, "no map")
    report:add({ "Steps", 1, "Type" }, "missing")
    report:add({ "LifecycleEvent" }, "missing")
    report:locate(root, places)
    local lines = {}
    for index, violation in ipairs(report.violations) do lines[index] = violation.Line or "none" end
    assert.same({ 4, 3, "none" }, lines)
  end)
end)
