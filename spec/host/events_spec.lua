local events = require("idle.host.events")
local json = require("idle.json")

describe("idle.host.events", function()
  local reports

  local function record(sinks)
    reports = {}
    return events.new({
      correlation_id = "c-1", actor = "ann", sinks = sinks or {},
      now = function() return "2026-11-22T07:00:00.000Z" end,
      report = function(text) reports[#reports + 1] = text end,
    })
  end

  local function collector()
    local seen = {}
    return { seen = seen, WriteEvent = function(_, event) seen[#seen + 1] = event end }
  end

  it("gives every event the members of IdLE's", function()
    local recorder = record()
    recorder:WriteEvent("StepStarted", "begins", "Sync", { Index = 0 })
    assert.same({
      TimestampUtc = "2026-11-22T07:00:00.000Z", Type = "StepStarted", Message = "begins", CorrelationId = "c-1",
      Actor = "ann", StepName = "Sync", Data = { Index = 0 },
    }, recorder.Events[1])
  end)

  it("leaves texts empty that are not known", function()
    local recorder = record()
    recorder:WriteEvent("RunStarted", "begins")
    assert.equal("", recorder.Events[1].StepName)
    assert.is_nil(recorder.Events[1].Data)
  end)

  it("sends events to all sinks, in order", function()
    local first, second = collector(), collector()
    local recorder = record({ first, second })
    recorder:WriteEvent("A", "a")
    recorder:WriteEvent("B", "b")
    assert.equal("A", first.seen[1].Type)
    assert.equal("B", second.seen[2].Type)
  end)

  it("never shows a secret to anybody, nor changes what it was given", function()
    local sink = collector()
    local recorder = record({ sink })
    local data = { Password = "hunter2", inner = { 1 } }
    recorder:WriteEvent("A", "a", nil, data)
    assert.equal("[REDACTED]", sink.seen[1].Data.Password)
    assert.equal("[REDACTED]", recorder.Events[1].Data.Password)
    data.inner[1] = 2
    assert.equal(1, recorder.Events[1].Data.inner[1])
  end)

  it("does not show a secret object, under whatever name", function()
    local recorder = record()
    recorder:WriteEvent("A", "a", nil, { login = require("idle.secret").new("hunter2") })
    assert.equal("[REDACTED]", recorder.Events[1].Data.login)
  end)

  it("goes on when a sink fails, keeps the event, and says so once", function()
    local fine = collector()
    local recorder = record({ { WriteEvent = function() error("disk full \27[31m", 0) end }, fine })
    recorder:WriteEvent("A", "a")
    recorder:WriteEvent("B", "b")
    assert.equal(2, #recorder.Events)
    assert.equal(2, #fine.seen)
    assert.equal(1, #reports)
    assert.matches("an event sink failed at 'A': disk full \\x1B", reports[1])
  end)

  it("does not take Ctrl-C, or a cancelled task, for a failing sink", function()
    local recorder = record({ { WriteEvent = function() error("sink.lua:1: interrupted!", 0) end } })
    local ok, err = pcall(recorder.WriteEvent, recorder, "A", "a")
    assert.is_false(ok)
    assert.equal("sink.lua:1: interrupted!", err)
    assert.equal(1, #recorder.Events)
  end)

  it("refuses events without type or message", function()
    local recorder = record()
    assert.has_error(function() recorder:WriteEvent("", "a") end)
    assert.has_error(function() recorder:WriteEvent("A") end)
    assert.has_error(function() recorder:WriteEvent("A", " ") end)
  end)

  describe("check_sink", function()
    it("takes any object with WriteEvent", function()
      local sink = collector()
      assert.equal(sink, events.check_sink(sink))
    end)

    it("refuses functions, and objects without it", function()
      for _, sink in ipairs({ print, {}, "sink", 5 }) do
        local ok, err = pcall(events.check_sink, sink)
        assert.is_false(ok)
        assert.equal("input.setup", err.kind)
        assert.matches("WriteEvent", err.message)
      end
      assert.matches("got null$", select(2, pcall(events.check_sink, json.null)).message)
    end)
  end)

  describe("json_lines", function()
    local path

    before_each(function() path = os.tmpname() end)
    after_each(function() os.remove(path) end)

    local function lines()
      local found = {}
      for line in io.lines(path) do found[#found + 1] = json.decode(line) end
      return found
    end

    it("appends a line an event, readable at once", function()
      local sink <close> = events.json_lines(path)
      local recorder = record({ sink })
      recorder:WriteEvent("A", "first\nline", "Sync", { Runs = {} })
      assert.equal("first\nline", lines()[1].Message)
      recorder:WriteEvent("B", "b")
      assert.equal(2, #lines())
    end)

    it("adds to what is there", function()
      for _, name in ipairs({ "A", "B" }) do
        local sink <close> = events.json_lines(path)
        record({ sink }):WriteEvent(name, "text")
      end
      assert.equal("B", lines()[2].Type)
    end)

    it("says why a file can't be opened, before anything runs", function()
      local ok, err = pcall(events.json_lines, "/no/such/folder/events.jsonl")
      assert.is_false(ok)
      assert.equal("input.option", err.kind)
      assert.matches("/no/such/folder", err.message)
    end)

    it("reports a full disk", function()
      local sink <close> = events.json_lines("/dev/full")
      local recorder = record({ sink })
      recorder:WriteEvent("A", "a")
      assert.matches("cannot write events to '/dev/full'", reports[1])
    end)
  end)
end)
