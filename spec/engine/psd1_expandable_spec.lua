local expandable = require("idle.engine.psd1_expandable")

describe("idle.engine.psd1_expandable", function()
  -- What a text between double quotes is; nil = where it went wrong.
  local function quoted(inside)
    local content, is_closed, after = expandable.quoted('"' .. inside .. '" tail', 1)
    if not is_closed then return nil, after end
    assert.equal(#inside + 3, after)
    return content
  end

  it("takes plain text as it is, and two quotes for one", function()
    assert.equal("", quoted(""))
    assert.equal("M\u{FC}ller & S\u{F6}hne", quoted("M\u{FC}ller & S\u{F6}hne"))
    assert.equal('say "yes"', quoted('say ""yes""'))
    assert.equal("\u{2013} \u{201D}", quoted("\u{2013} \u{201D}\u{201D}"))
  end)

  it("knows what a backtick makes of the character behind it", function()
    assert.equal("a\tb\nc\0d\27", quoted("a`tb`nc`0d`e"))
    assert.equal('"$x`', quoted('`"`$x``'))
    assert.equal("q", quoted("`q"))
    assert.equal("\u{1F600}!", quoted("`u{1F600}!"))
    assert.equal("u{FFFFFF}", quoted("`u{FFFFFF}"))
  end)

  it("fills in constants, and leaves a lone dollar", function()
    assert.equal("True False  .", quoted("$true $FALSE $null ."))
    assert.equal("True1", quoted("${true}1"))
    assert.equal("5 $ a$", quoted("5 $ a$"))
  end)

  it("stops where something would be evaluated", function()
    for inside, at in pairs({ ["a $name"] = 4, ["$(1+1)"] = 2, ["${x}"] = 2, ["$trueish"] = 2, ["$true:x"] = 2,
                              ["ab$?"] = 4, ["$^"] = 2 }) do
      local content, after = quoted(inside)
      assert.is_nil(content)
      assert.equal(at, after, inside)
    end
  end)

  it("says that a text is never closed", function()
    local text = '"and so on'
    local _, is_closed, after = expandable.quoted(text, 1)
    assert.same({ false, #text + 1 }, { is_closed, after })
  end)

  it("lets quotes stand in a here-string", function()
    assert.same({ 'a "b" \t', true, 9 }, { expandable.here('a "b" `t') })
    assert.same({ "a ", false, 3 }, { expandable.here("a $b") })
  end)
end)
