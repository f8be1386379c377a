local plan_text = require("idle.host.plan_text")

describe("idle.host.plan_text", function()
  local function table_of(headings, rows)
    return plan_text.table_of(headings, rows, function(row) return row end)
  end

  it("aligns by characters, not by bytes", function()
    assert.equal("  a   b\n  äö  c\n", table_of({ "a", "b" }, { { "äö", "c" } }))
  end)

  it("ends no line with blanks", function()
    assert.equal("  a\n  bb\n", table_of({ "a", "" }, { { "bb", "" } }))
  end)

  it("says what a condition compared, also with nothing", function()
    local text = plan_text.describe({
      WorkflowName = "W", LifecycleEvent = "Joiner", CorrelationId = "c", Warnings = {}, OnFailureSteps = {},
      Steps = { { Name = "A", Type = "Corp.Badge", Status = "NotApplicable", Comparisons = {
        { Path = "Request.Actor", Operator = "Exists", Result = false },
        { Path = "Request.Intent.A", Operator = "Like", Expected = "x*", Actual = "y", Result = false },
      } } },
    })
    assert.matches("Request.Actor Exists is false: it is missing or null\n", text, 1, true)
    assert.matches("Request.Intent.A Like 'x*' is false: it is 'y'\n", text, 1, true)
    assert.matches("1  A     Corp.Badge  -         not applicable\n", text, 1, true)
  end)
end)
