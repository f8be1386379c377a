local sync_note = require("idle.host.sync_note")

describe("what Ctrl-C says of a sync", function()
  local function accepted(word)
    return { Type = "DirectorySyncAccepted",
             Data = { Accepted = word, ServerTimeUtc = "2026-01-02T03:04:05.000Z", Baseline = { T0 = "t" } } }
  end

  local function keeper(former)
    return { path = "sync.json", former = former, WriteEvent = function(self, event) self.last = event end }
  end

  it("is that nothing was started, before a start was accepted", function()
    local err = sync_note.new():interruption()
    assert.equal("interrupted; nothing was started", tostring(err))
    assert.equal("cancelled", err.kind)
    assert.equal("none", err.effect)
  end)

  it("is when a cycle was started, and how one could have waited on", function()
    local note = sync_note.new()
    note:WriteEvent(accepted("yes"))
    local err = note:interruption()
    assert.equal("interrupted; a cycle was started at 2026-01-02T03:04:05.000Z and goes on at the server; "
      .. "--baseline FILE would let a later call wait on for it", tostring(err))
    assert.equal("applied", err.effect)
    assert.same({ Baseline = { T0 = "t" } }, err.data)
  end)

  it("is in doubt if no answer to the start has come", function()
    local note = sync_note.new()
    note:WriteEvent(accepted("unknown"))
    local err = note:interruption()
    assert.matches("a cycle may have been started", tostring(err))
    assert.equal("unknown", err.effect)
  end)

  it("names the file that waits on", function()
    local file = keeper()
    local note = sync_note.new(file)
    note:WriteEvent(accepted("yes"))
    assert.equal("DirectorySyncAccepted", file.last.Type)
    assert.matches("; a call with %-%-baseline 'sync.json' waits on for it", tostring(note:interruption()))
    local later = sync_note.new(keeper({})):interruption()
    assert.matches("^interrupted; nothing was started now; a call with %-%-baseline", tostring(later))
  end)
end)
