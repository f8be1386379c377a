local spec_block = require("idle.test.spec_block")

describe("idle.test.spec_block", function()
  local in_block, leave_out = spec_block.definer()

  it("knows the body of a block", function()
    assert.is_function(in_block)
    assert.is_function(leave_out)
  end)

  it("knows that a spec is none", function() assert.is_nil(spec_block.definer()) end)

  it("knows that there is none without busted", function()
    local busted = package.loaded.busted
    finally(function() package.loaded.busted = busted end)
    package.loaded.busted = nil
    assert.is_nil(spec_block.definer())
  end)

  if in_block then in_block("defines this one", function() assert.is_true(true) end) end
end)
