local exits = require("idle.test.exits")

describe("idle.test.exits", function()
  it("has os.exit raise its status, with the line that wanted it", function()
    local refused <close> = exits.refuse() -- luacheck: ignore refused
    for _, code in ipairs({ 3, true, false }) do
      local ok, err = pcall(function() os.exit(code) end)
      assert.is_false(ok)
      assert.same({ "test.exit", { code = code } }, { err.kind, err.data })
      assert.matches("^spec/test/exits_spec.lua:7: os.exit%(" .. tostring(code) .. "%) would end", err.message)
    end
  end)
end)
