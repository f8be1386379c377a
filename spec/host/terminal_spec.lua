local terminal = require("idle.host.terminal")

describe("idle.host.terminal", function()
  local written

  local function open(is_live, is_colour)
    written = {}
    local stream = {
      write = function(_, ...) for _, text in ipairs({ ... }) do written[#written + 1] = text end end,
      flush = function() end,
    }
    return terminal.new({ stream = stream, is_live = is_live, is_colour = is_colour or false })
  end

  local function screen() return table.concat(written) end

  it("writes lines", function()
    open(false):say("hello")
    assert.equal("hello\n", screen())
  end)

  it("shows nothing live where nobody watches", function()
    open(false):show("working")
    assert.equal("", screen())
  end)

  it("draws the live line anew below a line that stays", function()
    local it = open(true)
    it:show("working")
    it:say("done")
    assert.equal("\r\27[Kworking\r\27[Kdone\n\r\27[Kworking", screen())
  end)

  it("takes the live line away", function()
    local it = open(true)
    it:show("working")
    it:clear()
    it:clear()
    assert.equal("\r\27[Kworking\r\27[K", screen())
  end)

  it("escapes foreign text in the live line, and cuts it to one line", function()
    local it = open(true)
    it:show("a\27]0;evil\7\nb" .. ("ü"):rep(200))
    assert.equal(1, select(2, screen():gsub("\27", "")))
    assert.not_matches("\n", screen())
    assert.is_true(utf8.len(screen()) <= 90)
  end)

  it("colours only where that is wanted", function()
    assert.equal("\27[31mno\27[0m", open(true, true):paint("red", "no"))
    assert.equal("no", open(true, false):paint("red", "no"))
  end)
end)
