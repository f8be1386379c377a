local faults = require("idle.test.faults")
local options_of = require("idle.sim.options")
local sync_results = require("idle.engine.sync_results")
local texts = require("idle.sim.texts")

describe("idle.test.faults", function()
  -- Everything that the faults of the server set, by option.
  local function all_set()
    local set = {}
    for _, fault in ipairs(faults.of_server()) do
      for name, v in pairs(fault.options) do
        set[name] = set[name] or {}
        table.insert(set[name], v)
      end
    end
    return set
  end

  it("are there for every option of the simulator", function()
    local set = all_set()
    for name, default in pairs(options_of.complete()) do
      if name ~= "faults" then
        assert.is_table(set[name], "nothing goes wrong with the option '" .. name .. "': add it to idle.test.faults")
        for _, v in ipairs(set[name]) do assert.not_same(default, v, name) end
      end
    end
  end)

  it("are there for every word of the options that take one of some", function()
    assert.same({ "end" }, all_set().history_at)
  end)

  it("are there for every result of an export, and for each class of results in every run", function()
    local results, classes = {}, {}
    for _, result in ipairs(all_set().result) do
      local run, word = next(result)
      results[run .. "=" .. word] = true
      classes[run .. "=" .. sync_results.class_of(word)] = true
    end
    for _, word in ipairs(texts.results) do
      if word ~= "success" then assert.is_true(results["Entra Export=" .. word], word) end
    end
    for _, run in ipairs(texts.runs) do
      for _, class in ipairs({ "ok", "noted", "failed" }) do assert.is_true(classes[run.name .. "=" .. class]) end
    end
  end)

  it("are known settings, each with a name of its own and an expectation", function()
    local seen = {}
    for _, fault in ipairs(faults.of_server()) do
      options_of.complete(fault.options)
      assert.is_nil(seen[fault.name], fault.name)
      assert.is_truthy(({ completes = true, fails = true, either = true })[fault.expected], fault.name)
      seen[fault.name] = true
    end
  end)

  it("turn over a switch that has no trouble of its own", function()
    local complete = options_of.complete
    finally(function() options_of.complete = complete end)
    options_of.complete = function(...)
      local all = complete(...)
      all.new_switch = true
      return all
    end
    local found
    for _, fault in ipairs(faults.of_server()) do
      if fault.name == "new_switch = false" then found = fault end
    end
    assert.same({ name = "new_switch = false", expected = "either", options = { new_switch = false } }, found)
  end)

  describe("of calls", function()
    local START = "Start-ADSyncSyncCycle"
    local CALLS = { "Get-Date", "Get-Date", START, "Get-Date", "Get-Date", START, "Get-Date", "Get-Date", "Get-Date" }

    local function names(...)
      local list = {}
      for index, fault in ipairs(faults.of_calls(...)) do list[index] = fault.name end
      return list
    end

    it("spoil the first answer, the first behind each start, the last, and each start", function()
      assert.same({
        "hang: Get-Date #1", "hang: Get-Date #3", "hang: Get-Date #5", "hang: Get-Date #7",
        "hang: Start-ADSyncSyncCycle #1", "hang: Start-ADSyncSyncCycle #2",
      }, names("hang", CALLS))
    end)

    it("spoil every answer if that is asked for", function()
      assert.equal(#CALLS, #names("hang", CALLS, true))
    end)

    it("are settings of the simulator, for every word that it has", function()
      for _, word in ipairs(faults.words()) do
        for _, fault in ipairs(faults.of_calls(word, CALLS)) do
          options_of.complete(fault.options)
          assert.equal(word, fault.kind)
        end
      end
      assert.equal(options_of.fault_words, faults.words())
    end)

    it("are to be got over, but where nobody can know what became of a start, or of the server's clock", function()
      local function expected(word, command) return faults.of_command(word, command, 1).expected end
      assert.equal("completes", expected("lose_answer", START))
      assert.equal("completes", expected("null", START))
      assert.equal("either", expected("transient", START))
      assert.equal("either", expected("hang", "Get-Date"))
      assert.equal("completes", expected("hang", "Get-ADSyncScheduler"))
    end)

    it("are found by their name", function()
      for _, fault in ipairs(faults.of_calls("null", CALLS)) do
        assert.same(fault, faults.find_of_command(fault.name))
      end
      assert.is_nil(faults.find_of_command("staging mode"))
      assert.is_nil(faults.find_of_command("nul: Get-Date #1"))
    end)
  end)
end)
