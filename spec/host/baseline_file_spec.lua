local baseline_file = require("idle.host.baseline_file")
local child = require("spec.support.child")
local file = require("idle.file")
local json = require("idle.json")

describe("idle.host.baseline_file", function()
  local folder, path
  local accepted = { Server = "AAD01", Accepted = "yes", RunIds = { "1" } }

  before_each(function()
    folder = child.folder({})
    path = folder .. "/sync.json"
  end)
  after_each(function() file.remove_all(folder) end)

  local function accept(keeper)
    keeper:WriteEvent({ Type = "DirectorySyncAccepted", Data = { Baseline = accepted } })
  end

  local function content() return assert(json.decode(assert(file.read(path)))) end

  it("shows before the start that the file can be written", function()
    local ok, err = pcall(baseline_file.open, folder .. "/no/such/folder/sync.json")
    assert.is_false(ok)
    assert.matches("no/such/folder", err.message)
    assert.is_nil(baseline_file.open(path).former)
    assert.is_true(file.exists(path))
  end)

  it("is written, for its owner only, as soon as the start is accepted", function()
    accept(baseline_file.open(path))
    assert.same(accepted, content())
    local listing <close> = io.popen("ls -l " .. path)
    assert.matches("^%-rw%-%-%-%-%-%-%-", listing:read("a"))
  end)

  it("tells before a start is sent that one may be under way, and forgets it if the start is refused", function()
    local intent = { Server = "AAD01", Accepted = "maybe", RunIds = { "1" } }
    local keeper = baseline_file.open(path)
    keeper:note_start(intent)
    assert.same(intent, content())
    assert.same(intent, baseline_file.open(path).former)
    keeper:note_start(nil)
    assert.is_nil(baseline_file.open(path).former)
    assert.is_false(keeper:settle(nil))
    assert.is_false(file.exists(path))
  end)

  it("is handed to the next call", function()
    accept(baseline_file.open(path))
    assert.same(accepted, baseline_file.open(path).former)
  end)

  it("does not mind other events", function()
    local keeper = baseline_file.open(path)
    keeper:WriteEvent({ Type = "DirectorySyncPoll", Data = { State = "Idle" } })
    keeper:WriteEvent({ Type = "DirectorySyncAccepted" })
    assert.is_nil(baseline_file.open(path).former)
  end)

  it("goes once the outcome is certain", function()
    for _, outcome in ipairs({ "Success", "CompletedWithErrors", "Unverified", "NoExport", "Failed" }) do
      local keeper = baseline_file.open(path)
      accept(keeper)
      assert.is_false(keeper:settle({ Outcome = outcome, Baseline = accepted }))
      assert.is_false(file.exists(path))
    end
  end)

  it("stays while nobody knows the outcome", function()
    for _, outcome in ipairs({ "NotWaited", "Timeout", "NotObserved" }) do
      local keeper = baseline_file.open(path)
      assert.is_true(keeper:settle({ Outcome = outcome, Baseline = accepted }))
      assert.same(accepted, content())
    end
  end)

  it("stays when the wait was cut off without a word", function()
    local keeper = baseline_file.open(path)
    accept(keeper)
    assert.is_true(keeper:settle(nil))
    assert.is_true(baseline_file.open(path):settle(nil))
    assert.same(accepted, content())
  end)

  it("goes when nothing was started", function()
    assert.is_false(baseline_file.open(path):settle({ Outcome = "Busy", Baseline = { Accepted = "no" } }))
    assert.is_false(file.exists(path))
    assert.is_false(baseline_file.open(path):settle(nil))
    assert.is_false(file.exists(path))
  end)

  it("refuses a file that is something else", function()
    for _, text in ipairs({ "{}", "[1]", "hello", "{" }) do
      assert(file.write_private(path, text))
      local ok, err = pcall(baseline_file.open, path)
      assert.is_false(ok)
      assert.equal("input.json", err.kind)
      assert.is_true(file.exists(path))
    end
  end)
end)
